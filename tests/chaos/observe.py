"""Writes a campaign's history, which history.py judges: what the systems around the product have seen.

Kafka is read by a client of its own. Puts come from the proxies before S3, objects from S3, COMMITs from the
local Snowflake's log, acknowledgements from the producer's delivery reports, verdicts from the status topic,
and reads from a session that counts the views all the time.
"""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from confluent_kafka import Message
from snowflake.connector.errors import Error

from chaos.content import Outcome
from chaos.rig import Rig
from chaos.verdict import VIEWS, delivered, session
from stock_common.topics import ALERTS, QUOTES, STATUS, SUNK
from stock_stack.bucket import s3_client
from stock_stack.layout import objects, warehouse
from stock_testing import messages

READ_SECONDS = 5.0
KEY = re.compile(r"raw/(?P<topic>[^/]+)/[0-9a-f]+/partition=(?P<partition>[0-9]+)/.*/o[0-9]+[.]parquet")
COMMIT = re.compile(r"(committing|committed) ([{][^{}]*[}])")
TOPICS = {"ANALYTICS.QUOTES": QUOTES.name, "ANALYTICS.ALERTS": ALERTS.name}
PART = ("topic", "partition", "s3_last", "warehouse_last", "rows")
"""What a verdict says of a partition."""
Event = dict[str, Any]


class Reader:
    """Counts the views' rows all the time, in a thread. Snowflake may be away meanwhile."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self.reads: list[Event] = []
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(90.0)

    def _run(self) -> None:
        while not self._ended.wait(READ_SECONDS):
            try:
                with session(self._environment) as connection:
                    for view in VIEWS:
                        begun = time.time()
                        counted = connection.cursor().execute(f"SELECT COUNT(*) AS N FROM {view}")
                        (count,) = counted.fetchone()  # type: ignore[union-attr, misc]
                        ended = time.time()
                        self.reads.append(
                            {"event": "read", "view": view, "count": count, "begun": begun, "ended": ended}
                        )
            except (Error, OSError):
                continue


def write(rig: Rig, outcome: Outcome, seen: Iterable[Event], file: Path) -> None:
    """The whole history of a campaign that is drained."""
    environment = warehouse(rig.layout)
    sources: tuple[Callable[[], Iterable[Event]], ...] = (
        lambda: _records(rig.layout.servers),
        lambda: _verdicts(rig.layout.servers),
        lambda: _acknowledged(rig.layout.log("producer"), outcome),
        rig.proxies.puts,
        lambda: _objects(objects(rig.layout)),
        lambda: _commits(rig.layout.log("snowflake")),
        lambda: _views(environment),
        lambda: seen,
    )
    with file.open("w", encoding="utf-8") as out:
        for source in sources:
            for event in source():
                out.write(json.dumps(event) + "\n")


def _records(servers: str) -> Iterator[Event]:
    for topic in SUNK:
        for message in messages.read(servers, topic):
            if one := _id(message):
                yield {
                    "event": "record",
                    "topic": topic.name,
                    "partition": message.partition(),
                    "offset": message.offset(),
                    "id": one,
                }


def _id(message: Message) -> str:
    """What a view calls it, empty for what is no record."""
    try:
        record = json.loads(message.value() or b"")
        return str(record.get("alert_id") or record.get("event_id", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


def _verdicts(servers: str) -> Iterator[Event]:
    for message in messages.read(servers, STATUS):
        if message.key() == b"audit":
            yield verdict(json.loads(message.value() or b"{}"), message.timestamp()[1] / 1000)


def verdict(status: Mapping[str, Any], ended: float) -> Event:
    """An audit's report as an event. What it says of the warehouse may be older than the rest."""
    at = status["warehouse_at"] or status["at"]
    return {
        "event": "verdict",
        "complete": status["complete"],
        "begun": datetime.fromisoformat(at).timestamp(),
        "ended": ended,
        "partitions": [{name: part[name] for name in PART} for part in status["partitions"]],
    }


def _acknowledged(log: Path, outcome: Outcome) -> Iterator[Event]:
    yield from ({"event": "ack", "id": one} for one in {*delivered(log), *outcome.own, *outcome.lost})
    yield from ({"event": "stranger", "id": one} for one in outcome.strangers)
    yield from ({"event": "given_up", "id": one} for one in outcome.lost)


def _objects(environment: Mapping[str, str]) -> Iterator[Event]:
    client, bucket = s3_client(environment), environment["S3_BUCKET"]
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="raw/"):
        for key in (entry["Key"] for entry in page.get("Contents", ())):
            if place := KEY.fullmatch(key):
                body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
                yield {
                    "event": "object",
                    "key": key,
                    "topic": place["topic"],
                    "partition": int(place["partition"]),
                    "rows": _rows(body),
                }


def _rows(body: bytes) -> list[tuple[int, str]]:
    table = parquet.read_table(io.BytesIO(body))
    name = "alert_id" if "alert_id" in table.column_names else "event_id"
    return list(zip(table["kafka_offset"].to_pylist(), table[name].to_pylist(), strict=True))


def _commits(log: Path) -> Iterator[Event]:
    for kind, text in COMMIT.findall(log.read_text(errors="replace")):
        event = json.loads(text)
        if "files" in event:
            event["files"] = [(table, file.split("/", 3)[3]) for table, file in event["files"]]
        yield {"event": kind, **event}


def _views(environment: Mapping[str, str]) -> Iterator[Event]:
    with session(environment) as connection:
        for view, column in VIEWS.items():
            rows = connection.cursor().execute(f"SELECT {column} AS ID FROM {view}")
            ids = [one for (one,) in rows]  # type: ignore[union-attr]
            yield {"event": "view", "view": view, "topic": TOPICS[view], "ids": ids}
