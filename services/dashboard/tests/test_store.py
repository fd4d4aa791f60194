from __future__ import annotations

import json
import uuid
from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from drawn import plain
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, audit, chain, loader, producer, quote

from stock_common.records import Alert
from stock_dashboard.data.row import merged
from stock_dashboard.health import faults, notices
from stock_dashboard.health.snapshot import snapshot
from stock_dashboard.live import start_offset
from stock_dashboard.live.store import ALERTS_KEPT


def alert(number: int) -> Alert:
    return Alert(
        alert_id=str(uuid.UUID(int=number)),
        rule="move",
        symbol="IBM",
        price=Decimal(1),
        severity="warning",
        triggered_at=NOW + timedelta(seconds=number),
        event_id=str(uuid.UUID(int=0)),
        message="moved",
    )


def test_alerts_are_bounded_newest_first_and_count_once(desk):
    for number in [*range(ALERTS_KEPT + 5), ALERTS_KEPT]:
        desk.store.alert(alert(number))
    kept = desk.store.alerts()
    assert len(kept) == ALERTS_KEPT
    assert kept[0].triggered_at > kept[-1].triggered_at


def test_rate_and_delays(desk):
    for number in range(20):
        at = NOW + timedelta(seconds=number / 2)
        desk.store.quote(quote(at=at), number, at + timedelta(seconds=0.2), at + timedelta(seconds=0.5))
    assert desk.store.rate(NOW + timedelta(seconds=10)) == pytest.approx(1.9, abs=0.2)
    assert desk.store.delays() == pytest.approx((0.2, 0.3))


@pytest.mark.parametrize(
    ("by_time", "first", "end", "share", "offset"),
    [
        pytest.param(50, 0, 100, 1_000, 50, id="from the time on"),
        pytest.param(50, 0, 100, 10, 90, id="at most the share"),
        pytest.param(-1, 0, 100, 10, 90, id="nothing that young: still what is newest"),
        pytest.param(5, 40, 100, 1_000, 40, id="the log begins later"),
        pytest.param(0, 0, 0, 10, 0, id="an empty log"),
    ],
)
def test_where_a_partition_is_read_from(by_time, first, end, share, offset):
    assert start_offset.start_offset(by_time, first, end, share, least=20) == offset


def test_librdkafkas_statistics():
    statistics = json.dumps(
        {
            "brokers": {"a": {"state": "DOWN"}, "b": {"state": "UP"}},
            "topics": {
                "stock-data": {
                    "partitions": {"-1": {"hi_offset": 5}, "0": {"hi_offset": 12}, "1": {"hi_offset": -1001}}
                }
            },
        }
    )
    assert start_offset.brokers_up(statistics)
    assert not start_offset.brokers_up(json.dumps({"brokers": {"a": {"state": "CONNECT"}}}))
    assert start_offset.log_ends(statistics) == {("stock-data", 0): 12}


def test_rows_take_the_later_of_topic_and_warehouse(desk):
    desk.feed(quote("IBM", "101"), quote("AAPL", "50", at=NOW - timedelta(days=3)))
    stored = {
        "previous_close": None,
        "open": None,
        "high": None,
        "low": None,
        "volume": None,
        "trading_day": NOW.date(),
        "quoted_at": None,
        "fetched_at": NOW - timedelta(hours=1),
        "session": None,
        "source": "alphavantage",
    }
    older = [{**stored, "symbol": symbol, "price": Decimal(7)} for symbol in ("IBM", "AAPL", "OLD")]
    assert {row.symbol: row.price for row in merged(desk.store.newest(), {}, older)} == {
        "AAPL": 7.0,
        "IBM": 101.0,
        "OLD": 7.0,
    }


def known(desk, *states):
    desk.up()
    for state in states:
        desk.store.status(state)
    desk.store.end("stock-data", 0, 100)
    return snapshot(desk.store, desk.now)


def test_stages_of_a_pipeline_that_is_well(desk):
    desk.feed(quote())
    state = known(desk, producer(), chain(95), loader(80), audit(100))
    assert [(stage.name, stage.records, stage.lag, stage.state) for stage in state.stages] == [
        ("Kafka", 100, 0, "ok"),
        ("S3", 100, 0, "ok"),
        ("Snowflake", 100, 0, "ok"),
    ]
    assert [plain(found) for found in faults.describe(state)] == [] and not state.simulated


def test_lag_is_in_records(desk):
    state = known(desk, chain(95), loader(80))
    assert [stage.lag for stage in state.stages] == [0, 4, 19]


