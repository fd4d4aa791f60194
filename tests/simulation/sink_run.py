"""One run of sinks over Kafka and S3: plays a schedule, lets it settle, and has it judged."""

from __future__ import annotations

from collections.abc import Callable

from stock_common.keys import ObjectKey, hour_of
from stock_common.links import Link
from stock_objects.chain import Chain
from stock_s3_sink.cutter import Limits

from . import judge
from .engine import Violation
from .kafka import Cluster, Place
from .s3 import EPOCH, STRANGER, Bucket
from .schedule import HORIZON, Item, Schedule
from .sinks import Sinks
from .threads import CLOCK
from .world import World

TOPIC = "stock-data"
HOUR_MS = 3_600_000
SETTLE_SECONDS = 3600.0 * 6
FLUSH_SECONDS = 2.0
AWAKE_SECONDS = 90.0


class SinkRun:
    """The world of one schedule."""

    def __init__(self, schedule: Schedule, story: list[str] | None = None) -> None:
        self.schedule = schedule
        self.world = CLOCK.world = World(schedule.seed, schedule.faults, story)
        self.cluster = Cluster(self.world, {TOPIC: schedule.partitions, "stock-dlq": 1})
        self.bucket = Bucket(self.world)
        self.sinks = Sinks(
            self.world, self.cluster, self.bucket, Limits(schedule.rows, 10_000, FLUSH_SECONDS)
        )
        self.values = 0
        self.unclean = False
        self._looked_at = -1

    def play(self) -> None:
        """Raises Violation."""
        for number in range(self.schedule.sinks):
            self.world.at(0.1 * number, lambda number=number: self.sinks.start(number))
        for item in self.schedule.items:
            if item.kind == "time":
                self.world.at(item.at, lambda item=item: self._act(item))
        self.world.run(lambda: False, HORIZON)
        self.heal()
        settled = self.world.run(self._settled, SETTLE_SECONDS)
        self._wake_all()
        judge.sinks(self)
        if not settled and not self.unclean:
            raise Violation(f"the sinks stand still: {self._ends()}, {self.sinks.fatal[-1:]}")

    def heal(self) -> None:
        """No more faults. An operator moves away what only an operator can."""
        world = self.world
        world.say("world", "from now on nothing goes wrong")
        world.calm = True
        for topic in self.cluster.topics.values():
            for log in topic.logs:
                log.unreadable.clear()
        for key in [name for name, stored in self.bucket.held.items() if stored.by == STRANGER]:
            self.bucket.remove(key)

    def _wake_all(self) -> None:
        """Who still stands still wakes, hours later, and does what it was about to do."""
        asleep = [who for who in self.world.processes if who.alive and who.paused_until > self.world.now]
        for who in asleep:
            self.world.say(who.name, "wakes")
            who.go_on(at_once=True)
        if asleep:
            self.world.run(lambda: False, AWAKE_SECONDS)

    def _settled(self) -> bool:
        """Looks when something was put, and where the sinks can never go on: after an unclean election."""
        if self.unclean and any("was truncated" in reason for reason in self.sinks.fatal):
            return True
        if self._looked_at == len(self.bucket.puts):
            return False
        self._looked_at = len(self.bucket.puts)
        return all(end >= log_end for end, log_end in self._ends().values())

    def _ends(self) -> dict[Place, tuple[int, int]]:
        topic = self.cluster.topics[TOPIC]
        found = {}
        for number, log in enumerate(topic.logs):
            links = judge.links(self.bucket, Chain(TOPIC, topic.topic_id, number))
            found[TOPIC, number] = (links[-1].last + 1 if links else 0, log.end)
        return found

    def _act(self, item: Item) -> None:
        name = item.name.replace(" ", "_")
        place = (TOPIC, item.number % self.schedule.partitions)
        act: Callable[[Place, Item], None] = getattr(self, f"_do_{name}")
        self.world.say("world", f"{item.name} {place[1]} ({item.size:.0f})")
        act(place, item)

    def _do_produce(self, place: Place, item: Item, kind: bytes = b"good") -> None:
        for _ in range(int(item.size)):
            self.values += 1
            self.cluster.append(place, b"%s %d" % (kind, self.values))

    def _do_produce_bad(self, place: Place, item: Item) -> None:
        self._do_produce(place, item, b"bad")

    def _do_marker(self, place: Place, item: Item) -> None:
        self.cluster.append(place, None)

    def _do_clock_on(self, place: Place, item: Item) -> None:
        self.cluster.clock_ms += HOUR_MS

    def _do_clock_back(self, place: Place, item: Item) -> None:
        self.cluster.clock_ms -= HOUR_MS

    def _do_expire(self, place: Place, item: Item) -> None:
        self.cluster.expire(place, int(item.size))

    def _do_elect(self, place: Place, item: Item) -> None:
        self.cluster.elect(place, 0)

    def _do_elect_unclean(self, place: Place, item: Item) -> None:
        if self.cluster.log(place).records:
            self.unclean = True
            self.cluster.elect(place, int(item.size))

    def _do_remake(self, place: Place, item: Item) -> None:
        self.cluster.make(TOPIC, self.schedule.partitions)
        self.sinks.group.rebalance()

    def _do_stop(self, place: Place, item: Item) -> None:
        self.sinks.stop(item.number)

    def _do_kill(self, place: Place, item: Item) -> None:
        if item.number in self.sinks.running:
            self.sinks.running[item.number][0].kill()

    def _do_sleep(self, place: Place, item: Item) -> None:
        if item.number in self.sinks.running:
            self.sinks.running[item.number][0].pause(item.size)

    def _do_join(self, place: Place, item: Item) -> None:
        self.sinks.start(len(self.sinks.running))

    def _do_unreadable(self, place: Place, item: Item) -> None:
        log = self.cluster.log(place)
        log.unreadable.add(log.end + int(item.size) - 1)

    def _do_stranger(self, place: Place, item: Item) -> None:
        self._put_stranger(place, item, {})

    def _do_forged_link(self, place: Place, item: Item) -> None:
        """A link that fits the chain, and goes beyond the log's end."""
        first, end = self._ends()[place]
        last = end + 100
        chain = Chain(TOPIC, self.cluster.topics[TOPIC].topic_id, place[1])
        key = ObjectKey(*chain, hour_of(EPOCH), first)
        self._put_stranger(place, item, Link(key, last, last - first + 1).metadata())

    def _put_stranger(self, place: Place, item: Item, metadata: dict[str, str]) -> None:
        chain = Chain(TOPIC, self.cluster.topics[TOPIC].topic_id, place[1])
        links = judge.links(self.bucket, chain)
        hour = links[-1].key.hour if links else hour_of(EPOCH)
        first = links[-1].last + 1 if links else 0
        if not metadata and item.size > 3:
            first += int(item.size)
        key = str(ObjectKey(*chain, hour, first))
        if key not in self.bucket.held:
            self.bucket.put(key, b"" if metadata else b"stranger", metadata, STRANGER)
