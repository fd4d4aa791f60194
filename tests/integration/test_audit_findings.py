"""What the audit must find: each damage is named exactly.

The repair that docs/how-to/operations.md gives for it makes the audit complete again.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from audit_reports import (
    Ledgered,
    accept,
    admin,
    audit,
    check_complete,
    check_named,
    counted,
    deleted,
    found,
)
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from stock_common.keys import topic_prefix
from stock_common.topics import QUOTES
from stock_kafka.cluster import describe, offsets
from stock_stack.layout import BUCKET
from stock_testing.pipeline import Pipeline, bare_pipeline
from stock_testing.poll import poll_until
from stock_testing.quotes import send_quotes

ROUNDS, QUOTES_A_ROUND = 3, 240
TABLE = "STOCKS.RAW.STOCK_QUOTES"
PLACES = [(QUOTES.name, partition) for partition in range(QUOTES.partitions)]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Each test leaves it complete."""
    with bare_pipeline(tmp_path_factory.mktemp("findings")) as pipeline:
        for _ in range(ROUNDS):
            send_quotes(pipeline, QUOTES_A_ROUND)
            pipeline.drain()
        yield pipeline


@pytest.fixture
def link(bare: Pipeline) -> Ledgered:
    """A link in the middle of a chain whose object can be read."""
    rows = bare.query(
        "SELECT OBJECT_KEY, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, ETAG FROM STOCKS.RAW.LOADED_FILES "
        "WHERE TOPIC = 'stock-data' AND ROW_COUNT > 0 ORDER BY OBJECT_KEY"
    )
    chains: dict[str, list[Ledgered]] = {}
    for row in rows:
        chains.setdefault(row[0].partition("/dt=")[0], []).append(
            Ledgered(row[0], int(row[1]), int(row[2]), int(row[3]), row[4])
        )
    return max(chains.values(), key=len)[1]


def versions(pipeline: Pipeline, key: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    listed = pipeline.bucket().list_object_versions(Bucket=BUCKET, Prefix=key)
    return listed.get("Versions", []), listed.get("DeleteMarkers", [])


def test_a_deleted_object_is_brought_back(bare: Pipeline, link: Ledgered) -> None:
    bare.bucket().delete_object(Bucket=BUCKET, Key=link.key)
    text = deleted(link)
    check_named(bare, text, missing=link.last - link.first + 1)
    ((marker,), _) = versions(bare, link.key)[::-1]
    bare.bucket().delete_object(Bucket=BUCKET, Key=link.key, VersionId=marker["VersionId"])
    check_complete(bare)


def test_a_deleted_ledger_row_is_made_again(bare: Pipeline, link: Ledgered) -> None:
    bare.query(f"DELETE FROM STOCKS.RAW.LOADED_FILES WHERE OBJECT_KEY = '{link.key}'")
    check_named(
        bare,
        f"no ledger row: {link.rows} offsets, {link.first} to {link.last}, are in Snowflake; "
        f"they are in {link.key}",
    )
    bare.command("sf-loader", "reload", "--day", link.day)
    check_complete(bare)


def test_a_doubled_row_is_taken_out(bare: Pipeline, link: Ledgered) -> None:
    bare.query(
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} "
        f"WHERE SOURCE_FILE = '{link.key}' AND KAFKA_OFFSET = {link.first}"
    )
    check_named(
        bare,
        f"doubled rows: {link.key}: offsets {link.first} are in Snowflake more than once, rows too many: 1",
        doubled=1,
    )
    bare.command("sf-loader", "reload", "--day", link.day)
    check_complete(bare)


def test_deleted_rows_come_back(bare: Pipeline, link: Ledgered) -> None:
    first, last = link.first + 2, link.first + 5
    bare.query(
        f"DELETE FROM {TABLE} WHERE SOURCE_FILE = '{link.key}' AND KAFKA_OFFSET BETWEEN {first} AND {last}"
    )
    check_named(
        bare,
        f"missing rows: {link.key} (offsets {link.first} to {link.last}): "
        f"Snowflake has {link.rows - 4} of its {link.rows} rows; absent: {first} to {last}",
        missing=4,
    )
    bare.command("sf-loader", "reload", "--day", link.day)
    check_complete(bare)


