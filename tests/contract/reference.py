"""Writes docs/reference/*.md from the code, in this folder's environment. `make reference` calls it.

A test compares what this writes with what the repository has.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unittest import mock

import rights_page
import yaml
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from stock_common import ledger, topics
from stock_common.topics import RecordTopic
from stock_kafka.topics import TopicSettings
from stock_producer.vendor.registry import SOURCES
from stock_s3_sink.encode.schema import SCHEMAS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SERVICES = tuple(yaml.safe_load((ROOT / "services.yaml").read_text()))
HEADER = "<!-- Made by `make reference` from the code. Do not edit. -->\n\n"
DAY_MS = 24 * 60 * 60 * 1000


def package(service: str) -> str:
    return f"stock_{service.replace('-', '_')}"


def settings_class(service: str) -> type[BaseSettings]:
    """The settings class in the service's config module: the one with a metrics port."""
    module = importlib.import_module(f"{package(service)}.config")
    (kind,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and "metrics_port" in getattr(value, "model_fields", {})
    )
    return kind


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _default(kind: type[BaseSettings], name: str) -> str:
    field = kind.model_fields[name]
    if field.default is PydanticUndefined:
        return "required"
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return "" if value in (None, ()) else f"`{value}`"


def settings() -> str:
    """One row a variable, with the services that take it. The producer takes those of every source."""
    takers: dict[tuple[str, str, str], list[str]] = {}
    kinds = [(service, settings_class(service)) for service in SERVICES] + [("topics job", TopicSettings)]
    kinds += [("producer", entry.settings) for entry in SOURCES.values()]
    for service, kind in kinds:
        for name, field in kind.model_fields.items():
            of = takers.setdefault((name.upper(), _default(kind, name), field.description or ""), [])
            if service not in of:
                of.append(service)
    every = len(SERVICES)
    rows = [
        (
            f"`{name}`",
            default,
            "all" if len([service for service in of if service in SERVICES]) == every else ", ".join(of),
            text,
        )
        for (name, default, text), of in sorted(takers.items())
    ]
    return "# Settings\n\nEnvironment variables. Empty is the same as not set.\n\n" + table(
        ("Variable", "Default", "Services", "Meaning"), rows
    )


def metrics() -> str:
    parts = ["# Metrics\n\nOn `/metrics` of each service's metrics port.\n"]
    for service in SERVICES:
        registry = CollectorRegistry()
        importlib.import_module(f"{package(service)}.metrics").register_all(registry)
        rows = [
            (
                f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
                family.type,
                family.documentation,
            )
            for family in sorted(registry.collect(), key=lambda family: family.name)
        ]
        parts.append(f"\n## {service}\n\n" + table(("Metric", "Type", "Meaning"), rows))
    return "".join(parts)


def topic_page() -> str:
    rows = [
        (
            f"`{topic.name}`",
            topic.partitions,
            "compacted" if topic.compacted else f"{topic.retention_ms // DAY_MS} days",
            f"`{topic.schema}`" if topic.schema else "",
            topic.record.__name__ if isinstance(topic, RecordTopic) else "",
        )
        for topic in topics.ALL
    ]
    parts = [
        "# Topics\n\nValues are UTF-8 JSON. The header `schema` names their form. "
        "Fields are only ever added.\n\n",
        table(("Topic", "Partitions", "Kept", "Schema", "Record"), rows),
    ]
    for topic in topics.SUNK:
        fields = [
            (f"`{field.name}`", f"`{field.type}`", "" if field.nullable else "required")
            for field in SCHEMAS[topic.record]
            if not field.name.startswith("kafka_")
        ]
        parts.append(f"\n## {topic.record.__name__}\n\n" + table(("Field", "Type in Parquet", ""), fields))
    return "".join(parts)


def objects() -> str:
    rows = [
        (f"`{field.name}`", f"`{field.type}`")
        for field in SCHEMAS[topics.QUOTES.record]
        if field.name.startswith("kafka_")
    ]
    return (
        "# Objects\n\nThe key of an object on S3:\n\n"
        "    raw/<topic>/<topic id, 32 hex digits>/partition=NNNNN/"
        "dt=YYYY-MM-DD/hour=HH/o<first offset, 20 digits>.parquet\n\n"
        "Its metadata:\n\n"
        + table(
            ("Name", "Meaning"),
            (
                ("`last-offset`", "the last offset that it covers"),
                ("`rows`", "records inside"),
                ("`rejected`", "offsets whose records went to `stock-dlq`"),
                ("`holes`", "offsets that the broker never delivered"),
                ("`lost`", "offsets that retention deleted before they were read"),
                ("`schema`", "the form of its rows, as the topic's"),
                ("`leader-epoch`", "of the last record"),
            ),
        )
        + "\nrows + rejected + holes + lost = last offset − first offset + 1, always.\n\n"
        "Each row has the record's fields ([topics.md](topics.md)) and where it comes from:\n\n"
        + table(("Column", "Type"), rows)
    )


def ledger_page() -> str:
    tables = [
        (f"`{topic}`", f"`{table.name}`", f"`{table.identity}`") for topic, table in ledger.TABLES.items()
    ]
    return (
        f"# Ledger\n\n`{ledger.LEDGER}` has one row an object. Its columns, in the table's order:\n\n"
        + table(("Column",), [(f"`{name}`",) for name in (*ledger.COLUMNS, ledger.LOADED_AT)])
        + f"\n`STATUS` is `{ledger.LOADED}`, `{ledger.QUARANTINED}` (nothing of it is in the table, and "
        f"`REASON` says why) or `{ledger.PRUNED}` (its rows were taken out on purpose).\n"
        f"`{ledger.LEASE}` has one row, the loader's lease.\n\n"
        + table(("Topic", "Table", "Column that a resent record has in common with its first copy"), tables)
    )


def _help(command: list[str]) -> str:
    """What the command prints. In this process: an interpreter for each is slow."""
    main = importlib.import_module(f"{package(command[0].removeprefix('stock-'))}.__main__").main
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", "NO_COLOR": "1"}
    printed = io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", [*command, "--help"]),
        contextlib.redirect_stdout(printed),
    ):
        try:
            code = main()
        except SystemExit as ended:
            code = ended.code
    if code:
        raise RuntimeError(f"{command}: --help ended with {code}")
    return printed.getvalue().rstrip()


def _commands(command: list[str]) -> Iterator[str]:
    text = _help(command)
    yield f"\n## {' '.join(command)}\n\n```\n{text}\n```\n"
    listed = re.search(
        r"^positional arguments:\n(?:  COMMAND\n|  \{[^}]*\}\n)?((?:    [a-z].*\n|     +.*\n)*)",
        text + "\n",
        re.M,
    )
    for name in re.findall(r"^    ([a-z]+)", listed[1] if listed else "", re.M):
        yield from _commands([*command, name])


def cli() -> str:
    parts = ["# Commands\n\nIn a container, `python -m stock_auditor` is the same as `stock-auditor`.\n"]
    for service in SERVICES:
        parts += _commands([f"stock-{service}"])
    return "".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "metrics.md": metrics,
    "topics.md": topic_page,
    "objects.md": objects,
    "ledger.md": ledger_page,
    "cli.md": cli,
    "kafka-rights.md": lambda: rights_page.page(table),
}


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(HEADER + page())


if __name__ == "__main__":
    main()
