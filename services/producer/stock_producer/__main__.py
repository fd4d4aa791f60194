"""`stock-producer`: runs the service, or one of its commands."""

from __future__ import annotations

from stock_common import cli
from stock_common.service import Service, serve
from stock_common.settings import load_or_exit
from stock_producer import commands
from stock_producer.app import SERVICE, work
from stock_producer.cli import parse
from stock_producer.config import settings_class, source_name
from stock_producer.vendor import registry


def main() -> int:
    source = source_name()
    options = parse(registry.entry(source).settings)
    if options.command == "plan":
        return cli.run(lambda: commands.show_plan(source, as_json=options.json))
    if options.command == "doctor":
        return cli.run(lambda: commands.examine_setup(source, as_json=options.json))
    if options.command == "symbols":
        return cli.run(lambda: commands.search_symbols(source, options.text))
    if options.command == "outbox":
        return cli.run(lambda: commands.decide_outbox(source, options.action, options.numbers))
    if options.command == "backfill":
        return cli.run(lambda: commands.fill(source, options))
    settings = load_or_exit(settings_class(source))
    return serve(Service(SERVICE, settings.metrics_port, ("kafka",)), settings, work)


if __name__ == "__main__":
    raise SystemExit(main())
