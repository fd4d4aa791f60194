"""stock-sf-loader: `run` (the default), `once`, `setup`, `selftest`, `migrate`, `verify`, and the repairs."""

from __future__ import annotations

import sys

from stock_common import cli
from stock_common.printable import say
from stock_common.run import FatalError
from stock_common.service import EXIT_OK, Service, serve
from stock_common.settings import load_or_exit, refuse
from stock_sf_loader import app, commands
from stock_sf_loader.account import schema, setup
from stock_sf_loader.arguments import parse
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.progress import STALLED_SECONDS
from stock_warehouse.errors import WarehouseError


def main() -> int:
    arguments = parse()
    if arguments.command == "setup":
        say(setup.render(arguments))
        return EXIT_OK
    settings = _settings()
    if arguments.command == "run":
        service = Service(
            app.NAME,
            settings.metrics_port,
            dependencies=("s3", "snowflake"),
            stalled_after=STALLED_SECONDS,
            log_file="snowflake_loader.log",
        )
        return serve(service, settings, app.work)
    return cli.run(lambda: commands.perform(settings, arguments), (FatalError, WarehouseError))


def _settings() -> LoaderSettings:
    settings = load_or_exit(LoaderSettings)
    try:
        schema.values(settings)
    except ValueError as error:
        refuse(f"The configuration has faults:\n  {error}")
    return settings


if __name__ == "__main__":
    sys.exit(main())
