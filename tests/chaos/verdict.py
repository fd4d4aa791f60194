"""Is each quote with a delivery report in Snowflake exactly once, and does the audit agree?"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from snowflake.connector import SnowflakeConnection

from chaos.content import Outcome
from chaos.strays import Strays
from stock_stack.database import connect
from stock_stack.layout import warehouse
from stock_stack.services import launcher
from stock_stack.stack import Stack

AUDIT_SECONDS = 600.0
REPORTED = re.compile(rb'\{[^{}]*"event": "delivered"[^{}]*\}')
"""A line of the producer's log, also one that follows the beginning of another that a SIGKILL cut off."""
VIEWS = {"ANALYTICS.QUOTES": "EVENT_ID", "ANALYTICS.ALERTS": "ALERT_ID"}
"""What readers see → what an event is called in it."""
EXAMPLES = 5
WHOLE = ("audit", "--full", "--drained")


class Verdict(NamedTuple):
    """Ids of quotes and alerts.

    delivered: how many have a delivery report. rows: how many are in the views.
    missing: reported and in no view. doubled: more than once in a view.
    unreported: in a view without a report, a row of unknown origin.
    given_up: in a view although an operator gave it up.
    unnamed: strangers' files and given up batches that the audit did not name.
    """

    delivered: int
    rows: int
    missing: list[str]
    doubled: list[str]
    unreported: list[str]
    given_up: list[str]
    unnamed: list[str]
    audit_code: int
    audit: Mapping[str, Any]
    audit_text: str

    @property
    def good(self) -> bool:
        return (
            self.audit_code == 0
            and self.delivered > 0
            and not (self.missing or self.doubled or self.unreported or self.given_up or self.unnamed)
        )

    def total(self, count: str) -> int:
        """The audit's sum of a count: rows, missing, doubled, resent, rejected, lost."""
        return sum(part[count] for part in self.audit.get("partitions", ()))


def verdict(stack: Stack, outcome: Outcome | None = None, unnamed: Sequence[str] = ()) -> Verdict:
    """Compares. The stack must be drained, and what `outcome` left over must be tidied up."""
    outcome = outcome or Outcome()
    ids = set(delivered(stack.layout.log("producer"))) | outcome.own
    (stack.layout.data / "delivered.txt").write_text("".join(f"{one}\n" for one in sorted(ids)))
    seen = Counter(_in_views(warehouse(stack.layout)))
    code, out, err = run_auditor(stack, *WHOLE, "--json")
    return Verdict(
        delivered=len(ids),
        rows=sum(seen.values()),
        missing=sorted(ids - seen.keys()),
        doubled=sorted(one for one, times in seen.items() if times > 1),
        unreported=sorted(seen.keys() - ids - outcome.strangers - outcome.lost),
        given_up=sorted(outcome.lost & seen.keys()),
        unnamed=list(unnamed),
        audit_code=code,
        audit=json.loads(out) if out else {},
        audit_text=err.strip(),
    )


def tidy_up(stack: Stack, strays: Strays, outcome: Outcome) -> list[str]:
    """What an operator does: takes strangers' files away, and accepts batches given up, once both are named.

    Returns what the audit did not name.
    """
    code, out, err = run_auditor(stack, *WHOLE)
    if code not in (0, 1):
        return [f"anything, it ended with {code}: {err.strip()}"]
    losses = re.findall(r"Finding: lost .*\(accept (\w+)\)", out)
    unnamed = [] if out.count("foreign object") or not strays.kept else strays.kept
    if outcome.given_up_batches != len(losses):
        unnamed = [*unnamed, f"{outcome.given_up_batches} batches given up, {len(losses)} findings"]
    strays.remove()
    subprocess.run(
        [launcher("sf-loader"), "retry"],
        env=stack.environment("sf-loader"),
        capture_output=True,
        timeout=AUDIT_SECONDS,
        check=False,
    )
    if losses:
        run_auditor(stack, "accept", *losses, "--reason", "a flipped byte")
    return unnamed


def run_auditor(stack: Stack, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command of the auditor."""
    done = subprocess.run(
        [launcher("auditor"), *words],
        env=stack.environment("auditor"),
        capture_output=True,
        text=True,
        timeout=AUDIT_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def delivered(log: Path) -> Iterator[str]:
    """The ids that have a delivery report. The producer logs each before it forgets the message."""
    for line in REPORTED.findall(log.read_bytes()):
        yield from json.loads(line)["ids"]


def session(environment: Mapping[str, str]) -> SnowflakeConnection:
    """A look into the warehouse, with time for a busy machine."""
    return connect(environment, database=environment["SNOWFLAKE_DATABASE"], network_timeout=60)


def _in_views(environment: Mapping[str, str]) -> Iterator[str]:
    with session(environment) as connection:
        for view, column in VIEWS.items():
            rows = connection.cursor().execute(f"SELECT {column} AS ID FROM {view}")
            for (one,) in rows:  # type: ignore[union-attr]
                yield one
