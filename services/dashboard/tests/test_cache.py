from __future__ import annotations

import threading
import time

import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry

from stock_common.run import FatalError
from stock_dashboard.history.budget import AT_ONCE, SECONDS_EACH
from stock_dashboard.history.cache import MOST_WAITING, CachePolicy, History
from stock_dashboard.history.queries import Query
from stock_dashboard.metrics import HistoryMetrics
from stock_warehouse.errors import AccountSuspended, StatementError, WarehouseUnavailable

QUERY = Query("latest", "SELECT 1")
FIXED = QUERY._replace(follows_loads=False)
TABLE = pa.table({"a": [1]})


class Warehouse:
    """Counts the queries. Raises `error` where a test has set one."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def arrow(self, sql, params=()):
        self.asked += 1
        self.gate.wait(10)
        if self.error:
            raise self.error
        return TABLE

    def close(self):
        pass


@pytest.fixture
def warehouse():
    return Warehouse()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def history(warehouse, clock, registry):
    policy = CachePolicy(ttl=900, refresh=15, entries=3)
    made = History(lambda: warehouse, HistoryMetrics(registry), policy, clock=clock, connections=2)
    made.start()
    yield made
    warehouse.gate.set()
    made.close(5)


def settled(history, query, generation, **how):
    """The result once nothing is pending. Bounded by the sleeps' sum."""
    for _ in range(500):
        result = history.read(query, generation, **how)
        if not result.pending:
            return result
        time.sleep(0.01)
    raise AssertionError("still pending")


def test_an_open_tab_asks_once_however_often_it_refreshes(history, warehouse, clock):
    settled(history, QUERY, 1)
    for minute in range(600):
        clock.at = 60.0 * minute
        history.read(QUERY, 1)
    assert warehouse.asked == 1


def test_a_load_renews_what_is_shown_but_not_more_often_than_allowed(history, warehouse, clock):
    settled(history, QUERY, 1)
    clock.at = 5.0
    settled(history, QUERY, 2)
    assert warehouse.asked == 1
    clock.at = 20.0
    settled(history, QUERY, 2)
    assert warehouse.asked == 2
    settled(history, FIXED, 1)
    clock.at = 99.0
    settled(history, FIXED, 9)
    assert warehouse.asked == 3


def test_an_old_result_is_renewed_when_a_person_opens_it(history, warehouse, clock):
    settled(history, QUERY, None, user_opened=True)
    clock.at = 899.0
    settled(history, QUERY, None, user_opened=True)
    assert warehouse.asked == 1
    clock.at = 901.0
    settled(history, QUERY, None)
    assert warehouse.asked == 1
    settled(history, QUERY, None, user_opened=True)
    assert warehouse.asked == 2


def test_a_slow_warehouse_holds_no_page_up_and_is_asked_once_for_all(history, warehouse, clock):
    warehouse.gate.clear()
    results = [history.read(QUERY, 1) for _ in range(5)]
    assert all(result.pending and result.table is None for result in results)
    clock.at = 12.0
    assert history.read(QUERY, 1).waiting == 12.0
    warehouse.gate.set()
    answered = settled(history, QUERY, 1)
    assert (answered.table, answered.waiting, warehouse.asked) == (TABLE, None, 1)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        pytest.param(WarehouseUnavailable("down"), "unavailable", id="down"),
        pytest.param(FatalError("no grant"), "denied", id="no grant"),
        pytest.param(AccountSuspended("trial"), "suspended", id="account suspended"),
        pytest.param(StatementError(1003, "42000", "syntax"), "refused", id="another version of the views"),
    ],
)
def test_a_failure_keeps_the_old_result_and_is_tried_again_less_and_less_often(
    history, warehouse, clock, registry, error, fault
):
    settled(history, QUERY, 1)
    warehouse.error, clock.at = error, 100.0
    history.read(QUERY, 2)
    result = settled(history, QUERY, 2)
    assert (result.table, result.fault) == (TABLE, fault)
    asked = warehouse.asked
    clock.at = 104.0
    settled(history, QUERY, 2)
    assert warehouse.asked == asked
    clock.at = 106.0
    settled(history, QUERY, 2)
    assert warehouse.asked == asked + 1
    warehouse.error, clock.at = None, 200.0
    assert settled(history, QUERY, 2).fault is None
    assert (
        registry.get_sample_value("stock_dashboard_queries_total", {"view": "latest", "outcome": fault}) == 2
    )


