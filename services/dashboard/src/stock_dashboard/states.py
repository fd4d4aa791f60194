"""What a reader is told of data that are not as they should be: one sentence each. Pure."""

from __future__ import annotations

from datetime import datetime

from stock_common.status import LoaderStatus, ProducerStatus
from stock_dashboard import faults, market, text
from stock_dashboard.faults import OLD_AT_LEAST_SECONDS, OLD_ROUNDS
from stock_dashboard.history import Picture
from stock_dashboard.store import Link, LiveStore

NEVER_OLD = 1e12
SLOW_SECONDS = 8.0
"""A warehouse that wakes up answers within a few seconds."""


def feed_words(store: LiveStore, now: datetime) -> str | None:
    """What a reader is told of a feed that stands still; None while it lives."""
    link, producer, newest = store.link, store.producer(), store.newest_kafka
    if link.state == "down":
        of = f" Prices are as of {text.ago(text.since(newest, now))}." if newest else ""
        return f"Kafka has not answered for {text.age(text.since(link.since, now))}.{of} The page goes on by itself when it does."
    if link.state == "connecting" or newest is None or producer is None:
        return None
    if producer.fault:
        return f"The producer reports: {faults.words(producer.fault)}"
    return faults.standstill(producer, newest, now)


def history_words(picture: Picture, link: Link, loader: LoaderStatus | None = None) -> str | None:
    """What a reader is told of a history that is not as it should be; None while it is. `link`: whether prices go on all the same. `loader`: a
    page that is only open does not ask the warehouse, but what the loader says of it makes its history old all the same; while Kafka is away it
    says nothing new."""
    held, live = picture.table is not None, link.state != "down"
    seen = f" What is shown was read {text.ago(picture.age)}." if held else ""
    match picture.fault:
        case "denied":
            right = "its role, key or grants have to be put right (the log names them)"
            return f"The warehouse does not let the dashboard read its views: {right}.{' Live prices go on.' if live else ''}"
        case "unavailable":
            return f"The warehouse does not answer{': live prices go on,' if live else ' either:'} history is tried again by itself.{seen}"
        case "refused":
            return "The warehouse refused the question: its views are of another version than the dashboard (the log has its answer)."
    if picture.waiting is not None and picture.waiting >= SLOW_SECONDS:
        waits = f"has not answered for {text.age(picture.waiting)} (it may be waking up)"
        return f"The warehouse {waits}: {'live prices go on, ' if live else ''}history comes when it answers.{seen}"
    if held and live and loader is not None and loader.fault:
        told = faults.words(loader.fault)
        return f"Nothing new reaches the warehouse. The history shown was read {text.ago(picture.age)}. The loader reports: {told}"
    return None


def old_after(producer: ProducerStatus | None, now: datetime) -> float:
    """Seconds from which a row is dimmed; never while the market is closed, or where the plan has end-of-day data only."""
    if producer is None or producer.freshness != "realtime" or not any(market.open_now(item, now) for item in producer.markets):
        return NEVER_OLD
    return max(OLD_AT_LEAST_SECONDS, OLD_ROUNDS * producer.interval_seconds)


def nothing(store: LiveStore, pending: bool) -> tuple[str, str]:
    """Why there is no quote at all: a title and a sentence."""
    if store.link.state == "connecting" or pending:
        return "Connecting", "The topics and the warehouse are being asked for the first quotes."
    if store.link.state == "down":
        return "Nothing to show yet", "Neither Kafka nor the warehouse has given a quote. The page fills by itself when one of them answers."
    if store.producer() is None:
        return "No quote yet", "Kafka is there, but the producer has not reported. Start it, and the first prices appear here within seconds."
    return "No quote yet", "The producer is at work; the first prices appear here as soon as it has fetched them."
