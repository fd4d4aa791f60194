from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from memory_clients import MemoryClients
from memory_stages import Pipeline
from prometheus_client import CollectorRegistry
from world import CHAIN, NOW, World, link

from stock_auditor.commands import accept, audit_once, withdraw
from stock_auditor.compare.evidence import Log
from stock_auditor.compare.findings import Kind
from stock_auditor.config import AuditorSettings
from stock_auditor.decisions.records import Accepted, finding_id
from stock_auditor.decisions.topic import Acceptances, KafkaDecisions
from stock_auditor.metrics import Metrics
from stock_auditor.report import as_text
from stock_common.settings import load
from stock_common.topics import DECISIONS
from stock_kafka.testing.broker import Broker
from stock_objects.chain import Chain

A, B = link(0, 100), link(1200, 100)
DELETED = f"deleted object: {B.key} (offsets 1200 to 1299, 100 rows) is in the ledger but not on S3"
README = (Path(__file__).parents[1] / "README.md").read_text()


def whole() -> World:
    return World([link(0, 1200), B])


def audited(pipe: Pipeline, as_json: bool = False, colour: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return audit_once(pipe.auditor, False, as_json, colour, out, err), out.getvalue(), err.getvalue()


def test_a_complete_pipeline() -> None:
    code, out, err = audited(Pipeline(whole()))
    assert (code, err) == (0, "")
    table = """\
topic       part  Kafka  on S3  Snowflake   rows  rejected  holes  lost  in flight  missing  doubled  resent
stock-data     0  1,300  1,300      1,300  1,300         0      0     0          0        0        0       0
total             1,300  1,300      1,300  1,300         0      0     0          0        0        0       0

Complete: Kafka, S3 and Snowflake hold the same offsets, 1,300 rows; 0 missing, 0 doubled, 0 resent.
"""
    assert out == table
    assert all(line in README for line in table.splitlines())


def test_an_empty_pipeline_is_complete() -> None:
    code, out, _ = audited(Pipeline())
    assert code == 0
    assert (
        out.splitlines()[-1]
        == "Complete: Kafka, S3 and Snowflake hold the same offsets, 0 rows; 0 missing, 0 doubled, 0 resent."
    )


def test_offsets_in_flight_are_in_the_verdict() -> None:
    world = whole()
    world.log = Log(0, 1320, 0)
    code, out, _ = audited(Pipeline(world))
    assert (code, out.splitlines()[-1]) == (
        0,
        "Complete so far: 0 missing, 0 doubled, 0 resent; 20 offsets are on their way.",
    )
    code, out, _ = audited(Pipeline(world, limit=0))
    assert code == 1
    assert "Finding: not on S3: offsets 1300 to 1319 are in Kafka and in no object" in out


def test_findings_are_listed_and_coloured_only_on_a_terminal() -> None:
    world = whole()
    del world.objects[str(B.key)]
    code, out, _ = audited(Pipeline(world))
    assert code == 1
    assert out.splitlines()[-3:] == [
        f"Finding: {DELETED} (accept {finding_id(DELETED)})",
        "",
        "NOT complete: 100 missing, 0 doubled, 0 resent; 1 finding above.",
    ]
    assert "\033" not in out
    assert "\033[31mFinding" in audited(Pipeline(world), colour=True)[1]


def test_no_escape_of_a_finding_reaches_a_terminal() -> None:
    status = Pipeline(whole()).auditor.audit_all().status
    text = "foreign object: raw/\x1b[2J\u202e\n\x9b0mComplete"
    hostile = msgspec.structs.replace(status, findings=[text])
    shown = as_text(hostile, colour=False)
    assert len(shown.splitlines()) == len(as_text(status, colour=False).splitlines()) + 2
    assert shown.replace("\n", "").isprintable()
    assert as_text(hostile, colour=True).count("\x1b[31m") == 1


LOST = (
    "lost to retention: 40 of the offsets 0 to 99 were gone before they were read"
    f" ({link(0, 60, lost=40).key})"
)


def test_a_loss_is_a_finding_until_it_is_accepted() -> None:
    pipe = Pipeline(World([link(0, 60, lost=40)], log=Log(50, 100, 0)))
    code, out, _ = audited(pipe)
    assert code == 1
    assert f"Finding: {LOST} (accept {finding_id(LOST)})" in out
    pipe.kafka.acceptances = {LOST: "a weekend, 2026-03-02"}
    code, out, _ = audited(pipe)
    assert code == 0
    assert f"Warning: accepted (a weekend, 2026-03-02): {LOST}" in out
    assert out.splitlines()[-1].endswith("40 offsets were lost to retention, see the warnings.")


def test_a_topic_that_was_created_again_shows_both_ids() -> None:
    old, new = World([A]), World([], log=Log(0, 0, 0), chain=Chain("stock-data", "e" * 32, 0))
    old.log = None
    _, out, _ = audited(Pipeline(old, new))
    assert [line.split()[:5] for line in out.splitlines()[1:3]] == [
        ["stock-data", CHAIN.topic_id[:8], "0", "gone", "100"],
        ["stock-data", "eeeeeeee", "0", "0", "0"],
    ]


def test_json_is_the_status_message() -> None:
    code, out, _ = audited(Pipeline(whole()), as_json=True)
    status = json.loads(out)
    assert (code, status["complete"], status["full"], status["partitions"][0]["rows"]) == (
        0,
        True,
        True,
        1300,
    )


def test_a_stage_that_cannot_be_read_is_one_sentence() -> None:
    pipe = Pipeline(whole())
    pipe.bucket.down = True
    assert audited(pipe) == (3, "", "Not compared, S3 could not be read: s3://bucket/: connection refused\n")


def new_topic(broker: Broker) -> KafkaDecisions:
    """As each command opens it."""
    clients: Any = MemoryClients(broker)
    return KafkaDecisions(clients)


def accepted(pipe: Pipeline, broker: Broker, *ids: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = accept(pipe.auditor, new_topic(broker), ids, "a weekend", NOW, out, err)
    return code, out.getvalue(), err.getvalue()


def test_what_the_audit_names_can_be_accepted_and_withdrawn() -> None:
    pipe = Pipeline(World([link(0, 60, lost=40)], log=Log(50, 100, 0)))
    broker, known = Broker(DECISIONS), finding_id(LOST)
    assert accepted(pipe, broker, known, known) == (0, f"Accepted: {LOST}\n", "")
    assert new_topic(broker).read() == [Accepted(finding=LOST, reason="a weekend", at=NOW)]
    out, err = io.StringIO(), io.StringIO()
    assert withdraw(new_topic(broker), [known, "00000000"], NOW, out, err) == 1
    assert err.getvalue() == "00000000: not accepted, so nothing was withdrawn.\n"
    assert withdraw(new_topic(broker), [known], NOW, out, err) == 0
    assert out.getvalue() == f"Withdrawn: {LOST}\n"
    assert Acceptances(new_topic(broker)).read() == {}


def test_nothing_else_can_be_accepted() -> None:
    world = World([link(0, 60, lost=40)], log=Log(50, 100, 0))
    world.table[99] += 1
    pipe, broker = Pipeline(world), Broker(DECISIONS)
    key = link(0, 60, lost=40).key
    doubled = finding_id(f"doubled rows: {key}: offsets 99 are in Snowflake more than once, rows too many: 1")
    code, out, err = accepted(pipe, broker, finding_id(LOST), doubled)
    assert (code, out, broker.arrived) == (1, "", [])
    assert "This can be repaired: nothing was accepted." in err
    code, out, err = accepted(pipe, broker, "00000000")
    assert (code, out, broker.arrived) == (1, "", [])
    assert "00000000 is not a finding's: nothing was accepted." in err
    pipe.bucket.down = True
    assert accepted(pipe, broker, doubled) == (
        3,
        "",
        "Not compared, S3 could not be read: s3://bucket/: connection refused\n",
    )


def test_what_may_be_in_flight_follows_the_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_BUCKET", "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AUDIT_IN_FLIGHT_SECONDS", "")
    assert load(AuditorSettings).in_flight_seconds == 60 + 900 + 120
    monkeypatch.setenv("FLUSH_SECONDS", "5")
    monkeypatch.setenv("LOAD_INTERVAL_SECONDS", "5")
    assert load(AuditorSettings).in_flight_seconds == 130
    monkeypatch.setenv("AUDIT_IN_FLIGHT_SECONDS", "30")
    assert load(AuditorSettings).in_flight_seconds == 30


def test_the_readme_names_every_metric_and_every_variable() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    names = {metric.name + ("_total" if metric.type == "counter" else "") for metric in registry.collect()}
    assert set(re.findall(r"`(stock_auditor_\w+)", README)) == names
    assert {name.upper() for name in AuditorSettings.model_fields} <= set(
        re.findall(r"`([A-Z0-9_]+)`", README)
    )


def test_the_readme_has_a_repair_for_each_kind_of_finding() -> None:
    assert {line.split("|")[1].strip() for line in README.splitlines() if line.startswith("| ")} >= set(Kind)
