"""What the audit reports, and what an operator does with it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from confluent_kafka.admin import AdminClient

from stock_testing.pipeline import Pipeline


class Ledgered(NamedTuple):
    """One link of the quotes, as the ledger has it."""

    key: str
    first: int
    last: int
    rows: int
    etag: str

    @property
    def day(self) -> str:
        return self.key.partition("dt=")[2][:10]

    @property
    def folder(self) -> str:
        return self.key.rpartition("/")[0]


def admin(pipeline: Pipeline) -> AdminClient:
    """Keep it in a variable: a client that is gone answers nothing."""
    return AdminClient({"bootstrap.servers": pipeline.servers})


def audit(pipeline: Pipeline, *words: str, code: int) -> dict[str, Any]:
    return json.loads(pipeline.command("auditor", "audit", "--json", *(words or ("--drained",)), code=code))


def found(verdict: dict[str, Any], kind: str = "findings") -> list[str]:
    return list(
        dict.fromkeys(
            [*verdict.get(kind, []), *(text for part in verdict["partitions"] for text in part[kind])]
        )
    )


def deleted(link: Ledgered) -> str:
    span = f"offsets {link.first} to {link.last}, {link.rows} rows"
    return f"deleted object: {link.key} ({span}) is in the ledger but not on S3"


def counted(verdict: dict[str, Any], name: str) -> int:
    return sum(part[name] for part in verdict["partitions"])


def check_named(pipeline: Pipeline, *texts: str, missing: int = 0, doubled: int = 0) -> None:
    verdict = audit(pipeline, code=1)
    assert found(verdict) == list(texts)
    assert (counted(verdict, "missing"), counted(verdict, "doubled")) == (missing, doubled)


def check_complete(pipeline: Pipeline) -> dict[str, Any]:
    verdict = audit(pipeline, code=0)
    assert (counted(verdict, "missing"), counted(verdict, "doubled"), counted(verdict, "resent")) == (0, 0, 0)
    return verdict


def accept(pipeline: Pipeline, finding: str) -> None:
    """As an operator does, by the id that the audit prints after the finding."""
    report = pipeline.command("auditor", "audit", code=1)
    identity = re.search(re.escape(finding) + r" \(accept ([0-9a-f]{8})\)", report)
    assert identity, report
    pipeline.command("auditor", "accept", identity[1], "--reason", "a test")
    assert f"accepted (a test, {_today(pipeline)}): {finding}" in found(check_complete(pipeline), "warnings")


def _today(pipeline: Pipeline) -> str:
    return str(pipeline.query("SELECT CURRENT_DATE() AS D")[0][0])
