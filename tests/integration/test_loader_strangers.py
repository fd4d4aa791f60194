"""The loader among strangers' objects on a real S3 server, and far away from its servers.

Each test has a loader with a database of its own next to the pipeline's.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.meters import verb
from stock_common import keys
from stock_common.topics import QUOTES
from stock_stack.layout import BUCKET
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until
from stock_testing.proxy import Counter, Distance, Running

STRANGERS = "strangers"
LINKS = 6
FOREIGN = 'stock_sf_loader_foreign_objects{topic="stock-data"}'
ODD_NAMES = (
    "_SUCCESS",
    "o'1.parquet",
    "o1\n.parquet",
    "ö☃.parquet",
    "o00000000000000000000.parquet.crc",
    "x/y z",
)


class Own:
    """A second loader. `name` is that of its database."""

    def __init__(self, pipeline: Pipeline, name: str, environment: Mapping[str, str]) -> None:
        self._pipeline, self._name = pipeline, name.upper()
        # Nobody listens there: the pipeline's own loader says on Kafka how it is.
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "SNOWFLAKE_DATABASE": self._name,
            "SNOWFLAKE_STORAGE_INTEGRATION": f"{self._name}_S3",
            "S3_BUCKET": BUCKET,
        }
        self.environment = {**own, **environment}

    def ledger(self, prefix: str = "") -> dict[str, str]:
        """Key → status."""
        rows = self._pipeline.query(
            f"SELECT OBJECT_KEY, STATUS FROM {self._name}.RAW.LOADED_FILES ORDER BY OBJECT_KEY"
        )
        return {key: status for key, status in rows if key.startswith(prefix)}

    def rows(self) -> int:
        return int(self._pipeline.query(f"SELECT COUNT(*) FROM {self._name}.RAW.STOCK_QUOTES")[0][0])

    def metric(self, name: str) -> float:
        """The value of the first sample whose line begins so."""
        with urlopen(
            self._pipeline.stack.layout.url("sf-loader-2-metrics", "/metrics"), timeout=30
        ) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def log(self) -> str:
        return self._pipeline.stack.layout.log("sf-loader-2").read_text()


@contextmanager
def own_loader(pipeline: Pipeline, name: str, environment: Mapping[str, str]) -> Iterator[Own]:
    own = Own(pipeline, name, environment)
    # The stage is over the loader's bucket, not over its proxy.
    names = ("SNOWFLAKE_DATABASE", "SNOWFLAKE_STORAGE_INTEGRATION", "S3_BUCKET")
    own_names = {name: own.environment[name] for name in names}
    pipeline.set_up(pipeline.stack.environment("sf-loader") | own_names)
    pipeline.stack.start("sf-loader", instance=2, environment=own.environment)
    try:
        yield own
    finally:
        assert pipeline.stack.stop("sf-loader-2") == 0


def chains(pipeline: Pipeline) -> list[list[str]]:
    """The keys of the three longest chains of quotes, which have LINKS links at least."""

    def longest() -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for key in pipeline.keys("raw/stock-data/"):
            found.setdefault(key.partition("dt=")[0], []).append(key)
        chosen = sorted(found.values(), key=len)[-3:]
        return chosen if len(chosen[0]) >= LINKS else []

    return poll_until(longest, f"three chains of {LINKS} links", 90)


def later(key: str, hours: int) -> str:
    parsed = keys.parse(key)
    return str(parsed._replace(hour=parsed.hour + timedelta(hours=hours)))


class Objects:
    """Puts the pipeline's links, and other things, into the bucket of strangers."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._client = pipeline.bucket()
        self._client.create_bucket(Bucket=STRANGERS)

    def link(self, key: str, hours: int = 0, body: bytes | None = None, **metadata: str) -> str:
        """The pipeline's link, under a key some hours later, with another body or other metadata."""
        found = self._client.get_object(Bucket=BUCKET, Key=key)
        written = found["Metadata"] | {name.replace("_", "-"): value for name, value in metadata.items()}
        body = found["Body"].read() if body is None else body
        self._client.put_object(Bucket=STRANGERS, Key=later(key, hours), Body=body, Metadata=written)
        return later(key, hours)

    def strangers(self, folder: str, count: int) -> None:
        names = [*ODD_NAMES, *(f"part-{number:05d}-c000.snappy.parquet" for number in range(count))]

        def put(name: str) -> Any:
            return self._client.put_object(Bucket=STRANGERS, Key=f"{folder}/{name}", Body=b"not ours")

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(put, names))


