"""A consumer group and its members, with the eager protocol: all is revoked before anything is assigned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from .engine import Process, process
from .kafka import Cluster, Message, Place, Record

SESSION_SECONDS, POLL_SECONDS = 45.0, 300.0
LONGEST_IDLE = 40.0


class Group:
    """The coordinator. `sleeping` members send no heartbeat."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.world = cluster, cluster.world
        self.members: list[Member] = []
        self.waiting: set[Member] = set()
        self.round = 0

    def join(self, member: Member) -> None:
        if member not in self.members:
            self.members.append(member)
            self.rebalance()

    def leave(self, member: Member, why: str) -> None:
        if member in self.members:
            self.world.say("group", f"{member.process.name} is out: {why}")
            self.members.remove(member)
            member.out = True
            self.rebalance()

    def rebalance(self) -> None:
        self.round += 1
        self.waiting = set(self.members)
        number = self.round
        for member in self.members:
            member.rejoin = True
            member.process.nudge()
        self.world.at(POLL_SECONDS, lambda: self._expel(number))

    def joined(self, member: Member) -> None:
        self.waiting.discard(member)
        if not self.waiting:
            self._assign()

    def watch(self, member: Member) -> None:
        """Called when a member dies or falls asleep: the session ends when it is silent for too long."""

        def look() -> None:
            silent = not member.process.alive or member.process.paused_until > self.world.now
            if silent and member in self.members:
                self.leave(member, "no heartbeat")

        self.world.at(SESSION_SECONDS, look)

    def _expel(self, number: int) -> None:
        if number == self.round and self.waiting:
            for member in [each for each in self.members if each in self.waiting]:
                self.members.remove(member)
                member.out = True
            self.rebalance()

    def _assign(self) -> None:
        places = [
            (name, number)
            for name, topic in self.cluster.topics.items()
            if self.members and name in self.members[0].topics
            for number in range(len(topic.logs))
        ]
        for index, member in enumerate(self.members):
            member.rejoin = False
            member.given = [place for at, place in enumerate(places) if at % len(self.members) == index]
            member.process.nudge()


class Member:
    """confluent_kafka.Consumer in a group, of one process."""

    def __init__(self, cluster: Cluster, group: Group) -> None:
        self.cluster, self.group, self.world = cluster, group, cluster.world
        self.process: Process = process()
        self.topics: list[str] = []
        self.rejoin, self.out = False, False
        self.given: list[Place] | None = None
        self.owned: list[Place] = []
        self.positions: dict[Place, int] = {}
        self.epochs: dict[Place, int] = {}
        self.paused: set[Place] = set()
        self.frozen: set[Place] = set()
        self.fetched: list[tuple[Place, Record]] = []
        self._polled, self._idle = self.world.now, 0.5
        cluster.readers.append(self.process)
        self.process.on_silence.append(lambda: group.watch(self))

    def subscribe(self, topics: list[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self.topics = topics
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self.group.join(self)

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self.positions = {(each.topic, each.partition): each.offset for each in partitions}
        self.fetched, self.epochs, self.frozen = [], {}, set()

    def unassign(self) -> None:
        self.assign([])

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self.positions]

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        places = {(each.topic, each.partition) for each in partitions}
        self.paused |= places
        self.fetched = [each for each in self.fetched if each[0] not in places]

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        self.paused -= {(each.topic, each.partition) for each in partitions}

    def commit(self, offsets: Iterable[TopicPartition], asynchronous: bool) -> None:
        process().check()

    def close(self) -> None:
        if self.owned and not self.out:
            self._revoke(self._on_revoke)
        self.group.leave(self, "closed")

    def consume(self, count: int, seconds: float) -> list[Message]:
        process().check()
        if self.world.now - self._polled > POLL_SECONDS:
            self.group.leave(self, "no poll")
        self._polled = self.world.now
        self._follow_the_group()
        found = self._deliver(count)
        if not found:
            self._idle = min(LONGEST_IDLE, 2 * self._idle)
            self.process.wait_for_news(max(seconds, self._idle))
            self._polled = self.world.now
            self._follow_the_group()
            found = self._deliver(count)
        else:
            self.world.sleep(0.01)
        if found:
            self._idle = 0.25
        return found

    def _follow_the_group(self) -> None:
        if self.out:
            if self.owned:
                self._revoke(self._on_lost)
            self.out = False
            self.group.join(self)
        if self.rejoin and self in self.group.waiting:
            if self.owned:
                self._revoke(self._on_revoke)
            self.group.joined(self)
        if self.given is not None and not self.rejoin and not self.out:
            self.owned, self.given = self.given, None
            self.world.say(self.process.name, f"is given {', '.join(f'{t}/{p}' for t, p in self.owned)}")
            self._on_assign(self, [TopicPartition(*place) for place in self.owned])

    def _revoke(self, callback: Any) -> None:
        owned, self.owned, self.given = self.owned, [], None
        callback(self, [TopicPartition(*place) for place in owned])

    def _deliver(self, count: int) -> list[Message]:
        """What was fetched before, or else what is fetched now. The client fetches ahead."""
        found: list[Message] = []
        if not self.fetched:
            self._fetch(found)
        taken, self.fetched = self.fetched[:count], self.fetched[count:]
        messages = [Message(place, record) for place, record in taken if place not in self.paused]
        if messages and not self.fetched:
            self._fetch([])
        return messages + found

    def _fetch(self, errors: list[Message]) -> None:
        for place, position in list(self.positions.items()):
            if place not in self.paused and place not in self.frozen and place[0] in self.cluster.topics:
                self._fetch_from(place, position, errors)

    def _fetch_from(self, place: Place, position: int, errors: list[Message]) -> None:
        log = self.cluster.log(place)
        if log.busy_until > self.world.now:
            return
        if (epoch := self.epochs.get(place)) is not None and epoch < log.epoch and position > log.end:
            errors.append(Message(place, None, KafkaError(KafkaError._LOG_TRUNCATION)))
            del self.positions[place]
            return
        if not log.first <= position <= log.end:
            errors.append(Message(place, None, KafkaError(KafkaError._AUTO_OFFSET_RESET)))
            del self.positions[place]
            return
        records = log.since(position)[:20]
        bad = next((at for at, record in enumerate(records) if record.offset in log.unreadable), None)
        if bad is not None:
            records = records[:bad]
            if not records:
                errors.append(Message(place, None, KafkaError(KafkaError._BAD_MSG)))
        if records and (found := self._disturbed(place, records)) is not None:
            self.positions[place], self.epochs[place] = records[-1].offset + 1, records[-1].epoch
            self.fetched += [(place, record) for record in found if record.value is not None]

    def _disturbed(self, place: Place, records: list[Record]) -> list[Record] | None:
        """The client may leave records out, bring some again, or stop to fetch the partition (None)."""
        fault = self.world.fault_of("fetch")
        if fault is None:
            return records
        self.world.say(self.process.name, f"its client has the fault: {fault.name}")
        if fault.name == "stands still":
            self.frozen.add(place)
            return None
        at = int(fault.size) % len(records)
        if fault.name == "leaves out":
            return records[:at] + records[at + 1 :]
        return records[: at + 1] + records[max(0, at - 1) :]