def test_foreign_files_are_deleted_and_released(bare: Pipeline, link: Ledgered) -> None:
    inside, outside = f"{link.folder}/report.csv", f"{topic_prefix(QUOTES.name)}notes.txt"
    for key in (inside, outside):
        bare.bucket().put_object(Bucket=BUCKET, Key=key, Body=b"not ours")
    send_quotes(bare, QUOTES.partitions * 10)
    bare.drain()
    report = audit(bare, code=1)
    assert f"foreign object: {outside} is in no chain" in found(report)
    assert [text for text in found(report) if inside in text] == [
        text for text in found(report) if outside not in text
    ]
    for key in (inside, outside):
        bare.bucket().delete_object(Bucket=BUCKET, Key=key)
    bare.command("sf-loader", "retry")
    check_complete(bare)


def test_a_replaced_object_is_put_back(bare: Pipeline, link: Ledgered) -> None:
    metadata = bare.bucket().head_object(Bucket=BUCKET, Key=link.key)["Metadata"]
    other = bare.bucket().put_object(Bucket=BUCKET, Key=link.key, Body=b"PAR1 another", Metadata=metadata)
    etag = other["ETag"].strip('"')
    check_named(bare, f"replaced object: {link.key} has the ETag {etag}, in the ledger {link.etag}")
    newest = next(each for each in versions(bare, link.key)[0] if each["IsLatest"])
    bare.bucket().delete_object(Bucket=BUCKET, Key=link.key, VersionId=newest["VersionId"])
    check_complete(bare)


def test_a_group_reset_to_the_beginning_does_no_harm(bare: Pipeline) -> None:
    before = counted(check_complete(bare), "rows")
    with bare.without("s3-sink"):
        wanted = ConsumerGroupTopicPartitions("s3-sink", [TopicPartition(*place, 0) for place in PLACES])
        client = admin(bare)
        for future in client.alter_consumer_group_offsets([wanted]).values():
            future.result(30)
    send_quotes(bare, 60)
    bare.drain()
    assert counted(check_complete(bare), "rows") == before + 60


def test_what_retention_took_is_a_loss_that_an_operator_accepts(bare: Pipeline) -> None:
    with bare.without("s3-sink"):
        client = admin(bare)
        begin = offsets(client, PLACES)
        send_quotes(bare, 60)
        ends = offsets(client, PLACES)
        place = max(PLACES, key=lambda each: ends[each][1] - begin[each][1])
        first, last = begin[place][1], ends[place][1] - 1
        for future in client.delete_records([TopicPartition(*place, last + 1)]).values():
            future.result(30)
        report = audit(bare, "--topic", QUOTES.name, code=1)
        assert found(report) == [
            f"expired in Kafka: offsets {first} to {last} were deleted by retention before they were on S3"
        ]
        assert counted(report, "missing") == last - first + 1
    bare.drain()
    (text,) = found(audit(bare, code=1))
    expected = (
        rf"lost to retention: {last - first + 1} of the offsets {first} to {last} "
        rf"were gone before they were read \(raw/.*/o{first:020}\.parquet\)"
    )
    assert re.fullmatch(expected, text), text
    accept(bare, text)


def test_an_object_without_a_version_is_a_loss_that_an_operator_accepts(
    bare: Pipeline, link: Ledgered
) -> None:
    for each in versions(bare, link.key)[0]:
        bare.bucket().delete_object(Bucket=BUCKET, Key=link.key, VersionId=each["VersionId"])
    text = deleted(link)
    check_named(bare, text, missing=link.last - link.first + 1)
    accept(bare, text)


def test_a_topic_that_was_recreated_is_a_finding_until_an_operator_accepts_it(bare: Pipeline) -> None:
    rows = counted(check_complete(bare), "rows")
    client = admin(bare)
    old = describe(client, [QUOTES.name])[QUOTES.name].topic_id
    with bare.without("s3-sink"):
        client.delete_topics([QUOTES.name])[QUOTES.name].result(30)
        poll_until(lambda: not describe(client, [QUOTES.name]), "the topic is gone", 60)
        subprocess.run(
            [sys.executable, "-m", "stock_kafka.topics"],
            env=bare.stack.environment("s3-sink"),
            check=True,
            timeout=60,
        )
    send_quotes(bare, 60)
    poll_until(
        lambda: bare.query(f"SELECT COUNT(*) AS N FROM {TABLE}")[0][0] == rows + 60,
        "the new topic's quotes are in Snowflake",
        60,
    )
    text = (
        f"topic made anew: {old} is no longer the topic id of Kafka's {QUOTES.name}: "
        "what S3 did not have of it is gone"
    )
    check_named(bare, text)
    accept(bare, text)
