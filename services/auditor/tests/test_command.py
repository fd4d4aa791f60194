from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from stages import Pipeline
from world import CHAIN, NOW, World, link

from stock_auditor.command import accept, audit_once, withdraw
from stock_auditor.config import AuditorSettings
from stock_auditor.decisions import Accepted, Decision, Register, decode, encode, finding_id
from stock_auditor.evidence import Log
from stock_auditor.findings import Kind
from stock_auditor.metrics import Metrics
from stock_common.settings import load
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
    assert out.splitlines() == [
        "topic       part  Kafka  on S3  Snowflake   rows  rejected  lost  in flight  missing  doubled  resent",
        "stock-data     0  1,300  1,300      1,300  1,300         0     0          0        0        0       0",
        "total             1,300  1,300      1,300  1,300         0     0          0        0        0       0",
        "",
        "Complete: Kafka, S3 and Snowflake hold the same offsets, 1,300 rows; 0 missing, 0 doubled, 0 resent.",
    ]


def test_an_empty_pipeline_is_complete() -> None:
    code, out, _ = audited(Pipeline())
    assert code == 0
    assert out.splitlines()[-1] == "Complete: Kafka, S3 and Snowflake hold the same offsets, 0 rows; 0 missing, 0 doubled, 0 resent."


def test_in_flight_is_said() -> None:
    world = whole()
    world.log = Log(0, 1320, 0)
    code, out, _ = audited(Pipeline(world))
    assert (code, out.splitlines()[-1]) == (0, "Complete so far: 0 missing, 0 doubled, 0 resent; 20 offsets are on their way.")
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


LOST = f"lost to retention: 40 of the offsets 0 to 99 were gone before they were read ({link(0, 60, lost=40).key})"


def test_a_loss_is_a_finding_until_it_is_accepted() -> None:
    pipe = Pipeline(World([link(0, 60, lost=40)], log=Log(50, 100, 0)))
    code, out, _ = audited(pipe)
    assert code == 1
    assert f"Finding: {LOST} (accept {finding_id(LOST)})" in out
    pipe.log.acceptances = {LOST: "a weekend, 2026-03-02"}
    code, out, _ = audited(pipe)
    assert code == 0
    assert f"Warning: accepted (a weekend, 2026-03-02): {LOST}" in out
    assert out.splitlines()[-1].endswith("40 offsets were lost to retention, see the warnings.")


def test_a_topic_made_anew_shows_both_ids() -> None:
    old, new = World([A]), World([], log=Log(0, 0, 0), chain=Chain("stock-data", "e" * 32, 0))
    old.log = None
    _, out, _ = audited(Pipeline(old, new))
    assert [line.split()[:5] for line in out.splitlines()[1:3]] == [
        ["stock-data", CHAIN.topic_id[:8], "0", "gone", "100"],
        ["stock-data", "eeeeeeee", "0", "0", "0"],
    ]


def test_json_is_the_status_message() -> None:
    code, out, _ = audited(Pipeline(whole()), as_json=True)
    told = json.loads(out)
    assert (code, told["complete"], told["full"], told["partitions"][0]["rows"]) == (0, True, True, 1300)


def test_a_stage_that_cannot_be_read_is_said_in_one_sentence() -> None:
    pipe = Pipeline(whole())
    pipe.bucket.down = True
    assert audited(pipe) == (3, "", "Not compared, S3 could not be read: s3://bucket/: connection refused\n")


class MemoryDecisions:
    def __init__(self, *decisions: Decision) -> None:
        self.decisions = list(decisions)

    def read(self) -> list[Decision]:
        return list(self.decisions)

    def append(self, decision: Decision) -> None:
        self.decisions.append(decision)


def accepted(pipe: Pipeline, topic: MemoryDecisions, *ids: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return accept(pipe.auditor, topic, ids, "a weekend", NOW, out, err), out.getvalue(), err.getvalue()


def test_what_the_audit_names_can_be_accepted_and_withdrawn() -> None:
    pipe, topic, known = Pipeline(World([link(0, 60, lost=40)], log=Log(50, 100, 0))), MemoryDecisions(), finding_id(LOST)
    assert accepted(pipe, topic, known, known) == (0, f"Accepted: {LOST}\n", "")
    assert topic.decisions == [Accepted(finding=LOST, reason="a weekend", at=NOW)]
    out, err = io.StringIO(), io.StringIO()
    assert withdraw(topic, [known, "00000000"], NOW, out, err) == 1
    assert err.getvalue() == "00000000: not accepted, so nothing was withdrawn.\n"
    assert withdraw(topic, [known], NOW, out, err) == 0
    assert out.getvalue() == f"Withdrawn: {LOST}\n"
    register = Register()
    for decision in topic.decisions:
        register.apply(decode(encode(decision)))
    assert register.accepted == {}


def test_nothing_else_can_be_accepted() -> None:
    world = World([link(0, 60, lost=40)], log=Log(50, 100, 0))
    world.table[99] += 1
    pipe, topic = Pipeline(world), MemoryDecisions()
    doubled = finding_id(f"doubled rows: {link(0, 60, lost=40).key}: offsets 99 are in Snowflake more than once, rows too many: 1")
    code, out, err = accepted(pipe, topic, finding_id(LOST), doubled)
    assert (code, out, topic.decisions) == (1, "", [])
    assert "This can be repaired: nothing was accepted." in err
    code, out, err = accepted(pipe, topic, "00000000")
    assert (code, out, topic.decisions) == (1, "", [])
    assert "00000000 is not a finding's: nothing was accepted." in err
    pipe.bucket.down = True
    assert accepted(pipe, topic, doubled) == (3, "", "Not compared, S3 could not be read: s3://bucket/: connection refused\n")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "stock_auditor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=inherited | environment, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [(), ("audit",)])
def test_a_faulty_configuration_is_one_message_and_2(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, KAFKA_SECURITY_PROTOCOL="LOUD", AUDIT_INTERVAL_SECONDS="0")
    assert (ended.returncode, ended.stdout) == (2, "")
    for name in ("S3_BUCKET", "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "KAFKA_SECURITY_PROTOCOL", "AUDIT_INTERVAL_SECONDS"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_has_examples() -> None:
    assert "stock-auditor audit --full --drained" in run("audit", "--help").stdout
    assert "Examples:" in run("--help").stdout
    assert "stock-auditor replay --dry-run" in run("replay", "--help").stdout
    assert "stock-auditor accept 1a2b3c4d" in run("accept", "--help").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("accept", "1a2b3c4d"),
        ("accept", "1a2b3c4d", "--reason", "x", "--withdraw"),
        ("replay", "--from", "yesterday"),
        ("replay", "--edit", "'"),
        ("replay", "--limit", "-1"),
        ("replay", "--topic", "stock-dlq"),
    ],
)
def test_wrong_arguments_are_said_and_2(words: tuple[str, ...]) -> None:
    ended = run(*words, S3_BUCKET="b", SNOWFLAKE_ACCOUNT="a", SNOWFLAKE_USER="u", SNOWFLAKE_PASSWORD="p")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr


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
    assert {name.upper() for name in AuditorSettings.model_fields} <= set(re.findall(r"`([A-Z0-9_]+)`", README))


def test_the_readme_has_a_repair_for_each_kind_of_finding() -> None:
    assert {line.split("|")[1].strip() for line in README.splitlines() if line.startswith("| ")} >= set(Kind)
