"""The wait for S3 and Kafka at the start."""

from __future__ import annotations

import pytest

from stock_common import logs
from stock_common.health import Health
from stock_common.retry import Policy
from stock_common.run import FatalError, Stop
from stock_kafka.cluster import Unreachable
from stock_objects.errors import ObjectError
from stock_s3_sink import wait_at_start
from stock_s3_sink.wait_at_start import wait_for


class Dependency:
    """Raises the faults in turn, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    def __call__(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_at_start, "RETRY", Policy(first=0.0, longest=0.0))


def test_a_dependency_is_waited_for_until_it_answers() -> None:
    health = Health(["s3"])
    assert wait_for(
        "s3",
        Dependency(ObjectError("refused"), Unreachable("no answer")),
        health,
        Stop(),
        logs.logger("test"),
    )
    assert health.waiting_for() is None


def test_the_stop_ends_the_wait() -> None:
    health, stop = Health(["s3"]), Stop()

    def check() -> None:
        stop.set()
        raise ObjectError("refused")

    assert not wait_for("s3", check, health, stop, logs.logger("test"))
    assert health.waiting_for() == "s3"


def test_a_fault_that_only_an_operator_can_fix_ends_the_wait() -> None:
    with pytest.raises(FatalError):
        wait_for(
            "s3", Dependency(FatalError("access is denied")), Health(["s3"]), Stop(), logs.logger("test")
        )
