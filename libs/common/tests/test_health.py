from __future__ import annotations

import urllib.error
import urllib.request

from prometheus_client import CollectorRegistry

from stock_common.health import Health, MetricsServer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_health_is_progress() -> None:
    clock = Clock()
    health = Health(["kafka"], stalled_after=10, clock=clock)
    signed_out: list[str | None] = [None]
    health.require(lambda: signed_out[0])
    registry = CollectorRegistry()
    server = MetricsServer("127.0.0.1", 0, registry, health)
    server.start()

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        assert get("/readyz") == (503, "waiting for kafka\n")
        health.reached("kafka")
        assert get("/readyz") == (200, "ok\n")
        assert get("/healthz")[0] == 200
        signed_out[0] = "signed out"
        assert get("/readyz") == (503, "signed out\n")
        assert get("/healthz")[0] == 200
        signed_out[0] = None
        assert get("/readyz")[0] == 200
        clock.now = 11
        assert get("/healthz") == (503, "no progress for 11 s\n")
        assert "stock_heartbeat_healthy 0.0" in get("/metrics")[1]
        health.beat()
        assert get("/healthz")[0] == 200
        assert get("/other")[0] == 404
    finally:
        server.close()


def test_what_a_service_notices_stands_with_the_fault_of_its_loop() -> None:
    clock = Clock()
    health = Health(stalled_after=10, clock=clock)
    noticed: list[str | None] = [None]
    health.watch(lambda: noticed[0])
    assert health.fault() is None
    noticed[0] = "partition 3 stands still"
    assert health.fault() == "partition 3 stands still"
    clock.now = 11
    assert (health.fault(), health.silent()) == ("no progress for 11 s; partition 3 stands still", 11)
    noticed[0] = None
    health.beat()
    assert health.fault() is None


def test_a_failure_is_not_healed_by_a_beat() -> None:
    health = Health()
    health.failed("thread live ended by ValueError")
    health.failed("thread other ended by KeyError")
    health.beat()
    assert health.fault() == "thread live ended by ValueError"
