"""Quotes that a test itself writes to Kafka, in place of the producer: it knows each one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from confluent_kafka import KafkaError, Producer

from stock_common.records import Quote, encode
from stock_common.topics import QUOTES, SCHEMA_HEADER
from stock_testing.pipeline import Pipeline

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT", "TSLA", "AMZN", "NVDA", "ORCL", "INTC", "ADBE", "CSCO", "QCOM")
DELIVERY_SECONDS = 90


def quote(number: int) -> Quote:
    """The quote of this number; its event_id is its own."""
    now = datetime.now(UTC)
    return Quote(
        event_id=str(uuid.uuid4()),
        symbol=SYMBOLS[number % len(SYMBOLS)],
        price=Decimal(100) + Decimal(number) / 100,
        volume=number,
        trading_day=now.date(),
        fetched_at=now,
        source="simulated",
        endpoint="GLOBAL_QUOTE",
    )


def send(pipeline: Pipeline, values: Iterable[tuple[str, bytes]]) -> int:
    """Writes (symbol, value) to the quotes' topic; returns how many, when the broker has all of them."""
    producer = Producer({"bootstrap.servers": pipeline.servers, "partitioner": "murmur2_random"})
    delivered: list[KafkaError | None] = []
    count = 0
    for symbol, value in values:
        headers: dict[str, str | bytes | None] = {SCHEMA_HEADER: QUOTES.schema, "trace": b"t-1"}
        producer.produce(
            QUOTES.name, value, symbol, headers=headers, on_delivery=lambda error, _: delivered.append(error)
        )
        producer.poll(0)
        count += 1
    producer.flush(DELIVERY_SECONDS)
    assert delivered == [None] * count
    return count


def send_quotes(pipeline: Pipeline, count: int) -> list[Quote]:
    quotes = [quote(number) for number in range(count)]
    send(pipeline, ((each.symbol, encode(each)) for each in quotes))
    return quotes