def test_results_are_bounded(history, warehouse):
    for number in range(20):
        settled(history, QUERY._replace(params=(number,)), 1)
    assert len(history._entries) == 3


def test_every_result_says_that_the_warehouse_is_down(history, warehouse, clock):
    settled(history, QUERY, 1)
    clock.at = 5.0
    warehouse.gate.clear()
    history.read(FIXED, 1)
    clock.at = 17.0
    assert history.read(QUERY, 1)[2:] == (False, None, 12.0)
    # Being asked itself now does not make the wait shorter.
    assert history.read(QUERY, 2)[2:] == (True, None, 12.0)
    warehouse.error = WarehouseUnavailable("away")
    warehouse.gate.set()
    assert settled(history, FIXED, 1).fault == "unavailable"
    assert settled(history, QUERY, 2)[2:] == (False, "unavailable", None)
    warehouse.error = None
    clock.at = 77.0
    assert settled(history, QUERY, 1)[2:] == (False, None, None)


@pytest.fixture
def waiting(warehouse, clock, registry):
    """Keeps many results. Its threads are not started: what is asked waits."""
    policy = CachePolicy(ttl=900, refresh=15, entries=1_000)
    return History(lambda: warehouse, HistoryMetrics(registry), policy, clock=clock, connections=1)


def different(count, of="A"):
    return [QUERY._replace(params=(of, number)) for number in range(count)]


def test_a_question_that_finds_the_queue_full_is_refused_and_asked_later(waiting, warehouse, clock):
    *queued, last = different(MOST_WAITING + 1)
    assert all(waiting.read(query, 1).pending for query in queued)
    assert waiting.read(last, 1) == (None, None, False, "busy", None)
    assert waiting.read(queued[0], 1).fault is None
    waiting.start()
    assert all(settled(waiting, query, 1).table for query in queued)
    assert (waiting.read(last, 1).pending, warehouse.asked) == (False, MOST_WAITING)
    clock.at = 6.0
    assert settled(waiting, last, 1).table == TABLE
    waiting.close(5)


@pytest.fixture
def spent(waiting, warehouse):
    """A viewer "ann" who has just used up her budget, every answer in memory."""
    waiting.start()
    for query in different(AT_ONCE):
        assert settled(waiting, query, 1, viewer="ann").fault is None
    assert warehouse.asked == AT_ONCE
    yield waiting
    waiting.close(5)


def test_a_viewer_who_asks_too_much_waits_and_no_other_does(spent, warehouse, clock, registry):
    fresh, other, third = different(3, of="B")
    assert spent.read(fresh, 1, viewer="ann") == (None, None, False, "over_budget", None)
    assert (warehouse.asked, len(spent._entries)) == (AT_ONCE, AT_ONCE)
    assert registry.get_sample_value("stock_dashboard_history_lookups_total", {"outcome": "over_budget"}) == 1
    assert settled(spent, other, 1, viewer="bob").table == TABLE
    assert spent.read(other, 1, viewer="ann").table == TABLE
    clock.at = SECONDS_EACH
    assert settled(spent, fresh, 1, viewer="ann").table == TABLE
    assert spent.read(third, 1, viewer="ann").fault == "over_budget"


def test_a_load_renews_the_results_of_a_viewer_without_a_budget(spent, warehouse, clock):
    first, second = different(2)
    clock.at = 16.0
    for query in different(3, of="B"):
        settled(spent, query, 2, viewer="ann")
    asked = warehouse.asked
    settled(spent, first, 2, viewer="ann")
    assert warehouse.asked == asked + 1
    result = spent.read(second, 2, viewer="ann", user_opened=True)
    assert (result.table, result.fault, warehouse.asked) == (TABLE, "over_budget", asked + 1)


def test_a_budget_fills_up_again_and_is_then_forgotten(spent, clock):
    clock.at = AT_ONCE * SECONDS_EACH
    assert all(settled(spent, query, 1, viewer="ann").table for query in different(AT_ONCE, of="B"))
    assert spent.read(different(1, of="C")[0], 1, viewer="ann").fault == "over_budget"
    clock.at *= 2
    settled(spent, *different(1, of="D"), 1, viewer="bob")
    assert set(spent._budget._full_at) == {"bob"}
