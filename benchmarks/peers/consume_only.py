"""The limit: Python's consume() and nothing else.

Arguments: brokers, topic, partitions, records, bucket (unused), settings as name=value.
"""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, TopicPartition
from measure import Run


def main() -> None:
    brokers, topic, partitions, records = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    run, seen = Run(), 0
    config = {"bootstrap.servers": brokers, "group.id": "consume-only", "enable.auto.commit": False}
    consumer = Consumer(config | dict(item.split("=", 1) for item in sys.argv[6:]))
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    run.begin()
    while seen < records:
        seen += len(consumer.consume(10_000, 1.0))
    run.done(seen)
    consumer.close()


if __name__ == "__main__":
    main()
