"""One audit after another: reads each chain's stages in order, compares them, and remembers how far each chain was found equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from stock_auditor.compare import Outcome, compare
from stock_auditor.evidence import START, Checkpoint, Evidence, LedgerRow, Log, Reading, Stored
from stock_auditor.findings import Finding, Kind
from stock_common import keys
from stock_common.run import FatalError
from stock_common.status import AuditStatus
from stock_kafka.cluster import TopicState, Unreachable
from stock_objects.chain import Chain
from stock_objects.errors import Conflict, ObjectError
from stock_warehouse.errors import WarehouseError

STAGES = ("kafka", "s3", "snowflake")


class NotCompared(Exception):
    """A stage could not be read, so there is no verdict. `fatal` where an operator must act."""

    def __init__(self, stage: str, text: str, fatal: bool) -> None:
        super().__init__(text)
        self.stage = stage
        self.fatal = fatal


class Interrupted(Exception):
    """The audit was given up between two chains: the process is to stop."""


class WarehouseStage(Protocol):
    def chains(self, topic: str) -> set[Chain]: ...
    def quarantined(self) -> list[tuple[str, str]]: ...
    def read(self, chain: Chain, since: int, by_range: bool) -> Reading: ...


class BucketStage(Protocol):
    def chains(self, topic: str) -> set[Chain]: ...
    def read(self, chain: Chain, after: str | None, ledger: Iterable[LedgerRow], every_head: bool) -> tuple[Stored, ...]: ...
    def strays(self, known: Collection[Chain], prefix: str = ...) -> list[str]: ...


class LogStage(Protocol):
    def topics(self, names: Iterable[str]) -> dict[str, TopicState]: ...
    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log: ...
    def dead_letters(self) -> int: ...
    def accepted(self) -> Mapping[str, str]: ...


class Audited(NamedTuple):
    """A verdict for the status topic, and its findings counted by kind."""

    status: AuditStatus
    kinds: Mapping[Kind, int]


@dataclass
class _Known:
    """What is remembered of a chain: up to where it was equal, and the warehouse's last answer about the rest."""

    checkpoint: Checkpoint = START
    reading: Reading | None = None
    outcome: Outcome | None = None


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
        self._known: dict[Chain, _Known] = {}
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

    def _of(self, chain: Chain) -> _Known:
        return self._known.setdefault(chain, _Known())

    def _audit(self, asked: Collection[Chain] | None, by_range: bool) -> Audited:
        everything, started = asked is None, self._now()
        with _reading("snowflake"):
            chains = {chain for topic in self._topics for chain in self._warehouse.chains(topic)} if everything else set(asked or ())
        with _reading("s3"):
            chains |= {chain for topic in self._topics for chain in self._bucket.chains(topic)} | set(self._known)
        with _reading("kafka"):
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
        with _reading("kafka"):
            letters = self._log.dead_letters()
        lacking = sorted({chain.topic for chain in chains} - set(states))
        topicless = [Finding(Kind.NO_TOPIC, f"S3 or Snowflake holds chains of {topic}, but Kafka has no such topic") for topic in lacking]
        return self._verdict(sorted(chains), [*topicless, *self._elsewhere], started, everything, letters)

    def _compare(self, chain: Chain, states: Mapping[str, TopicState], ask: bool, by_range: bool) -> None:
        """One chain. The order of reading matters: see `compare`."""
        known = self._of(chain)
        if ask:
            with _reading("snowflake"):
                known.reading = self._warehouse.read(chain, known.checkpoint.next, by_range)
        with _reading("s3"):
            objects = self._bucket.read(chain, known.checkpoint.key, known.reading.ledger if known.reading else (), by_range)
        now = self._now()
        log = None
        state = states.get(chain.topic)
        if state is not None and state.topic_id == chain.topic_id and chain.partition < state.partitions:
            with _reading("kafka"):
                log = self._log.read(chain.topic, chain.partition, now, self._limit)
        known.outcome = compare(Evidence(chain, known.checkpoint, log, objects, known.reading, now, self._limit, self._accepted))
        if known.outcome.checkpoint != known.checkpoint:
            known.checkpoint, known.reading = known.outcome.checkpoint, Reading()

    def _look_elsewhere(self, chains: Collection[Chain]) -> None:
        """Objects of no chain, and quarantined ones that no chain's comparison has named."""
        with _reading("snowflake"):
            quarantined = self._warehouse.quarantined()
        places = [keys.ROOT] if len(self._topics) > 1 else [keys.topic_prefix(topic) for topic in self._topics]
        with _reading("s3"):
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


@contextmanager
def _reading(stage: str) -> Iterator[None]:
    """What the stage raises, as NotCompared."""
    try:
        yield
    except (Unreachable, ObjectError, Conflict, WarehouseError) as error:
        raise NotCompared(stage, str(error), False) from error
    except FatalError as error:
        raise NotCompared(stage, str(error), True) from error
