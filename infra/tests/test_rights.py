"""The planned policies are enough for the services' own S3 code, and for nothing else."""

from __future__ import annotations

import json
import random
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import SERVICES, Plan
from iam_account import BUCKET, Account

from stock_auditor.stages.bucket import BucketReader
from stock_common import records
from stock_common.keys import ObjectKey
from stock_common.records import Quote
from stock_common.run import FatalError
from stock_common.topics import QUOTES, SUNK
from stock_objects.chain import Chain, chains, last_link
from stock_s3_sink.cutter import Records
from stock_s3_sink.writer import LinkWriter
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.load.listing import Heads, Scanner

TOPIC_ID = "0123456789abcdef" * 2
CHAIN = Chain("stock-data", TOPIC_ID, 1)
HOUR = datetime(2026, 11, 20, 15, tzinfo=UTC)
KEY = str(ObjectKey(*CHAIN, HOUR, 0))
AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
QUOTE = Quote(
    event_id="5f0c6a2e-7a55-5a4e-9a53-000000000001", symbol="AAPL", price=Decimal("1.5"),
    trading_day=AT.date(), fetched_at=AT, source="simulated", endpoint="GLOBAL_QUOTE",
)  # fmt: skip
ROLES = "module.roles.aws_iam_role_policy"
STAGES = {
    "host": lambda ec2, ecs: ec2.policy(f'{ROLES}.host["host"]'),
    "s3-sink": lambda ec2, ecs: ecs.policy(f'{ROLES}.task_s3["s3-sink"]'),
    "sf-loader": lambda ec2, ecs: ecs.policy(f'{ROLES}.task_s3["sf-loader"]'),
    "auditor": lambda ec2, ecs: ecs.policy(f'{ROLES}.task_s3["auditor"]'),
    "snowflake": lambda ec2, ecs: ecs.policy(f"{ROLES}.snowflake"),
}


class SameTopic:
    def confirm(self, key: ObjectKey) -> None: ...

    def end(self, key: ObjectKey) -> int:
        return 100


class NoLetters:
    """No record here is bad."""

    def admit(self, topic: str, partition: int, letters: Any, seen: int) -> None:
        assert not letters

    def send(self, topic: str, topic_id: str, partition: int, letters: Any) -> None:
        raise AssertionError("nothing to send")


def held(first: int, count: int) -> Records:
    values = [records.encode(QUOTE)] * count
    times = array("q", [int(AT.timestamp() * 1000)] * count)
    return Records(values, array("q", range(first, first + count)), times, 0, sum(map(len, values)))


def statements(stage: str, ec2: Plan, ecs: Plan) -> list[dict[str, Any]]:
    return STAGES[stage](ec2, ecs)


def fill(account: Account) -> None:
    """A link, another prefix, a deploy file: what a role might touch."""
    for key in (KEY, "deploy/host.env", "other/secret.txt"):
        metadata = {
            "last-offset": "4",
            "rows": "5",
            "rejected": "0",
            "holes": "0",
            "lost": "0",
            "schema": "stock-quote/1",
            "leader-epoch": "0",
        }
        account.admin.put_object(Bucket=BUCKET, Key=key, Body=b"x", Metadata=metadata)


def test_the_sinks_own_code_puts_its_chain(account: Account, ec2: Plan, ecs: Plan) -> None:
    _, store = account.assume(statements("s3-sink", ec2, ecs))
    store.check()
    assert last_link(store, CHAIN) is None
    writer = LinkWriter(
        store, NoLetters(), SameTopic(), lambda: True, lambda error: None, random.Random(1).random
    )
    put = writer.put(QUOTES, ObjectKey(*CHAIN, HOUR, 0), held(0, 5), lambda seconds: False)
    assert put.ours and put.link.last == 4
    # A second writer at the same place finds the first one's link: 412, then HEAD.
    found = writer.put(QUOTES, ObjectKey(*CHAIN, HOUR, 0), held(0, 3), lambda seconds: False)
    assert not found.ours and found.link.last == 4
    last = last_link(store, CHAIN)
    assert last is not None and last.last == 4


@pytest.mark.parametrize("stage", ["sf-loader", "auditor"])
def test_the_readers_own_code_lists_and_reads_chains(
    stage: str, account: Account, ec2: Plan, ecs: Plan
) -> None:
    fill(account)
    _, store = account.assume(statements(stage, ec2, ecs))
    store.check()
    assert chains(store, "stock-data") == [CHAIN]
    link = last_link(store, CHAIN)
    assert link is not None and link.rows == 5
    assert [info.key for info in store.objects(CHAIN.prefix)] == [KEY]
    assert list(store.objects(CHAIN.prefix, after=KEY)) == []
    assert store.get(KEY) == b"x"


def test_the_loaders_own_code_finds_what_is_new(account: Account, ec2: Plan, ecs: Plan) -> None:
    fill(account)
    _, store = account.assume(statements("sf-loader", ec2, ecs))
    scanner = Scanner(store)
    (listing,) = scanner.new_objects([topic.name for topic in SUNK], LedgerState({}, frozenset()))
    assert listing.chain == CHAIN
    ((found,),) = Heads(store).find({CHAIN: listing.objects}).found.values()
    assert found.link is not None and (found.link.first, found.link.last, found.link.rows) == (0, 4, 5)
    # There is nothing after what is loaded. The prefix of a day, as reload reads it, works too.
    assert not any(
        listing.objects
        for listing in scanner.new_objects(["stock-data"], LedgerState({CHAIN: Tail(4, KEY)}, frozenset()))
    )
    assert [info.key for info in store.objects(f"{CHAIN.prefix}dt=2026-11-20/")] == [KEY]


