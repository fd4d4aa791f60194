"""Sinks of one group, made of the product's own parts, and a platform that starts them again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from traceback import extract_tb
from typing import Any

from stock_common.run import run
from stock_objects.store import ObjectStore
from stock_s3_sink.backpressure import Backpressure
from stock_s3_sink.cutter import Limits
from stock_s3_sink.dead_letters import Allowance, DeadLetterTopic
from stock_s3_sink.liveness import Liveness
from stock_s3_sink.loop import Sink, Stages
from stock_s3_sink.progress import Progress
from stock_s3_sink.resume import Resumer, TopicLog
from stock_s3_sink.source import KafkaSource
from stock_s3_sink.status import StatusReporter
from stock_s3_sink.uploads import Uploads
from stock_s3_sink.writer import LinkWriter

from .engine import Died, Process, Violation, process
from .group import Group, Member
from .kafka import Cluster, Reader
from .letters import Producer
from .s3 import EPOCH, Bucket, Client
from .stand_ins import LOG, SILENT, settings
from .threads import CLOCK
from .world import World

MAX_POLL_SECONDS = 300.0
RESTART_SECONDS = 4.0


def store(bucket: Bucket) -> ObjectStore:
    """The product's adapter over the simulated client."""
    made: Any = ObjectStore.__new__(ObjectStore)
    made.bucket, made._client = "bucket", Client(bucket)
    return made


def crash(error: Exception) -> str:
    """The error, and the product's function that raised it."""
    frames = [frame for frame in extract_tb(error.__traceback__) if "stock_" in frame.filename]
    return f"{type(error).__name__} in {frames[-1].name}: {error}" if frames else repr(error)


class Stop:
    """A stop of the process that the schedule asks for, and of a wait that it interrupts."""

    def __init__(self, world: World) -> None:
        self._world, self.asked = world, False

    def __bool__(self) -> bool:
        return self.asked

    def wait(self, seconds: float) -> bool:
        if not self.asked:
            self._world.sleep(max(seconds, 0.01))
        return self.asked


class Sinks:
    """`fatal` has the reason of each end that an operator must see."""

    def __init__(self, world: World, cluster: Cluster, bucket: Bucket, limits: Limits) -> None:
        self.world, self.cluster, self.bucket, self.limits = world, cluster, bucket, limits
        self.group = Group(cluster)
        self.running: dict[int, tuple[Process, Stop]] = {}
        self.fatal: list[str] = []
        self.starts = 0
        self.restarts: dict[int, int] = {}

    def start(self, number: int) -> None:
        self.starts += 1
        who = Process(self.world, f"sink {number}.{self.starts}")
        who.kafka = self.cluster
        stop = Stop(self.world)
        self.running[number] = (who, stop)
        who.on_silence.append(lambda: who.alive or self._restart(number))
        self.world.say(who.name, "starts")
        who.spawn(partial(self._main, number, stop))

    def stop(self, number: int) -> None:
        """SIGTERM."""
        if number in self.running:
            who, stop = self.running[number]
            stop.asked = True
            who.nudge()

    def _restart(self, number: int) -> None:
        pause = RESTART_SECONDS * 2.0 ** min(6, self.restarts.get(number, 0))
        self.restarts[number] = self.restarts.get(number, 0) + 1
        self.world.at(pause, lambda: self.start(number))

    def _main(self, number: int, stop: Stop) -> None:
        who = process()
        try:
            made = self._sink(stop)
            run(made.poll_once, made.close, SILENT, stop, LOG)
        except (Violation, Died):
            raise
        except Exception as error:
            raise Violation(f"{who.name} crashed: {crash(error)}") from error
        finally:
            self.fatal += who.fatal
        if who.alive:
            who.kill()

    def _sink(self, stop: Stop) -> Sink:
        bucket = store(self.bucket)
        source = KafkaSource(
            settings(lambda: Member(self.cluster, self.group), lambda: Reader(self.cluster)), "sinks"
        )
        liveness = Liveness(MAX_POLL_SECONDS, CLOCK)
        status = StatusReporter(SILENT, SILENT, LOG, lambda: EPOCH + timedelta(seconds=self.world.now))
        producer: Any = Producer(self.cluster)
        letters = DeadLetterTopic({}, Allowance(1000, 100), lambda _: producer)
        writer = LinkWriter(
            bucket, letters, TopicLog(source), liveness.fresh, status.retry, self.world.random.random
        )
        stages = Stages(
            source,
            Progress(source.ends),
            Backpressure(source, 10_000),
            Resumer(source, bucket, writer, status, liveness, stop.wait),
            Uploads(writer, 4),
            status,
        )
        return Sink(stages, self.limits, liveness, LOG)
