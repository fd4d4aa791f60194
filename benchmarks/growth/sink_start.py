"""The sink's start: finding the end of each partition's chain, as stock_s3_sink does on assignment."""

from __future__ import annotations

from benchmarks.growth.fake_s3_history import TOPIC, TOPIC_ID, require
from benchmarks.growth.harness import SIZE, measure
from stock_common.topics import SUNK
from stock_objects.chain import Chain, last_link
from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore


def main() -> None:
    store = ObjectStore(ObjectSettings())  # type: ignore[call-arg]
    chains = [
        Chain(topic.name, TOPIC_ID, partition) for topic in SUNK for partition in range(topic.partitions)
    ]

    def locate() -> None:
        ends = [last_link(store, chain) for chain in chains]
        require([bool(end) for end in ends] == [chain.topic == TOPIC for chain in chains], SIZE)

    locate()
    measure("sink: start, 12 partitions", locate)


if __name__ == "__main__":
    main()
