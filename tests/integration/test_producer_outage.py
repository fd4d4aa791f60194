"""Kafka is away while the producer fetches 200 quotes a second and is killed.

Nothing that was fetched is lost, and the API key is in nothing that was written.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from confluent_kafka import Producer

from stock_common.records import Quote, decode
from stock_common.topics import ALL, DEAD_LETTERS, QUOTES
from stock_stack import ready
from stock_stack.component import Component
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.services import component
from stock_stack.stack import Stack
from stock_testing import processes
from stock_testing.messages import ends, read
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

SECONDS = float(os.environ.get("STOCK_TEST_OUTAGE_SECONDS") or 25)
KEY = "S3CRETKEYOFTHERUN"
BULK = 100
SYMBOLS = [f"S{number}" for number in range(2 * BULK)]
BACKLOG = 100 * SECONDS
"""Half of what an idle machine's producer fetches meanwhile."""
WINDOW = 5_000
"""Messages that the producer hands to its client at once."""
VARIABLES = {
    "ALPHA_VANTAGE_API_KEY": KEY,
    "SYMBOLS": ",".join(SYMBOLS),
    "POLL_INTERVAL_SECONDS": "1",
    "ALERT_MOVE_PERCENT": "1000",
    "LOG_LEVEL": "DEBUG",
    "FLUSH_SECONDS": "2",
}


def find(layout: Layout, name: str, instance: int) -> Component:
    """The stack's parts. Nobody waits for the producer, because it starts while Kafka is away."""
    part = component(layout, name, instance)
    return replace(part, ready=lambda: True) if name == "producer" else part


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    layout = Layout(tmp_path_factory.mktemp("outage"), free(), VARIABLES)
    with Stack(layout, print, find) as running:
        running.start("producer", "s3-sink")
        yield running


def servers(stack: Stack) -> str:
    return stack.layout.servers


def outbox(stack: Stack) -> tuple[int, int]:
    """Messages ever put into the outbox, and those that are in it now."""
    path = stack.layout.data / "producer" / "outbox.sqlite"
    if not path.exists():
        return 0, 0
    with closing(sqlite3.connect(path, timeout=10)) as file:
        if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchall():
            return 0, 0
        found = file.execute(
            "SELECT seq, (SELECT COUNT(*) FROM outbox) FROM sqlite_sequence WHERE name = 'outbox'"
        ).fetchall()
    return found[0] if found else (0, 0)


def answered(stack: Stack) -> int:
    """Quotes that the market has given away."""
    state = json.loads(urllib.request.urlopen(stack.layout.url("market", "/control"), timeout=30).read())
    return BULK * sum(entry["calls"] for entry in state["calls"] if entry["outcome"] == "answered")


def kill(stack: Stack) -> None:
    assert stack.kill("producer", signal.SIGKILL) == -signal.SIGKILL


def quotes(stack: Stack) -> list[tuple[int, Quote]]:
    """(partition, quote) in the order of each partition."""
    return [
        (message.partition() or 0, decode(message.value() or b"", Quote))
        for message in read(servers(stack), QUOTES)
    ]


def outage(stack: Stack) -> int:
    """Kafka is away for SECONDS, and until BACKLOG waits for it. The producer is killed four times.

    Returns how many messages waited.

    Two kills are in the outage, one is at its end, one is while the messages go out.
    """
    poll_until(lambda: outbox(stack)[0] - outbox(stack)[1] >= 2 * len(SYMBOLS), "quotes in Kafka", 60)
    stack.stop("kafka")
    began = time.monotonic()
    for share in (1 / 3, 2 / 3):
        poll_until(
            lambda share=share: time.monotonic() - began >= share * SECONDS,
            "a part of the outage is over",
            SECONDS + 60,
        )
        kill(stack)
        stack.restart("producer")
    poll_until(
        lambda: time.monotonic() - began >= SECONDS and outbox(stack)[1] > BACKLOG,
        "the outage is over, and the outbox has filled",
        SECONDS + 60,
    )
    kill(stack)
    waiting = outbox(stack)[1]
    stack.restart("kafka")
    print(f"\nKafka away for {time.monotonic() - began:.0f} s, {waiting} messages waiting at its end")
    stack.restart("producer")
    poll_until(lambda: outbox(stack)[1] < waiting, "the outbox goes out", 60, every=0.01)
    kill(stack)
    stack.restart("producer")
    poll_until(
        lambda: ready.http_ok(stack.layout.ports["producer-metrics"], "/healthz"), "the producer lives", 60
    )
    poll_until(lambda: outbox(stack)[1] <= len(SYMBOLS), "the outbox is empty", 60 + SECONDS)
    assert stack.stop("producer") == 0
    return waiting


