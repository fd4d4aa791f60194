"""Audits: reads each chain's stages in order, compares them, and remembers how far each chain was equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from stock_auditor.compare.chain import Outcome, compare
from stock_auditor.compare.checkpoint import ChainMemory
from stock_auditor.compare.evidence import START, Evidence, Log
from stock_auditor.compare.findings import Finding, Kind, named
from stock_auditor.scope import Scope, kafka_chains, without_topic
from stock_auditor.stages.base import NotCompared, Stages, reading
from stock_common import keys
from stock_common.links import Link
from stock_common.status import AuditStatus, PartitionVerdict
from stock_kafka.cluster import TopicState
from stock_objects.chain import Chain


class Interrupted(Exception):
    """The audit was given up between two chains, because the process is to stop."""


class Audited(NamedTuple):
    """A verdict for the status topic, and its findings counted by kind.

    unread: the links that have holes where Kafka has records.
    """

    status: AuditStatus
    kinds: Mapping[Kind, int]
    unread: list[Link]


class Auditor:
    """Compares the chains of `topics`.

    limit: up to this age in seconds an offset may be in flight.
    now: the time in UTC.
    go_on: called between chains. When it returns False, the audit raises Interrupted.
    """

    def __init__(
        self,
        stages: Stages,
        topics: Sequence[str],
        limit: float,
        now: Callable[[], datetime],
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._stages, self._topics, self._limit = stages, topics, limit
        self._now, self._go_on = now, go_on
        self._chains: dict[Chain, ChainMemory] = {}
        self._outside: list[Finding] = []
        self._across: Mapping[Chain, int] = {}
        self._accepted: Mapping[str, str] = {}
        self._warehouse_at: datetime | None = None

    def audit_all(self, by_range: bool = False) -> Audited:
        """Compares every chain from its start: S3 by LIST, and the table by totals.

        With `by_range` it also reads every object's metadata, and the table by offsets. Raises NotCompared.
        """
        before, self._chains = self._chains, {}
        try:
            return self._audit(Scope(True, by_range=by_range))
        except (NotCompared, Interrupted):
            self._chains = before
            raise

    def audit_new(self, loaded: Mapping[Chain, int] | None = None) -> Audited:
        """Compares what follows the checkpoints.

        loaded: chain → last loaded offset. The warehouse is asked about those with something new, and about
            chains that were not equal. None: it is not asked, and its last answer stands.

        Raises NotCompared.
        """
        if loaded is None:
            return self._audit(Scope(False))
        new = {chain for chain, last in loaded.items() if last >= self._next(chain)}
        not_equal = {
            chain
            for chain, memory in self._chains.items()
            if memory.outcome is None or memory.outcome.findings
        }
        return self._audit(Scope(False, new | not_equal))

    def _next(self, chain: Chain) -> int:
        return self._chains[chain].checkpoint.next if chain in self._chains else START.next

    def _of(self, chain: Chain) -> ChainMemory:
        return self._chains.setdefault(chain, ChainMemory())

    def _audit(self, scope: Scope) -> Audited:
        started = self._now()
        chains = self._fed_chains(scope)
        with reading("kafka"):
            states = self._stages.kafka.topics(self._topics)
            self._accepted = self._stages.kafka.accepted()
        chains |= kafka_chains(states)
        self._compare_all(sorted(chains), states, scope)
        if scope.asks_warehouse:
            self._outside = self._read_outside(chains)
            self._warehouse_at = started
        if scope.everything:
            self._across = self._read_across()
        with reading("kafka"):
            letters = self._stages.kafka.dead_letters()
        elsewhere = [*without_topic(chains, states), *self._outside]
        outcomes = [outcome for chain in sorted(chains) if (outcome := self._chains[chain].outcome)]
        kinds = _by_kind(outcomes, elsewhere)
        status = AuditStatus(
            at=started,
            complete=not kinds,
            full=scope.everything,
            warehouse_at=self._warehouse_at,
            partitions=[self._with_resent(outcome.verdict) for outcome in outcomes],
            dead_letters=letters,
            findings=[*map(str, elsewhere)],
        )
        return Audited(status, kinds, [link for outcome in outcomes for link in outcome.unread])

    def _read_across(self) -> dict[Chain, int]:
        """Events that are in several chains, counted for one of them."""
        found: dict[Chain, int] = {}
        with reading("snowflake"):
            for topic in self._topics:
                found |= self._stages.warehouse.resent_across(topic)
        return found

    def _with_resent(self, verdict: PartitionVerdict) -> PartitionVerdict:
        """Adds events that another chain of the topic has too, as of the last comparison of everything."""
        chain = Chain(verdict.topic, verdict.topic_id, verdict.partition)
        return msgspec.structs.replace(verdict, resent=verdict.resent + self._across.get(chain, 0))

    def _fed_chains(self, scope: Scope) -> set[Chain]:
        """The chains that the warehouse or S3 holds, or that are remembered.

        What a status message names is only asked about where one of the stages has it.
        """
        chains = set(self._chains)
        if scope.everything:
            with reading("snowflake"):
                chains |= {chain for topic in self._topics for chain in self._stages.warehouse.chains(topic)}
        if scope.asks_warehouse:
            # In other audits Kafka names every chain that can begin.
            with reading("s3"):
                chains |= {chain for topic in self._topics for chain in self._stages.bucket.chains(topic)}
        return chains

    def _compare_all(self, chains: Iterable[Chain], states: Mapping[str, TopicState], scope: Scope) -> None:
        for chain in chains:
            if not self._go_on():
                raise Interrupted
            self._compare(chain, states, scope)

    def _compare(self, chain: Chain, states: Mapping[str, TopicState], scope: Scope) -> None:
        """One chain. The order of reading matters: see `compare`."""
        memory, now, asked = self._of(chain), self._now(), scope.includes(chain)
        log = None if asked else self._read_log(chain, states, now)
        objects, listed_at = memory.objects, memory.listed_at
        if asked or not memory.is_at_rest(log, now):
            if asked:
                with reading("snowflake"):
                    memory.reading = self._stages.warehouse.read(
                        chain, memory.checkpoint.next, scope.by_range
                    )
            ledger = memory.reading.ledger if memory.reading else ()
            listed_at = self._now()
            with reading("s3"):
                objects = self._stages.bucket.read(chain, memory.checkpoint.key, ledger, scope.by_range)
            now = self._now()
            log = self._read_log(chain, states, now)
        evidence = Evidence(
            chain, memory.checkpoint, log, objects, memory.reading, now, self._limit, self._accepted
        )
        if log is not None:
            with reading("kafka"):
                evidence = self._with_records(evidence, log, memory, scope.by_range)
        memory.update(compare(evidence), evidence, listed_at)

    def _with_records(self, evidence: Evidence, log: Log, memory: ChainMemory, every_head: bool) -> Evidence:
        """Adds what the log holds where a link has holes, at the chain's end, and where it does not go on."""
        links = [item.link for item in evidence.objects if item.link]
        begin = max(evidence.since.next, log.first, *(link.last + 1 for link in links))
        probe = memory.probe if memory.probe and not memory.probe.fault else None
        if memory.is_to_be_probed(begin, log.end):
            probe = self._stages.records.probe(evidence.chain, begin, log.end)
        readable = self._stages.records.readable(evidence.chain, links, log)
        rewritten = self._stages.records.rewritten(links, log, every_head)
        return evidence._replace(probe=probe, readable=readable, rewritten=rewritten)

    def _read_log(self, chain: Chain, states: Mapping[str, TopicState], now: datetime) -> Log | None:
        """None: Kafka no longer has the topic id, or the partition."""
        state = states.get(chain.topic)
        if state is None or state.topic_id != chain.topic_id or chain.partition >= state.partitions:
            return None
        with reading("kafka"):
            return self._stages.kafka.read(chain.topic, chain.partition, now, self._limit)

    def _read_outside(self, chains: Collection[Chain]) -> list[Finding]:
        """Objects of no chain, and quarantined ones that no chain's comparison has named."""
        with reading("snowflake"):
            quarantined = self._stages.warehouse.quarantined()
        prefix = keys.topic_prefix(self._topics[0]) if len(self._topics) == 1 else keys.ROOT
        with reading("s3"):
            strays = self._stages.bucket.strays(chains, prefix)
        judged = self._ledgered_keys()
        reasons = {key: reason for key, reason in quarantined if key not in judged and key.startswith(prefix)}
        return [
            *named(Kind.QUARANTINED, {key: f"{key}: {reason}" for key, reason in reasons.items()}),
            *named(Kind.FOREIGN, {key: f"{key} is in no chain" for key in strays if key not in reasons}),
        ]

    def _ledgered_keys(self) -> set[str]:
        """The objects in the warehouse's last answers about the chains."""
        readings = (memory.reading for memory in self._chains.values() if memory.reading)
        return {row.key for each in readings for row in each.ledger}


def _by_kind(outcomes: Iterable[Outcome], elsewhere: Iterable[Finding]) -> Counter[Kind]:
    kinds: Counter[Kind] = Counter()
    for findings in (elsewhere, *(outcome.findings for outcome in outcomes)):
        for finding in findings:
            kinds[finding.kind] += finding.objects
    return kinds