def test_the_auditors_own_code_reads_chains_and_strays(account: Account, ec2: Plan, ecs: Plan) -> None:
    fill(account)
    account.admin.put_object(Bucket=BUCKET, Key="raw/notes.txt", Body=b"x")
    _, store = account.assume(statements("auditor", ec2, ecs))
    reader = BucketReader(store)
    assert reader.chains("stock-data") == {CHAIN}
    (stored,) = reader.read(CHAIN, None, (), every_head=True)
    assert stored.link is not None and stored.link.last == 4
    assert reader.read(CHAIN, KEY, (), every_head=False) == ()
    assert reader.strays({CHAIN}) == ["raw/notes.txt"]


@pytest.mark.parametrize("stage", ["sf-loader", "auditor", "snowflake"])
def test_a_reader_does_not_put(stage: str, account: Account, ec2: Plan, ecs: Plan) -> None:
    _, store = account.assume(statements(stage, ec2, ecs))
    with pytest.raises(FatalError, match="s3:PutObject"):
        store.put_new(KEY, b"x", {})


REFUSED: dict[str, Callable[[Any], Any]] = {
    "delete": lambda s3: s3.delete_object(Bucket=BUCKET, Key=KEY),
    "delete many": lambda s3: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": KEY}]}),
    "list everything": lambda s3: s3.list_objects_v2(Bucket=BUCKET),
    "list another prefix": lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix="other/"),
    "list a prefix that begins alike": lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix="ra"),
    "list versions": lambda s3: s3.list_object_versions(Bucket=BUCKET, Prefix="raw/"),
    "get outside raw": lambda s3: s3.get_object(Bucket=BUCKET, Key="other/secret.txt"),
    "put outside raw": lambda s3: s3.put_object(Bucket=BUCKET, Key="other/x", Body=b"x", IfNoneMatch="*"),
    "put a deploy file": lambda s3: s3.put_object(
        Bucket=BUCKET, Key="deploy/host.env", Body=b"x", IfNoneMatch="*"
    ),
    "put over an object": lambda s3: s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"x"),
    "begin a multipart upload": lambda s3: s3.create_multipart_upload(Bucket=BUCKET, Key=KEY),
    "change the bucket's policy": lambda s3: s3.put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": []})
    ),
    "delete the bucket": lambda s3: s3.delete_bucket(Bucket=BUCKET),
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_not_needed_is_refused(stage: str, account: Account, ec2: Plan, ecs: Plan) -> None:
    fill(account)
    s3, _ = account.assume(statements(stage, ec2, ecs))
    passed = []
    for name, call in REFUSED.items():
        try:
            call(s3)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, name
        else:
            passed.append(name)
    assert not passed


def test_snowflake_reads_raw_and_its_versions(account: Account, ec2: Plan, ecs: Plan) -> None:
    fill(account)
    version = account.admin.head_object(Bucket=BUCKET, Key=KEY)["VersionId"]
    s3, _ = account.assume(statements("snowflake", ec2, ecs))
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"x"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="raw/")["Contents"]] == [KEY]
    assert "LocationConstraint" in s3.get_bucket_location(Bucket=BUCKET)
    assert s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=version)["Body"].read() == b"x"


def test_the_host_reads_its_setup_and_nothing_of_raw(account: Account, ec2: Plan, ecs: Plan) -> None:
    fill(account)
    s3, _ = account.assume(statements("host", ec2, ecs))
    assert s3.get_object(Bucket=BUCKET, Key="deploy/host.env")["Body"].read() == b"x"
    for call in (
        lambda: s3.get_object(Bucket=BUCKET, Key=KEY),
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="raw/"),
        lambda: s3.put_object(Bucket=BUCKET, Key=f"{KEY}x", Body=b"x", IfNoneMatch="*"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


@pytest.mark.parametrize("stage", ["producer", "dashboard", "prometheus", "alertmanager", "grafana"])
def test_stages_without_s3_have_no_right_on_it(stage: str, ecs: Plan) -> None:
    assert f'module.roles.aws_iam_role_policy.task_s3["{stage}"]' not in ecs.resources
    assert f'module.roles.aws_iam_role.task["{stage}"]' in ecs.resources


def test_snowflakes_role_trusts_its_principal_with_the_external_id_only(plan: Plan) -> None:
    role = plan.resources["module.roles.aws_iam_role.snowflake"]
    assert role["name"] == "stock-pipeline-snowflake-role"
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::999999999999:user/snowflake"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "example-external-id"}}


@pytest.mark.parametrize("stage", SERVICES)
def test_starting_a_stage_reads_its_own_secrets_only(stage: str, ecs: Plan) -> None:
    rights = ecs.policy(f'module.roles.aws_iam_role_policy.execution["{stage}"]')
    (secrets,) = (
        statement["Resource"]
        for statement in rights
        if statement["Action"] == "secretsmanager:GetSecretValue"
    )
    own = {"producer": {"alpha-vantage"}, "dashboard": {"dashboard-sign-in"}}.get(stage, set())
    names = {arn.split(":secret:")[1].removesuffix("-??????") for arn in secrets}
    sign_ins = {f"AmazonMSK_stock-pipeline_{user}" for user in (stage, "topics")}
    assert names == sign_ins | {f"stock-pipeline/{name}" for name in own}
