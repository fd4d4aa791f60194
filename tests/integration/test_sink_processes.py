"""Sinks of one group: each topic is shared, at every number of them. And a stop that S3 never answers."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import pytest
from confluent_kafka import Consumer

from benchmarks.backlog import Backlog, backlog
from benchmarks.sinks import SinkProcess, chain_links, check
from stock_common.topics import QUOTES, SUNK
from stock_testing.poll import poll_until
from stock_testing.proxy import REQUEST, Proxy, Running

RECORDS = 3_000
SHARE_SECONDS = 40.0
STOP_SECONDS = 30.0
"""A sink closes within 25 s. Then its process ends, before whoever runs it would kill it."""
ROUNDS = 5
TOGETHER_SECONDS = 10.0
"""Two sinks stop within about 3 s. A commit that waits for the rebalance takes over 12 s, most times."""


class Silent(Proxy):
    """A server that gets no PUT and so answers none. Everything else passes."""

    puts = 0

    async def up(self, data: bytes) -> None:
        if data.startswith(b"PUT") and REQUEST.match(data):
            self.puts += 1
            await asyncio.Event().wait()


@pytest.fixture(scope="module")
def held() -> Iterator[Backlog]:
    with backlog(RECORDS) as found:
        yield found


@contextmanager
def bucket(held: Backlog, name: str) -> Iterator[str]:
    held.make_bucket(name)
    yield name
    held.drop_bucket(name)


@contextmanager
def sink(held: Backlog, bucket: str, number: int, **variables: str) -> Iterator[SinkProcess]:
    """A sink of the group that is named as its bucket."""
    environment = {
        **held.environment,
        "S3_BUCKET": bucket,
        "KAFKA_GROUP": bucket,
        "FLUSH_SECONDS": "1",
        **variables,
    }
    layout = held.stack.layout
    process = SinkProcess(
        environment, layout.ports[f"bench-sink-{number}"], layout.data / f"{bucket}-{number}.log"
    )
    try:
        yield process
    finally:
        process.end()


def share(sink: SinkProcess, topic: str) -> float:
    return sink.sample(f'stock_s3_sink_partitions_assigned{{topic="{topic}"}}')


def balanced(sinks: Sequence[SinkProcess]) -> list[list[float]]:
    """Each topic's shares, once all partitions are given and no two sinks differ by more than one."""

    def look() -> list[list[float]]:
        shares = [[share(each, topic.name) for each in sinks] for topic in SUNK]
        good = all(
            sum(own) == topic.partitions and max(own) - min(own) <= 1
            for own, topic in zip(shares, SUNK, strict=True)
        )
        return shares if good else []

    return poll_until(look, f"{len(sinks)} sinks have equal shares of each topic", SHARE_SECONDS)


def stop(*sinks: SinkProcess) -> None:
    """Stops them together, so that the group is being rebalanced while each of them leaves."""
    for sink in sinks:
        sink.process.send_signal(signal.SIGTERM)
    assert [sink.process.wait(STOP_SECONDS) for sink in sinks] == [0] * len(sinks)


def rows(held: Backlog, bucket: str) -> int:
    return sum(link.rows for link in chain_links(held, bucket))


@pytest.mark.timeout(240)
def test_each_topic_is_shared_while_sinks_come_and_go(held: Backlog) -> None:
    with bucket(held, "shared") as name, ExitStack() as stack:
        sinks: list[SinkProcess] = []
        for number in range(3):
            sinks.append(stack.enter_context(sink(held, name, number)))
            balanced(sinks)
            held.fill(RECORDS)
        stop(sinks.pop(0))
        shares = balanced(sinks)
        assert [own for own, topic in zip(shares, SUNK, strict=True) if topic == QUOTES] == [[3, 3]]
        expected = sum(held.ends().values())
        poll_until(lambda: rows(held, name) == expected, "everything is on S3", SHARE_SECONDS)
        stop(*sinks)
        check(chain_links(held, name), held.ends(), expected)


@pytest.mark.timeout(300)
def test_sinks_that_stop_together_wait_for_nothing_and_lose_nothing(held: Backlog) -> None:
    with bucket(held, "together") as name:
        seconds = []
        for _ in range(ROUNDS):
            with sink(held, name, 0) as one, sink(held, name, 1) as other:
                balanced([one, other])
                held.fill(RECORDS)
                begun = time.monotonic()
                stop(one, other)
                seconds.append(round(time.monotonic() - begun, 1))
        print("stopped after", seconds)
        with sink(held, name, 0) as last:
            balanced([last])
            expected = sum(held.ends().values())
            poll_until(lambda: rows(held, name) == expected, "everything is on S3", SHARE_SECONDS)
            stop(last)
        check(chain_links(held, name), held.ends(), expected)
        assert sorted(seconds)[ROUNDS // 2] < TOGETHER_SECONDS


@pytest.mark.timeout(120)
def test_a_sink_waits_for_the_last_one_of_another_strategy(held: Backlog) -> None:
    """As in an upgrade that starts the new sink before the old one has stopped."""
    with bucket(held, "upgraded") as name:
        old = Consumer(
            {
                "bootstrap.servers": held.brokers,
                "group.id": name,
                "partition.assignment.strategy": "cooperative-sticky",
            }
        )
        old.subscribe([topic.name for topic in SUNK])
        poll_until(lambda: old.poll(0.1) is None and old.assignment(), "the old sink's share", SHARE_SECONDS)
        with sink(held, name, 0) as new:
            poll_until(
                lambda: any("Inconsistent group protocol" in each.get("reason", "") for each in new.events()),
                "the new sink is refused",
                SHARE_SECONDS,
            )
            assert share(new, QUOTES.name) == 0
            assert "\nstock_heartbeat_healthy 1.0" in new.metrics()
            old.close()
            balanced([new])
            expected = sum(held.ends().values())
            poll_until(lambda: rows(held, name) == expected, "everything is on S3", SHARE_SECONDS)
            stop(new)


@pytest.mark.timeout(120)
def test_a_put_without_an_answer_does_not_hold_a_stop(held: Backlog) -> None:
    with (
        bucket(held, "silent") as name,
        closing(Running(Silent(held.stack.layout.ports["s3"]))) as silent,
        sink(held, name, 0, S3_ENDPOINT_URL=silent.url) as hanging,
    ):
        poll_until(lambda: silent.proxy.puts > 0, "a put hangs", SHARE_SECONDS)
        begun = time.monotonic()
        stop(hanging)
        print(f"stopped after {time.monotonic() - begun:.1f} s")
        assert hanging.events()[-1]["event"] == "closed"
        assert rows(held, name) == 0
