"""What breaks a project from outside: its topics, bucket, tables and market, by their own clients."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

import boto3
import snowflake.connector
from botocore.config import Config
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

BUCKET = "stock-data"
TOPIC = "stock-data"
PARTITIONS = 6


class Stored(NamedTuple):
    key: str
    body: bytes
    metadata: dict[str, str]


class Outside:
    """`ports`: part → its port on this machine."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._brokers: dict[str, Any] = {"bootstrap.servers": f"127.0.0.1:{ports['kafka']}"}
        self._s3: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{ports['s3']}",
            region_name="us-east-1",
            aws_access_key_id="stock",
            aws_secret_access_key="stock-local-secret",
            config=Config(s3={"addressing_style": "path"}),
        )

    def fault(self, **order: object) -> None:
        """The market's control: a fault of its README, or without one the end of all."""
        url = f"http://127.0.0.1:{self._ports['market']}/control"
        request = urllib.request.Request(
            url, json.dumps(order).encode() if order else None, method="POST" if order else "DELETE"
        )
        urllib.request.urlopen(request, timeout=10).close()

    def produce(self, value: bytes) -> None:
        producer = Producer(self._brokers)
        producer.produce(TOPIC, value, key=b"IBM")
        assert producer.flush(20) == 0

    def forget(self) -> int:
        """Deletes every record of the topic, as retention does. Returns the sum of the end offsets."""
        admin = AdminClient(self._brokers)
        places = [TopicPartition(TOPIC, partition) for partition in range(PARTITIONS)]
        ends = {
            place: found.result(20).offset
            for place, found in admin.list_offsets({place: OffsetSpec.latest() for place in places}).items()
        }
        for answer in admin.delete_records(
            [TopicPartition(TOPIC, place.partition, end) for place, end in ends.items() if end]
        ).values():
            answer.result(20)
        return sum(ends.values())

    def objects(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"raw/{TOPIC}/")
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def get(self, key: str) -> Stored:
        stored = self._s3.get_object(Bucket=BUCKET, Key=key)
        return Stored(key, stored["Body"].read(), stored["Metadata"])

    def put(self, stored: Stored) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=stored.key, Body=stored.body, Metadata=stored.metadata)

    def delete(self, key: str) -> None:
        self._s3.delete_object(Bucket=BUCKET, Key=key)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with snowflake.connector.connect(
            account="local",
            user="stock",
            password="stock-local-password",
            host="127.0.0.1",
            port=self._ports["snowflake"],
            protocol="http",
            database="STOCKS",
            network_timeout=10,
            session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        ) as connection:
            return connection.cursor().execute(sql).fetchall()  # type: ignore[union-attr, return-value]
