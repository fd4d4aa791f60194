"""One partition of six stands still for the sink: it is named, the sink heals by itself, nothing is lost.

A proxy before the broker takes that partition's records out of the answers to the connections that are open.
A new assignment uses these connections again, so the sink ends, and whoever runs it starts it again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from chaos.fetches import Withheld
from chaos.frozen import NAMED, NAMED_SECONDS
from chaos.lines import KafkaLine
from chaos.links import Link
from stock_common.topics import QUOTES
from stock_kafka.cluster import describe
from stock_stack.counts import Place
from stock_stack.layout import Layout
from stock_stack.ports import HOST, free
from stock_stack.stack import Stack
from stock_testing.pipeline import QUICK, Pipeline
from stock_testing.poll import poll_until
from stock_testing.proxy import Running
from stock_testing.quotes import send_quotes
from stock_testing.stages import offsets_on_s3

HEALED_SECONDS = 120.0
COUNT = 240


class Rig(NamedTuple):
    """A sink, which speaks to the broker through the line."""

    pipeline: Pipeline
    line: Running[KafkaLine]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    ports = free()
    with closing(Running(KafkaLine(Link("s3-sink", "kafka"), ports["kafka-s3-sink"]))) as line:
        own, sinks = f"PLAINTEXT://{HOST}:{ports['kafka']}", f"SINK://{HOST}:"
        broker = {
            "listeners": f"{own},{sinks}{ports['kafka-s3-sink']}",
            "advertised.listeners": f"{own},{sinks}{line.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SINK:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }
        with Stack(Layout(tmp_path, ports, QUICK, (broker,)), print) as stack:
            stack.start("s3-sink", environment={"KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{line.port}"})
            with closing(Pipeline(stack)) as pipeline:
                yield Rig(pipeline, line)


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


def names(stack: Stack, partition: int) -> bool:
    lines = stack.layout.log("s3-sink").read_text().splitlines()
    return any(NAMED in line and json.loads(line)["partition"] == partition for line in lines)


@pytest.mark.timeout(420)
def test_a_frozen_partition_is_named_and_heals_by_itself(rig: Rig) -> None:
    pipeline, stack, line = rig.pipeline, rig.pipeline.stack, rig.line.proxy
    send_quotes(pipeline, COUNT)
    before = ends(pipeline)
    poll_until(lambda: on_s3(pipeline, before), "the first quotes are on S3", 60)
    frozen = max(before, key=lambda place: before[place])
    topic = describe(AdminClient({"bootstrap.servers": pipeline.servers}), [QUOTES.name])[QUOTES.name]

    line.withhold(Withheld(bytes.fromhex(topic.topic_id), frozen[1]))
    begun = time.monotonic()
    send_quotes(pipeline, COUNT)
    aim = ends(pipeline)
    others = {place: end for place, end in aim.items() if place != frozen}
    poll_until(lambda: on_s3(pipeline, others), "the other partitions go on", NAMED_SECONDS)
    assert not on_s3(pipeline, aim), "one partition is frozen"
    poll_until(lambda: names(stack, frozen[1]), "the sink names it", NAMED_SECONDS)
    named = time.monotonic() - begun
    poll_until(lambda: on_s3(pipeline, aim), "the sink goes on by itself", HEALED_SECONDS - named)
    healed = time.monotonic() - begun
    print(f"{QUOTES.name}/{frozen[1]}: named after {named:.0f} s, healed after {healed:.0f} s")
    assert named <= NAMED_SECONDS
    assert offsets_on_s3(pipeline) == {number: list(range(end)) for (_, number), end in aim.items()}
