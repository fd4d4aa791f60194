"""What the audit finds in Kafka's records: what a client left out, what nobody is given, what is broken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest
from audit_reports import admin, audit, check_complete, check_named, counted, found
from confluent_kafka import Producer

from stock_common.records import encode
from stock_common.topics import DECISIONS, QUOTES, STATUS, Topic
from stock_kafka.cluster import offsets
from stock_stack.layout import BUCKET
from stock_testing.pipeline import Pipeline, bare_pipeline
from stock_testing.poll import poll_until
from stock_testing.quotes import quote, send_quotes

PLACES = [(QUOTES.name, partition) for partition in range(QUOTES.partitions)]
DROPPED = 3


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Each test leaves it complete."""
    with bare_pipeline(tmp_path_factory.mktemp("records")) as pipeline:
        send_quotes(pipeline, 60)
        pipeline.drain()
        yield pipeline


def ends(pipeline: Pipeline) -> dict[tuple[str, int], int]:
    client = admin(pipeline)
    return {place: end for place, (_, end) in offsets(client, PLACES).items()}


def on_s3(pipeline: Pipeline) -> bool:
    counts = pipeline.counts()
    return all(counts.s3.get(place, 0) >= end for place, end in counts.kafka.items())


def drop_records(pipeline: Pipeline, key: str) -> dict[str, str]:
    """Rewrites the link as a client that leaves some records out has it written. Returns its metadata."""
    bucket = pipeline.bucket()
    stored = bucket.get_object(Bucket=BUCKET, Key=key)
    table, metadata = parquet.read_table(io.BytesIO(stored["Body"].read())), stored["Metadata"]
    offset = pc.field("kafka_offset")
    first = int(key.rpartition("/o")[2].removesuffix(".parquet"))
    kept = table.filter(~offset.isin([first, first + 2, int(metadata["last-offset"])]))
    assert kept.num_rows == table.num_rows - DROPPED
    body = io.BytesIO()
    parquet.write_table(kept, body, compression="zstd")
    metadata |= {"rows": str(kept.num_rows), "holes": str(DROPPED)}
    for each in bucket.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]:
        bucket.delete_object(Bucket=BUCKET, Key=key, VersionId=each["VersionId"])
    bucket.put_object(Bucket=BUCKET, Key=key, Body=body.getvalue(), Metadata=metadata)
    return metadata


def test_records_that_the_client_left_out_are_named_and_sent_again(bare: Pipeline) -> None:
    with bare.without("sf-loader"):
        before = bare.keys()
        quotes = send_quotes(bare, 240)
        poll_until(lambda: on_s3(bare), "the quotes are on S3", 60)
        with bare.without("s3-sink"):
            sizes = {key: len(body) for key, body, _ in bare.objects("raw/stock-data/") if key not in before}
            key = max(sizes, key=sizes.__getitem__)
            metadata = drop_records(bare, key)
    bare.drain()
    first = int(key.rpartition("/o")[2].removesuffix(".parquet"))
    text = (
        f"unread in Kafka: {DROPPED} records of the offsets {first} to {metadata['last-offset']}"
        f" are readable in Kafka and in no object ({key})"
    )
    check_named(bare, text, missing=DROPPED)
    assert bare.command("auditor", "accept", "00000000", "--reason", "x", code=1) == ""

    shown = bare.command("auditor", "replay", "--unread", "--dry-run")
    assert f"{DROPPED} letters would be sent. Nothing was." in shown
    for sent in (DROPPED, 0):
        assert f"{sent} letters were sent" in bare.command("auditor", "replay", "--unread")
    bare.drain()
    assert counted(check_complete(bare), "holes") == DROPPED
    rows = bare.query("SELECT EVENT_ID FROM STOCKS.RAW.STOCK_QUOTES")
    ids = [row[0] for row in rows]
    assert len(ids) == len(set(ids))
    assert {each.event_id for each in quotes} <= set(ids)


def newest_segment(pipeline: Pipeline, partition: int) -> Path:
    return max(pipeline.stack.layout.data.glob(f"**/{QUOTES.name}-{partition}/*.log"))


def flip(segment: Path, at: int) -> None:
    """Flips eight bytes. A second time it puts them right."""
    with segment.open("r+b") as file:
        file.seek(at)
        held = file.read(8)
        file.seek(at)
        file.write(bytes(each ^ 0xFF for each in held))


def test_a_batch_that_cannot_be_read_is_named_at_once(bare: Pipeline) -> None:
    with bare.without("s3-sink"):
        before = ends(bare)
        send_quotes(bare, 60)
        place, end = max(ends(bare).items(), key=lambda pair: pair[1] - before[pair[0]])
        segment = newest_segment(bare, place[1])
        at = len(segment.read_bytes().rstrip(b"\0")) - 40
        flip(segment, at)
        report = audit(bare, "--topic", QUOTES.name, code=1)
        (text,) = found(report)
        assert text.startswith(f"unreadable in Kafka: nothing is on S3 from offset {before[place]} on: ")
        assert "CRC32C" in text
        assert counted(report, "missing") == end - before[place]
        flip(segment, at)
    bare.drain()
    check_complete(bare)


def transaction(pipeline: Pipeline, partition: int, name: str, commit: bool) -> None:
    producer = Producer({"bootstrap.servers": pipeline.servers, "transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(QUOTES.name, encode(quote(1)), "AAPL", partition=partition)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.flush(30)
        producer.abort_transaction(30)


def test_a_strangers_transactions_at_the_end_are_not_late(bare: Pipeline) -> None:
    before = check_complete(bare)
    with bare.without("s3-sink"):
        # Nothing of it is ever delivered, so nothing is late while no sink runs.
        transaction(bare, 0, "aborted", commit=False)
        check_complete(bare)
        transaction(bare, 1, "committed", commit=True)
        last = ends(bare)[QUOTES.name, 1] - 1
        text = f"not on S3: offsets {last - 1} to {last} are in Kafka and in no object"
        assert found(audit(bare, code=1)) == [text]
    rows = counted(before, "rows") + 1
    poll_until(
        lambda: bare.query("SELECT COUNT(*) AS N FROM STOCKS.RAW.STOCK_QUOTES")[0][0] == rows,
        "the committed record is in Snowflake",
        60,
    )
    assert counted(check_complete(bare), "rows") == rows


@pytest.mark.parametrize("topic", [STATUS, DECISIONS], ids=lambda topic: topic.name)
def test_a_message_that_nobody_can_take_ends_nothing_and_is_forgotten(bare: Pipeline, topic: Topic) -> None:
    command = topic.name.removeprefix("stock-")
    nested = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    producer = Producer({"bootstrap.servers": bare.servers})
    for key in (b"poison", b"\xff\x1b[2J"):
        producer.produce(topic.name, nested, key, partition=0)
    assert producer.flush(30) == 0
    check_complete(bare)
    poisoned = [line for line in bare.command("auditor", command, "list").splitlines() if "skip it" in line]
    assert ["poison" in line for line in poisoned] == [True, False]
    for line in poisoned:
        bare.command("auditor", command, "forget", line.split()[0])
    assert "skip it" not in bare.command("auditor", command, "list")