def other_schema() -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"symbol": [1.5], "kafka_time": ["never"]}), written)
    return written.getvalue()


def scans(counter: Counter, begun: float) -> list[int]:
    """LISTs of each whole scan of the bucket since `begun`. A scan begins with the topic's prefix."""
    first = keys.topic_prefix(QUOTES.name)
    found: list[int] = []
    for request in counter.requests:
        if request.at < begun or verb(request) != "LIST":
            continue
        if parse_qs(urlsplit(request.target).query)["prefix"] == [first]:
            found.append(0)
        if found:
            found[-1] += 1
    return found[:-1]  # the last one may go on


def lists_at_rest(counter: Counter) -> int:
    """LISTs of a scan, while nothing is new on S3."""
    begun = time.monotonic()
    found = poll_until(lambda: (found := scans(counter, begun))[2:] and found, "three whole scans", 60)
    assert len(set(found)) == 1, found
    return found[0]


@pytest.mark.timeout(240)
def test_strangers_objects_are_named_and_cost_only_themselves(pipeline: Pipeline) -> None:
    one, two, three = chains(pipeline)
    objects = Objects(pipeline)
    folder = one[0].rpartition("/")[0]
    with closing(Running(Counter(pipeline.stack.layout.ports["s3"]))) as meter:
        variables = {"S3_BUCKET": STRANGERS, "S3_ENDPOINT_URL": meter.url, "LOAD_INTERVAL_SECONDS": "1"}
        with own_loader(pipeline, STRANGERS, variables) as own:
            for chain in (one, two, three):
                objects.link(chain[0])
            poll_until(lambda: len(own.ledger()) == 3, "the first links", 60)
            at_rest = lists_at_rest(meter.proxy)
            objects.strangers(folder, 1050)
            objects.strangers(later(one[0], 1).rpartition("/")[0], 1050)
            good = [objects.link(one[1]), objects.link(one[2], 1), objects.link(one[3], 2)]
            bad = [
                objects.link(two[1], body=b"PAR1 and no more"),
                objects.link(two[2], body=b""),
                objects.link(two[3], body=other_schema()),
            ]
            odd = [
                objects.link(three[1], 0, last_offset=str(10**18)),
                objects.link(three[1], 1, rows="x" * 1500),
                objects.link(three[2], 1, rows="-1"),
            ]
            good += [objects.link(two[4]), objects.link(three[1], 2), objects.link(three[2], 2)]

            def settled() -> bool:
                ledger = own.ledger()
                return {ledger.get(key) for key in good} == {"loaded"} and {*bad, *odd} <= ledger.keys()

            poll_until(settled, "every object has its verdict", 90)
            ledger = own.ledger()
            assert {ledger[key] for key in (*bad, *odd)} == {"quarantined"}
            assert all(keys.is_link(key) for key in ledger), "strangers' names are not ledgered"
            objects.strangers(good[2].rpartition("/")[0], 1050)
            poll_until(lambda: own.metric(FOREIGN) >= 1000, "the third folder's strangers are counted", 60)
            assert lists_at_rest(meter.proxy) == at_rest + 1, "and they cost one LIST more"
            assert own.metric("stock_heartbeat_healthy") == 1
            assert own.metric("stock_sf_loader_lag_seconds") == 0
            assert "foreign objects in a chain are passed over" in own.log()


@pytest.mark.timeout(240)
def test_far_from_its_servers_the_loader_keeps_up(pipeline: Pipeline) -> None:
    """A request to S3 takes 20 to 200 ms, a statement 0.3 to 1 s."""
    ports = pipeline.stack.layout.ports
    with (
        closing(Running(Distance(ports["s3"], 0.02, 0.2))) as bucket,
        closing(Running(Distance(ports["snowflake"], 0.3, 1.0))) as warehouse,
    ):
        variables = {"S3_ENDPOINT_URL": bucket.url, "SNOWFLAKE_PORT": str(warehouse.port)}
        with own_loader(pipeline, "distant", variables) as own:
            sick = 0

            def caught_up() -> bool:
                nonlocal sick
                sick += own.metric("stock_heartbeat_healthy") != 1
                return own.rows() >= loaded

            loaded = int(pipeline.query("SELECT COUNT(*) FROM RAW.STOCK_QUOTES")[0][0])
            poll_until(caught_up, f"{loaded} rows from far away", 90)
            assert sick == 0
            assert set(own.ledger().values()) == {"loaded"}
            assert own.metric('stock_sf_loader_cycles_total{outcome="unavailable"}') == 0
            assert warehouse.proxy.requests > 20
