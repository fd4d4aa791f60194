"""One partition of six stands still: each reader names it and heals by itself, and nothing is lost.

A proxy before the broker takes a partition's records out of the answers to the connections that are open.
A new assignment of the sink uses these connections again, so the sink ends, and whoever runs it starts it
again. The dashboard's live reader is frozen on the same partition, and the auditor on the status topic. They
assign it again with a client of their own.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from chaos.fetches import Withheld
from chaos.frozen import NAMED, NAMED_SECONDS
from chaos.lines import KafkaLine
from chaos.links import Link
from stock_common.topics import QUOTES, STATUS
from stock_kafka.cluster import describe
from stock_stack.counts import Place
from stock_stack.layout import Layout
from stock_stack.ports import HOST, Ports, free
from stock_stack.stack import Stack
from stock_testing.pipeline import QUICK, Pipeline
from stock_testing.poll import poll_until
from stock_testing.proxy import Running
from stock_testing.quotes import send_quotes
from stock_testing.stages import offsets_on_s3

HEALED_SECONDS = 120.0
COUNT = 240
FROZEN = ("s3-sink", "dashboard", "auditor")
IDS = "SELECT event_id FROM STOCKS.ANALYTICS.QUOTES"
Lines = Mapping[str, Running[KafkaLine]]


class Rig(NamedTuple):
    """A whole pipeline without a producer. Each of FROZEN speaks to the broker through its own line."""

    pipeline: Pipeline
    lines: Lines


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    ports = free()
    with ExitStack() as opened:
        lines = {
            name: opened.enter_context(
                closing(Running(KafkaLine(Link(name, "kafka"), ports[f"kafka-{name}"])))
            )
            for name in FROZEN
        }
        stack = opened.enter_context(Stack(Layout(tmp_path, ports, QUICK, (broker(lines, ports),)), print))
        for name in FROZEN:
            stack.start(name, environment={"KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{lines[name].port}"})
        stack.start("sf-loader")
        yield Rig(opened.enter_context(closing(Pipeline(stack))), lines)


def broker(lines: Lines, ports: Ports) -> dict[str, object]:
    """A listener for each line, whose advertised address is the line."""
    own, names = f"PLAINTEXT://{HOST}:{ports['kafka']}", {name: f"CLIENT{n}" for n, name in enumerate(lines)}
    listening = [f"{client}://{HOST}:{ports[f'kafka-{name}']}" for name, client in names.items()]
    advertised = [f"{client}://{HOST}:{lines[name].port}" for name, client in names.items()]
    return {
        "listeners": ",".join([own, *listening]),
        "advertised.listeners": ",".join([own, *advertised]),
        "listener.security.protocol.map": ",".join(
            f"{name}:PLAINTEXT" for name in ("PLAINTEXT", *names.values())
        ),
        "inter.broker.listener.name": "PLAINTEXT",
    }


def on_s3(pipeline: Pipeline, places: Mapping[Place, int]) -> bool:
    """Whether each partition's objects reach its end. A sink that has ended is started again meanwhile."""
    for name in pipeline.stack.ended():
        assert name == "s3-sink"
        pipeline.stack.launch(name)
    found = pipeline.progress.read(0.5).s3
    return all(found.get(place, 0) >= end for place, end in places.items())


def ends(pipeline: Pipeline) -> dict[Place, int]:
    """The log's end of each partition that has quotes."""
    places = pipeline.progress.read(0.5).kafka.items()
    return {place: end for place, end in places if place[0] == QUOTES.name and end}


def withhold(rig: Rig, place: Place) -> None:
    """Freezes the partition for the sink and the dashboard, and the status topic for the auditor."""
    admin = AdminClient({"bootstrap.servers": rig.pipeline.servers})
    topics = describe(admin, [QUOTES.name, STATUS.name])
    for name, line in rig.lines.items():
        topic, partition = (STATUS.name, 0) if name == "auditor" else place
        line.proxy.withhold(Withheld(bytes.fromhex(topics[topic].topic_id), partition))


