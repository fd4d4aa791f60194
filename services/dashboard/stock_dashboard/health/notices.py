"""The banner sentences above a page whose data are old or missing. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from stock_common import exchanges
from stock_common.status import LoaderStatus, ProducerStatus
from stock_dashboard import market, text
from stock_dashboard.health import faults
from stock_dashboard.health.strip import both_times
from stock_dashboard.history.cache import Result
from stock_dashboard.history.faults import Fault
from stock_dashboard.live.store import KafkaConnection, LiveStore
from stock_dashboard.ui.table import NEVER_OLD

SLOW_SECONDS = 8.0
"""A warehouse that wakes up answers within a few seconds."""


def feed_notice(store: LiveStore, now: datetime) -> str | None:
    """Why no new quotes come, None while they come."""
    connection, producer, newest = store.connection, store.producer(), store.newest_kafka
    if connection.state == "down":
        prices = f" Prices are as of {text.ago(text.since(newest, now))}." if newest else ""
        down = text.counting(text.since(connection.since, now))
        return f"Kafka has not answered for {down}.{prices} The page goes on by itself when it does."
    if connection.state == "connecting" or newest is None or producer is None:
        return None
    if producer.fault:
        return f"The producer reports: {faults.readable(producer.fault)}"
    still = faults.standstill(producer, newest, now)
    return still or faults.most_stand(store.newest(), producer, now)


def history_notice(
    result: Result, connection: KafkaConnection, loader: LoaderStatus | None = None
) -> str | None:
    """Why the warehouse's data are old or missing, None where they are not.

    connection: whether live prices go on all the same.
    loader: the data are old where it reports a fault, a page that is only open asks the warehouse nothing.
    While Kafka is away the loader's report is old too.
    """
    live = connection.state != "down"
    shown = "" if result.table is None else f" What is shown was read {text.ago(result.age)}."
    if result.fault:
        return _fault_notice(result.fault, live, shown)
    if result.waiting is not None and result.waiting >= SLOW_SECONDS:
        waits = f"has not answered for {text.counting(result.waiting)} (it may be waking up)"
        prices = "live prices go on, " if live else ""
        return f"The warehouse {waits}: {prices}history comes when it answers.{shown}"
    if result.table is not None and live and loader is not None and loader.fault:
        read = f"The history shown was read {text.ago(result.age)}."
        reported = faults.readable(loader.fault)
        return f"Nothing new reaches the warehouse. {read} The loader reports: {reported}"
    return None


def _fault_notice(fault: Fault, live: bool, shown: str) -> str:
    if fault == "denied":
        prices = " Live prices go on." if live else ""
        return (
            "The warehouse does not let the dashboard read its views: "
            f"its role, key or grants have to be put right (the log names them).{prices}"
        )
    if fault == "suspended":
        prices = " Live prices go on." if live else ""
        return f"Snowflake has suspended the account: its trial has ended, or a bill is open.{prices}{shown}"
    if fault == "refused":
        return (
            "The warehouse refused the question: its views are of another version than the dashboard "
            "(the log has its answer)."
        )
    if fault == "over_budget":
        return (
            "This tab has asked the warehouse for very much in a short time. "
            f"It may ask again in a few seconds, and the page then goes on by itself.{shown}"
        )
    prices = ": live prices go on," if live else " either:"
    return f"The warehouse does not answer{prices} history is tried again by itself.{shown}"


def old_after(producer: ProducerStatus | None, now: datetime) -> float:
    """Seconds of age from which a row is dimmed.

    No row is dimmed while the market is closed, or where the provider's plan has end-of-day data only.
    """
    if producer is None or producer.freshness != "realtime":
        return NEVER_OLD
    is_open = any(market.open_now(item, now) for item in producer.markets)
    return faults.old_after(producer) if is_open else NEVER_OLD


def no_quotes(store: LiveStore, pending: bool, now: datetime, viewer: tzinfo) -> tuple[str, str]:
    """Why there is no quote, as a title and a sentence. `pending`: the warehouse has not answered yet.

    viewer: the time zone of the browser.
    """
    if store.connection.state == "connecting" or pending:
        return "Connecting", "The topics and the warehouse are being asked for the first quotes."
    if store.connection.state == "down":
        return (
            "Nothing to show yet",
            "Neither Kafka nor the warehouse has given a quote. "
            "The page fills by itself when one of them answers.",
        )
    producer = store.producer()
    if producer is None:
        return (
            "No quote yet",
            "Kafka is there, but the producer has not reported. "
            "Start it, and the first prices appear here within seconds.",
        )
    # Daily bars come after the close, whether the market is open or not.
    if producer.freshness != "end_of_day" and (closed := _closed(producer, now, viewer)):
        return closed
    sentence = "The producer is at work. The first prices appear here as soon as it has fetched them."
    due = next_due(producer)
    return "No quote yet", f"{sentence} {due}".rstrip()


def _closed(producer: ProducerStatus, now: datetime, viewer: tzinfo) -> tuple[str, str] | None:
    """That every market is closed, and when the first price comes. None where one is open or not known."""
    opens = [(item.next_open, item.calendar) for item in producer.markets if item.next_open]
    if not opens or any(market.open_now(item, now) for item in producer.markets):
        return None
    time, calendar = min(opens)
    zone = exchanges.by_calendar(calendar).zone
    when = both_times(time, zone, viewer, now)
    return (
        "The market is closed",
        f"The first price comes when {calendar} opens, {when}. "
        "Symbol and Compare have what was fetched before.",
    )


def next_due(producer: ProducerStatus) -> str:
    """A sentence on when the next data should be here, empty where that is unknown."""
    due = [(item.data_due, item.calendar) for item in producer.markets if item.data_due]
    if not due:
        return ""
    time, calendar = min(due)
    when = text.stamp(time, exchanges.by_calendar(calendar).zone, producer.at)
    return f"The next data of {calendar} are due {when}."
