from __future__ import annotations

from decimal import Decimal

import pytest
from support.quotes import quote

from stock_common.records import Alert, Quote
from stock_producer.alerts.engine import Alerting, Watch
from stock_producer.alerts.rules.base import spoken
from stock_producer.alerts.rules.move import MoveAgainstClose

RULE = MoveAgainstClose(percent=Decimal(5))


def alerts(quotes: list[Quote]) -> list[Alert]:
    state, found = None, []
    for item in quotes:
        state, alert = RULE.evaluate(state, item)
        found += [alert] if alert else []
    return found


@pytest.mark.parametrize(
    ("prices", "directions"),
    [
        pytest.param(["104.99"], [], id="below"),
        pytest.param(["105"], ["up"], id="at the threshold"),
        pytest.param(["95"], ["down"], id="at the threshold, down"),
        pytest.param(["106", "107", "120"], ["up"], id="one alert a crossing"),
        pytest.param(
            ["105", "104.6", "105", "104.5", "105"], ["up"], id="back and forth within the hysteresis"
        ),
        pytest.param(["105", "104.4", "105"], ["up", "up"], id="back beyond the hysteresis"),
        pytest.param(["105", "95", "105"], ["up", "down", "up"], id="from side to side"),
        pytest.param(["105", "104.9"] * 50, ["up"], id="fifty times around the threshold"),
        pytest.param(["105", "104"] * 50, ["up"] * 50, id="fifty real crossings"),
    ],
)
def test_one_alert_a_crossing(prices: list[str], directions: list[str]) -> None:
    assert [
        alert.direction for alert in alerts([quote(price, at=second) for second, price in enumerate(prices)])
    ] == directions


@pytest.mark.parametrize(
    ("price", "words"),
    [("93.7", "93.70"), ("320", "320.00"), ("17.4000", "17.40"), ("0.1234", "0.1234"), ("1E+3", "1000.00")],
)
def test_a_price_has_two_decimals_and_as_many_more_as_it_needs(price: str, words: str) -> None:
    assert spoken(Decimal(price)) == words


def test_a_new_day_is_a_new_crossing_and_an_old_quote_is_none() -> None:
    assert (
        len(alerts([quote("106", day=23), quote("106", day=24), quote("94", day=23), quote("106", day=24)]))
        == 2
    )


@pytest.mark.parametrize("previous_close", [None, "0"])
def test_without_a_previous_close_there_is_no_move(previous_close: str | None) -> None:
    assert alerts([quote("200", previous_close=previous_close)]) == []


def test_the_alert_names_its_cause() -> None:
    cause = quote("105.25")
    [alert] = alerts([cause])
    assert (alert.rule, alert.direction, alert.reference, alert.threshold, alert.event_id) == (
        "move",
        "up",
        Decimal(100),
        Decimal(5),
        cause.event_id,
    )
    assert alert.message == "IBM has risen by 5.25 % against the previous close, from 100.00 to 105.25."
    assert alerts([cause])[0].alert_id == alert.alert_id


@pytest.mark.parametrize(
    ("session", "entitlement", "count"),
    [
        ("regular", "realtime", 1),
        ("post", "realtime", 1),
        ("closed", "realtime", 0),
        ("closed", "end_of_day", 1),
    ],
)
def test_a_closed_market_raises_nothing(session: str, entitlement: str, count: int) -> None:
    assert (
        len(
            Alerting([Watch(RULE)], {})
            .evaluate([quote("106", session=session, entitlement=entitlement)])
            .alerts
        )
        == count
    )


def test_states_count_only_once_they_are_kept() -> None:
    alerting = Alerting([Watch(RULE)], {})
    lost = alerting.evaluate([quote("106"), quote("107", at=1)])
    assert len(lost.alerts) == 1
    again = alerting.evaluate([quote("106")])
    assert len(again.alerts) == 1
    alerting.keep(again.states)
    assert alerting.evaluate([quote("107", at=1)]).alerts == []
    assert Alerting([Watch(RULE)], again.states).evaluate([quote("107", at=1)]).alerts == []


@pytest.mark.parametrize(
    ("before", "price", "split"),
    [
        pytest.param("1208.88", "121.79", "10:1", id="ten for one"),
        pytest.param("3.02", "61.00", "1:20", id="reverse"),
        pytest.param("100", "49", "2:1", id="two for one"),
        pytest.param("100", "61", "", id="a fall"),
        pytest.param("100", "94", "", id="a move"),
    ],
)
def test_what_looks_like_a_split_is_no_alarm(before: str, price: str, split: str) -> None:
    [alert] = alerts([quote(price, previous_close=before)])
    assert alert.severity == ("info" if split else "warning")
    assert ("looks like a split of " + split in alert.message) == bool(split)
