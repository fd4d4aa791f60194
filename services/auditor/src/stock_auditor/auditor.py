"""One audit after another: reads each chain's stages in order, compares them, and remembers how far each chain was found equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from stock_auditor.compare import compare
from stock_auditor.evidence import Evidence, Log
from stock_auditor.findings import Finding, Kind
from stock_auditor.known import Known
from stock_auditor.stages import BucketStage, LogStage, NotCompared, WarehouseStage, reading
from stock_common import keys
from stock_common.status import AuditStatus
from stock_kafka.cluster import TopicState
from stock_objects.chain import Chain


class Interrupted(Exception):
    """The audit was given up between two chains: the process is to stop."""


class Audited(NamedTuple):
    """A verdict for the status topic, and its findings counted by kind."""

    status: AuditStatus
    kinds: Mapping[Kind, int]


class Auditor:
    """`limit` is the age in seconds up to which an offset may be in flight, `now` gives the time in UTC.

    `go_on` is called between chains; when it says no, the audit raises Interrupted.
    """

    def __init__(
        self,
        warehouse: WarehouseStage,
        bucket: BucketStage,
        log: LogStage,
        topics: Sequence[str],
        limit: float,
        now: Callable[[], datetime],
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._warehouse, self._bucket, self._log = warehouse, bucket, log
        self._topics, self._limit, self._now, self._go_on = topics, limit, now, go_on
        self._known: dict[Chain, Known] = {}
        self._elsewhere: list[Finding] = []
        self._accepted: Mapping[str, str] = {}
        self._warehouse_at: datetime | None = None

    def audit_all(self, by_range: bool = False) -> Audited:
        """Compares every chain from its start, S3 by LIST and the table by totals; `by_range`: by every object's metadata and by offsets.

        Raises NotCompared.
        """
        before, self._known = self._known, {}
        try:
            return self._audit(None, by_range)
        except (NotCompared, Interrupted):
            self._known = before
            raise

    def audit_new(self, loaded: Mapping[Chain, int] | None = None) -> Audited:
        """Compares what is behind the checkpoints. The warehouse is asked about the chains of `loaded` (chain → last loaded offset) that

        have something new or were not equal; None: it is not asked, its last answer stands. Raises NotCompared.
        """
        asked = set() if loaded is None else {chain for chain, last in loaded.items() if last >= self._of(chain).checkpoint.next}
        if loaded is not None:
            asked |= {chain for chain, known in self._known.items() if known.outcome is None or known.outcome.findings}
        return self._audit(asked, False)

    def _of(self, chain: Chain) -> Known:
        return self._known.setdefault(chain, Known())

    def _audit(self, asked: Collection[Chain] | None, by_range: bool) -> Audited:
        everything, started = asked is None, self._now()
        with reading("snowflake"):
            chains = {chain for topic in self._topics for chain in self._warehouse.chains(topic)} if everything else set(asked or ())
        chains |= set(self._known)
        if everything or asked:
            # In between Kafka tells of every chain that can begin.
            with reading("s3"):
                chains |= {chain for topic in self._topics for chain in self._bucket.chains(topic)}
        with reading("kafka"):
            states = self._log.topics(self._topics)
            self._accepted = self._log.accepted()
        chains |= {Chain(state.name, state.topic_id, partition) for state in states.values() for partition in range(state.partitions)}
        for chain in sorted(chains):
            if not self._go_on():
                raise Interrupted
            self._compare(chain, states, everything or chain in (asked or ()), by_range)
        if everything or asked:
            self._look_elsewhere(chains)
            self._warehouse_at = started
        with reading("kafka"):
            letters = self._log.dead_letters()
        lacking = sorted({chain.topic for chain in chains} - set(states))
        topicless = [Finding(Kind.NO_TOPIC, f"S3 or Snowflake holds chains of {topic}, but Kafka has no such topic") for topic in lacking]
        return self._verdict(sorted(chains), [*topicless, *self._elsewhere], started, everything, letters)

    def _compare(self, chain: Chain, states: Mapping[str, TopicState], ask: bool, by_range: bool) -> None:
        """One chain. The order of reading matters: see `compare`."""
        known, now = self._of(chain), self._now()
        log = None if ask else self._read_log(chain, states, now)
        objects, listed_at = known.objects, known.listed_at
        if ask or not known.rests(log, now):
            if ask:
                with reading("snowflake"):
                    known.reading = self._warehouse.read(chain, known.checkpoint.next, by_range)
            listed_at = self._now()
            with reading("s3"):
                objects = self._bucket.read(chain, known.checkpoint.key, known.reading.ledger if known.reading else (), by_range)
            now = self._now()
            log = self._read_log(chain, states, now)
        known.take(compare(Evidence(chain, known.checkpoint, log, objects, known.reading, now, self._limit, self._accepted)), objects, listed_at)

    def _read_log(self, chain: Chain, states: Mapping[str, TopicState], now: datetime) -> Log | None:
        """None: Kafka no longer has the topic id, or the partition."""
        state = states.get(chain.topic)
        if state is None or state.topic_id != chain.topic_id or chain.partition >= state.partitions:
            return None
        with reading("kafka"):
            return self._log.read(chain.topic, chain.partition, now, self._limit)

    def _look_elsewhere(self, chains: Collection[Chain]) -> None:
        """Objects of no chain, and quarantined ones that no chain's comparison has named."""
        with reading("snowflake"):
            quarantined = self._warehouse.quarantined()
        places = [keys.ROOT] if len(self._topics) > 1 else [keys.topic_prefix(topic) for topic in self._topics]
        with reading("s3"):
            strays = [key for place in places for key in self._bucket.strays(chains, place)]
        named = {row.key for known in self._known.values() if known.reading for row in known.reading.ledger}
        reasons = {key: reason for key, reason in quarantined if key not in named and key.startswith(tuple(places))}
        self._elsewhere = [Finding(Kind.QUARANTINED, f"{key}: {reason}") for key, reason in reasons.items()]
        self._elsewhere += [Finding(Kind.FOREIGN, f"{key} is in no chain") for key in strays if key not in reasons]

    def _verdict(self, chains: Sequence[Chain], elsewhere: Sequence[Finding], started: datetime, everything: bool, letters: int) -> Audited:
        outcomes = [outcome for chain in chains if (outcome := self._known[chain].outcome)]
        findings = [*(finding for outcome in outcomes for finding in outcome.findings), *elsewhere]
        status = AuditStatus(
            at=started,
            complete=not findings,
            full=everything,
            warehouse_at=self._warehouse_at,
            partitions=[outcome.verdict for outcome in outcomes],
            dead_letters=letters,
            findings=[str(finding) for finding in elsewhere],
        )
        return Audited(status, Counter(finding.kind for finding in findings))
