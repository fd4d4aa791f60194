"""Whether a topic is still the one it was read from, and what is waited for at the start."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from samples import TOPIC_ID

from stock_common import logs
from stock_common.health import Health
from stock_common.keys import ObjectKey
from stock_common.run import FatalError, Stop
from stock_kafka.cluster import Unreachable
from stock_objects.errors import ObjectError
from stock_s3_sink import dependencies
from stock_s3_sink.dependencies import wait_for
from stock_s3_sink.position import require_topic

KEY = ObjectKey("stock-data", TOPIC_ID, 1, datetime(2026, 11, 20, 15, tzinfo=UTC), 7)


def test_a_topic_with_the_same_id_is_the_same() -> None:
    require_topic(lambda names: {"stock-data": TOPIC_ID}, KEY)


def test_a_topic_with_another_id_was_made_again() -> None:
    with pytest.raises(FatalError, match="made again"):
        require_topic(lambda names: {"stock-data": "b" * 32}, KEY)


def test_a_topic_that_a_broker_does_not_list_yet_is_asked_for_again() -> None:
    with pytest.raises(Unreachable, match="stock-data"):
        require_topic(lambda names: {}, KEY)


class Dependency:
    """Fails as told, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    def __call__(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "RETRY_SECONDS", 0.0)


def test_a_dependency_is_waited_for_until_it_answers() -> None:
    health = Health(["s3"])
    assert wait_for("s3", Dependency(ObjectError("refused"), Unreachable("no answer")), health, Stop(), logs.logger("test"))
    assert health.waiting_for() is None


def test_the_stop_ends_the_wait() -> None:
    health, stop = Health(["s3"]), Stop()

    def check() -> None:
        stop.set()
        raise ObjectError("refused")

    assert not wait_for("s3", check, health, stop, logs.logger("test"))
    assert health.waiting_for() == "s3"


def test_what_only_an_operator_can_mend_is_not_waited_for() -> None:
    with pytest.raises(FatalError):
        wait_for("s3", Dependency(FatalError("access is denied")), Health(["s3"]), Stop(), logs.logger("test"))