def names(stack: Stack, place: Place) -> dict[str, Callable[[str], bool]]:
    """Which line of each log names what stands still."""
    return {
        "s3-sink": lambda line: NAMED in line and json.loads(line)["partition"] == place[1],
        "dashboard": lambda line: f"stands still: {place}" in line,
        "auditor": lambda line: "status stands still: assigned again" in line,
    }


class Clock:
    """When each reader named it, in seconds since the freeze."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self._stack, self._says = stack, names(stack, place)
        self._begun = time.monotonic()
        self.named: dict[str, float] = {}

    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def all_named(self) -> bool:
        for name, says in self._says.items():
            if name not in self.named and any(
                map(says, self._stack.layout.log(name).read_text().splitlines())
            ):
                self.named[name] = self.seconds()
        return len(self.named) == len(self._says)


def value(pipeline: Pipeline, service: str, metric: str) -> float:
    found = re.search(rf"^{re.escape(metric)} (\S+)$", pipeline.metrics(service), re.MULTILINE)
    return float(found[1]) if found else 0.0


def quotes_read(pipeline: Pipeline) -> float:
    """By the dashboard. A new client reads the log again from its beginning."""
    return value(pipeline, "dashboard", f'stock_dashboard_live_messages_total{{topic="{QUOTES.name}"}}')


def rows_audited(pipeline: Pipeline, place: Place) -> float:
    """What the running auditor has compared with the warehouse."""
    labels = f'partition="{place[1]}",topic="{place[0]}"'
    return value(pipeline, "auditor", f"stock_auditor_snowflake_offsets{{{labels}}}")


@pytest.mark.timeout(480)
def test_a_frozen_partition_is_named_and_heals_by_itself(rig: Rig) -> None:
    pipeline, stack = rig.pipeline, rig.pipeline.stack
    sent = send_quotes(pipeline, COUNT)
    before = ends(pipeline)
    frozen = max(before, key=lambda place: before[place])
    poll_until(lambda: on_s3(pipeline, before), "the first quotes are on S3", 60)
    poll_until(lambda: rows_audited(pipeline, frozen) == before[frozen], "they are audited", 60)
    poll_until(lambda: quotes_read(pipeline) == COUNT, "the dashboard has read them", 30)

    withhold(rig, frozen)
    clock = Clock(stack, frozen)
    sent += send_quotes(pipeline, COUNT)
    aim = ends(pipeline)
    others = {place: end for place, end in aim.items() if place != frozen}
    poll_until(lambda: on_s3(pipeline, others), "the other partitions go on", NAMED_SECONDS)
    assert not on_s3(pipeline, aim), "one partition is frozen for the sink"
    assert quotes_read(pipeline) == 2 * COUNT - (aim[frozen] - before[frozen]), "and for the dashboard"
    poll_until(clock.all_named, "each reader names it", NAMED_SECONDS - clock.seconds())
    rest = HEALED_SECONDS - clock.seconds()
    poll_until(lambda: on_s3(pipeline, aim), "the sink goes on by itself", rest)
    named = {name: round(seconds) for name, seconds in clock.named.items()}
    print(f"{frozen}: named after {named} s, on S3 after {clock.seconds():.0f} s")
    assert quotes_read(pipeline) >= 2 * COUNT + aim[frozen] - before[frozen], (
        "the dashboard has read them all"
    )
    poll_until(
        lambda: all(rows_audited(pipeline, place) == end for place, end in aim.items()),
        "the loader has loaded and the running auditor has compared them",
        HEALED_SECONDS - clock.seconds(),
    )
    print(f"{frozen}: loaded and audited after {clock.seconds():.0f} s")
    assert value(pipeline, "auditor", "stock_auditor_complete") == 1

    assert offsets_on_s3(pipeline) == {number: list(range(end)) for (_, number), end in aim.items()}
    assert sorted(row[0] for row in pipeline.query(IDS)) == sorted(quote.event_id for quote in sent)
    pipeline.check_complete()
