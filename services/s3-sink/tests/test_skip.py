"""Which offsets an operator gives up, and what is recorded of them."""

from __future__ import annotations

import argparse

import pytest
from fakes import PARTITION_ID, Broker, Letters, MemorySource, Run, covered, end
from hypothesis import given
from hypothesis import strategies as st

from stock_common.run import FatalError
from stock_objects.testing import MemoryStore
from stock_s3_sink import skip
from stock_s3_sink.resume import TopicLog
from stock_s3_sink.skip import unreadable
from stock_s3_sink.writer import LinkWriter


@given(first=st.integers(0, 50), bad=st.integers(0, 200), after=st.integers(0, 200))
def test_the_run_ends_where_the_log_can_be_read_again(first: int, bad: int, after: int) -> None:
    end = first + bad + after
    found = unreadable(lambda offset: "CRC" if offset < first + bad else None, first, end)
    assert found == (None if bad == 0 else (first, first + bad - 1, "CRC"))


def options(**changes: object) -> argparse.Namespace:
    topic, partition = PARTITION_ID
    return argparse.Namespace(**({"topic": topic, "partition": partition, "yes": False} | changes))


@pytest.fixture
def broker() -> Broker:
    broker = Broker()
    broker.append(9)
    broker.unreadable = {3, 4, 5}
    return broker


def perform(broker: Broker, store: MemoryStore, **changes: object) -> int:
    source = MemorySource(broker)
    writer = LinkWriter(store, Letters(), TopicLog(source), lambda: True, print)
    return skip.perform(options(**changes), source, store, writer)


def test_it_shows_and_then_records_what_cannot_be_read_and_the_sink_goes_on(
    broker: Broker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stock_s3_sink.blocks.FIRST_PAUSE", 0.5)
    store = MemoryStore()
    run = Run(broker, store)
    run.until(lambda: end(store) == 2)
    assert perform(broker, store) == 0
    assert (
        "offsets 3 to 5 of stock-data/0 cannot be read (CRC mismatch). With --yes" in capsys.readouterr().out
    )
    assert end(store) == 2
    assert perform(broker, store, yes=True) == 0
    assert covered(store)[-1] == (3, 5, 0)
    run.until(lambda: end(store) == 8)
    assert perform(broker, store, yes=True) == 1
    assert "nothing is to be skipped" in capsys.readouterr().out


def test_a_topic_that_does_not_go_to_s3_is_a_sentence(broker: Broker) -> None:
    with pytest.raises(FatalError, match="nonsense is no topic that goes to S3"):
        perform(broker, MemoryStore(), topic="nonsense")
