"""Which records are where, by their own ids: in the outbox, in Kafka, in a table, in a view."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from stock_common.ledger import TABLES
from stock_common.topics import ALERTS, QUOTES, SUNK
from stock_testing.messages import read
from stock_testing.pipeline import Pipeline

Ids = dict[str, Counter[str]]
"""Topic → id → how many records have it."""
VIEWS = {QUOTES.name: "ANALYTICS.QUOTES", ALERTS.name: "ANALYTICS.ALERTS"}
MOST_NAMED = 5


class Places(NamedTuple):
    """The ids that each place holds."""

    outbox: Ids
    kafka: Ids
    tables: Ids
    views: Ids


def outbox(state: Path) -> Ids:
    """The ids of the messages that wait in the producer's outbox."""
    with closing(sqlite3.connect(f"file:{state / 'outbox.sqlite'}?mode=ro", uri=True)) as file:
        return counted(file.execute("SELECT topic, value FROM outbox"))


def kafka(pipeline: Pipeline) -> Ids:
    """The ids of all records in Kafka."""
    return counted(
        (topic.name, message.value() or b"") for topic in SUNK for message in read(pipeline.servers, topic)
    )


def tables(pipeline: Pipeline) -> Ids:
    return {topic: _column(pipeline, table.name, table.identity) for topic, table in TABLES.items()}


def views(pipeline: Pipeline) -> Ids:
    return {topic: _column(pipeline, view, TABLES[topic].identity) for topic, view in VIEWS.items()}


def _column(pipeline: Pipeline, table: str, column: str) -> Counter[str]:
    return Counter(value for (value,) in pipeline.query(f"SELECT {column} FROM STOCKS.{table}"))


def counted(values: Iterable[tuple[str, bytes]]) -> Ids:
    """The ids of records as they are sent. What is no record has no id, and is left out."""
    found: Ids = {topic.name: Counter() for topic in SUNK}
    for topic, value in values:
        if topic in found and (identity := _identity(topic, value)):
            found[topic][identity] += 1
    return found


def _identity(topic: str, value: bytes) -> str | None:
    try:
        return json.loads(value).get(TABLES[topic].identity.lower())
    except (ValueError, AttributeError):
        return None


def faults(places: Places) -> Iterator[str]:
    """What is missing, doubled or too much, one line each."""
    for topic, sent in places.kafka.items():
        yield from _listed(f"{topic}: of the outbox, not in Kafka", places.outbox[topic].keys() - sent.keys())
        table = places.tables[topic]
        yield from _listed(f"{topic}: in Kafka, not in the table", sent.keys() - table.keys())
        yield from _listed(f"{topic}: in the table, not in Kafka", table.keys() - sent.keys())
        doubled = {each for each, count in table.items() if count != sent[each] and each in sent}
        yield from _listed(f"{topic}: more or fewer times in the table than in Kafka", doubled)
        if topic in places.views:
            view = places.views[topic]
            yield from _listed(f"{topic}: in Kafka, not in the view", sent.keys() - view.keys())
            twice = {each for each, count in view.items() if count > 1}
            yield from _listed(f"{topic}: more than once in the view", twice)


def _listed(what: str, ids: Iterable[str]) -> Iterator[str]:
    found = sorted(ids)
    if found:
        yield f"{what}: {len(found)} ids, such as {', '.join(found[:MOST_NAMED])}"