@pytest.mark.timeout(SECONDS + 300)
def test_an_outage_of_kafka_with_kills_in_it_loses_nothing(stack: Stack) -> None:
    waiting = outage(stack)
    kept, left = outbox(stack)
    fetched, found = answered(stack), quotes(stack)
    first: dict[str, tuple[int, Quote]] = {}
    for partition, quote in found:
        first.setdefault(quote.event_id, (partition, quote))
    resent = len(found) - len(first)
    print(
        f"fetched {fetched}, kept {kept}, in the topic {len(first)}, resent {resent}, "
        f"killed with an answer in memory {fetched - kept}"
    )

    assert left == 0
    assert kept == len(first), "every quote that was kept is in the topic"
    assert 0 <= fetched - kept <= 4 * len(SYMBOLS), (
        "what was not kept had just come in when the process was killed"
    )
    assert waiting > BACKLOG
    assert resent <= WINDOW * 4
    assert len({(quote.symbol, quote.fetched_at) for _, quote in first.values()}) == len(first), (
        "an observation has one event_id"
    )
    check_order(first.values())


def check_order(found: Iterable[tuple[int, Quote]]) -> None:
    """Each symbol is in one partition, in the order in which its quotes were fetched."""
    by_symbol: dict[str, list[tuple[int, Quote]]] = defaultdict(list)
    for place, quote in found:
        by_symbol[quote.symbol].append((place, quote))
    assert sorted(by_symbol) == sorted(SYMBOLS)
    for items in by_symbol.values():
        assert len({place for place, _ in items}) == 1
        assert all(one.fetched_at < other.fetched_at for (_, one), (_, other) in pairwise(items))


def written(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """All that the run wrote: files, messages, objects as they are and decoded, metrics, command lines."""
    data = stack.layout.data
    for path in (path for path in data.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes()
    for topic in ALL:
        for message in read(servers(stack), topic):
            headers = b" ".join(value or b"" for _, value in message.headers() or [])
            yield topic.name, b" ".join((message.key() or b"", message.value() or b"", headers))
    pipeline = Pipeline(stack)
    try:
        for key, body, metadata in pipeline.objects():
            rows = parquet.read_table(io.BytesIO(body)).to_pylist()
            yield key, repr((rows, metadata)).encode()
        for part in ("producer", "s3-sink"):
            yield f"{part} metrics", pipeline.metrics(part).encode()
    finally:
        pipeline.close()
    for number, command in processes.of(data).items():
        yield f"process {number}", f"{command} {Path(f'/proc/{number}/comm').read_text()}".encode()


@pytest.mark.timeout(300)
def test_the_key_is_in_nothing_that_the_run_wrote(stack: Stack) -> None:
    stack.restart("producer")
    for fault in ("http_500", "html", "truncated", "burst", "daily_quota"):
        order = json.dumps({"fault": fault, "count": 1, "function": "REALTIME_BULK_QUOTES"}).encode()
        urllib.request.urlopen(stack.layout.url("market", "/control"), order, timeout=30).close()
    log = stack.layout.log("producer")
    poll_until(
        lambda: b"API key as ***" in log.read_bytes(), "the refusal that echoes the key is in the log", 60
    )
    client = Producer({"bootstrap.servers": servers(stack)})
    client.produce(QUOTES.name, b"no quote", key="IBM")
    assert client.flush(10) == 0
    poll_until(
        lambda: sum(ends(servers(stack), DEAD_LETTERS).values()),
        "a dead letter",
        30,
    )
    seen = list(written(stack))
    names = {name.rpartition("/")[2] for name, _ in seen}
    assert {
        "stock-data",
        "stock-status",
        "stock-dlq",
        "producer metrics",
        "producer.log",
        "outbox.sqlite",
    } <= names
    assert any(name.endswith(".parquet") for name in names)
    assert sorted({name for name, text in seen if KEY.encode() in text}) == []