LONG_AGO = NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(
            [audit(100, complete=False, findings=("gap 3..5",))],
            "The three stages do not hold the same records: gap 3..5.",
            id="gap",
        ),
        pytest.param(
            [producer(fault="the key is refused")],
            "The producer reports: the key is refused.",
            id="producer's fault",
        ),
        pytest.param(
            [producer(at=LONG_AGO)],
            "The producer is silent for 2 h 00 min: no new quotes are to be expected.",
            id="producer silent",
        ),
        pytest.param([chain(95, at=LONG_AGO)], "S3: the sink is silent for 2 h 00 min.", id="sink silent"),
        pytest.param(
            [chain(95, last_kafka_time=LONG_AGO)],
            "S3: 4 records to come, the newest there is 2 h 00 min old.",
            id="sink late",
        ),
        pytest.param(
            [loader(80, at=LONG_AGO)], "Snowflake: the loader is silent for 2 h 00 min.", id="loader silent"
        ),
        pytest.param(
            [loader(80, quarantined=2)], "2 objects are in quarantine and not in Snowflake.", id="quarantine"
        ),
        pytest.param(
            [audit(100, at=LONG_AGO)],
            "The auditor is silent for 2 h 00 min: its verdict is of that time.",
            id="auditor silent",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(desk, states, expected):
    assert [plain(found) for found in faults.describe(known(desk, *states))] == [expected]


def test_silence_means_nothing_while_kafka_is_away(desk):
    known(desk, producer(at=LONG_AGO), chain(95, at=LONG_AGO), loader(80, at=LONG_AGO))
    desk.down(90)
    state = snapshot(desk.store, desk.now)
    assert [plain(found) for found in faults.describe(state)] == [
        "Kafka has not answered for 1 min: prices stand still, history goes on."
    ]
    assert [stage.state for stage in state.stages] == ["down", "unknown", "unknown"]


def test_a_fault_is_of_the_time_before_kafka_went_away(desk):
    known(desk, loader(80, fault="unavailable: no answer"), chain(95, fault="the bucket is full"))
    desk.down(90)
    assert [plain(found) for found in faults.describe(snapshot(desk.store, desk.now))] == [
        "Kafka has not answered for 1 min: prices stand still, history goes on.",
        "The loader reported before Kafka went away: unavailable: no answer.",
        "The sink reported before Kafka went away for stock-data/0: the bucket is full.",
    ]


@pytest.mark.parametrize(
    ("fault", "stated"),
    [
        pytest.param("the day's calls are used up", "the day's calls are used up.", id="ours"),
        pytest.param(
            "unavailable: HTTPConnectionPool(host='10.0.0.1', port=9000): /stock-data/?prefix=raw%2F",
            "what it reads from or writes to does not answer: it tries again by itself, see its log.",
            id="a driver's",
        ),
        pytest.param(
            "Kafka is not reachable; the last call brought no data (ConnectionError: http://vendor/query)",
            "Kafka is not reachable, and what it reads from or writes to does not answer: "
            "it tries again by itself, see its log.",
            id="both",
        ),
    ],
)
def test_a_page_has_no_words_of_a_driver(fault, stated):
    assert faults.readable(fault) == stated


@given(st.text(), st.sampled_from(["http://a", "s3://b", "%2Fraw", "ConnectionError: no", "host=x"]))
def test_no_address_reaches_a_page(words, address):
    shown = faults.readable(f"{words} {address}")
    assert not any(part in shown for part in ("://", "%2F", "Error:"))


def test_a_sink_that_is_dead_is_late_after_three_of_its_intervals(desk):
    """Its objects waited 5 s. It is named within a minute, not after five."""
    put = NOW - timedelta(seconds=50)
    state = known(desk, chain(95, at=put, put_at=put, first_kafka_time=put - timedelta(seconds=5)))
    assert state.stages[1].state == "late"


def test_most_symbols_that_stand_still_are_counted(desk):
    desk.up()
    desk.feed(*(quote(f"S{number}", at=NOW - timedelta(seconds=70)) for number in range(100)))
    desk.feed(*(quote(f"T{number}") for number in range(20)))
    desk.store.status(producer())
    stated = notices.feed_notice(desk.store, NOW)
    assert stated == "100 of 120 symbols have had no new quote for more than 1 min."
    assert len(faults.standing(desk.store.newest(), producer(), NOW)) == 100


def test_a_closed_market_without_a_quote_says_when_the_first_comes(desk):
    desk.up()
    desk.store.status(producer(is_open=False))
    now = NOW + timedelta(hours=8)
    title, body = notices.no_quotes(desk.store, False, now, UTC)
    assert title == "The market is closed"
    assert "when XNYS opens, Tue 24 Nov, 09:30 EST (14:30 UTC for you)." in body
