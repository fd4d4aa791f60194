"""Which chains an audit reads, and how much of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from stock_auditor.compare.findings import Finding, Kind
from stock_kafka.cluster import TopicState
from stock_objects.chain import Chain


class Scope(NamedTuple):
    """What one audit reads.

    everything: every chain from its start, in all stages.
    chains: otherwise, the chains that the warehouse is asked about.
    by_range: every object's metadata, and the table by offsets.
    """

    everything: bool
    chains: Collection[Chain] = ()
    by_range: bool = False

    @property
    def asks_warehouse(self) -> bool:
        return self.everything or bool(self.chains)

    def includes(self, chain: Chain) -> bool:
        """Whether the warehouse is asked about the chain."""
        return self.everything or chain in self.chains


def kafka_chains(states: Mapping[str, TopicState]) -> set[Chain]:
    return {
        Chain(state.name, state.topic_id, partition)
        for state in states.values()
        for partition in range(state.partitions)
    }


def without_topic(chains: Collection[Chain], states: Mapping[str, TopicState]) -> list[Finding]:
    """Topics that have chains, although Kafka has no such topic."""
    return [
        Finding(Kind.NO_TOPIC, f"S3 or Snowflake holds chains of {topic}, but Kafka has no such topic")
        for topic in sorted({chain.topic for chain in chains} - set(states))
    ]
