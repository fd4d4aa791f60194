"""Is every quote that the producer had a delivery report for in Snowflake exactly once, and does the audit agree?"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import snowflake.connector
from snowflake.connector import SnowflakeConnection

from stock_stack.services import launcher
from stock_stack.stack import Stack

AUDIT_SECONDS = 600.0
TOLD = re.compile(rb'\{[^{}]*"event": "delivered"[^{}]*\}')
"""A line of the producer's log, also behind the beginning of another that a SIGKILL cut off."""
VIEWS = {"ANALYTICS.QUOTES": "EVENT_ID", "ANALYTICS.ALERTS": "ALERT_ID"}
"""What readers see → what an event is called in it."""
EXAMPLES = 5


class Verdict(NamedTuple):
    """Ids of quotes and alerts. `delivered`: with a delivery report; `rows`: in the views; `missing`: reported and not in a view;

    `doubled`: more than once in a view; `unreported`: in a view, but Kafka's having it was never told (a row of unknown origin).
    """

    delivered: int
    rows: int
    missing: list[str]
    doubled: list[str]
    unreported: list[str]
    audit_code: int
    audit: Mapping[str, Any]
    audit_text: str

    @property
    def good(self) -> bool:
        return self.audit_code == 0 and self.delivered > 0 and not (self.missing or self.doubled or self.unreported)

    def total(self, count: str) -> int:
        """The audit's sum of a count: rows, missing, doubled, resent, rejected, lost."""
        return sum(part[count] for part in self.audit.get("partitions", ()))


def verdict(stack: Stack) -> Verdict:
    """Compares. The stack must be drained."""
    ids = set(delivered(stack.site.log("producer")))
    (stack.site.data / "delivered.txt").write_text("".join(f"{one}\n" for one in sorted(ids)))
    seen = Counter(_in_views(stack.environment("sf-loader")))
    command = [launcher("auditor"), "audit", "--full", "--drained", "--json"]
    done = subprocess.run(command, env=stack.environment("auditor"), capture_output=True, text=True, timeout=AUDIT_SECONDS)
    found = json.loads(done.stdout) if done.stdout else {}
    return Verdict(
        delivered=len(ids),
        rows=sum(seen.values()),
        missing=sorted(ids - seen.keys()),
        doubled=sorted(one for one, times in seen.items() if times > 1),
        unreported=sorted(seen.keys() - ids),
        audit_code=done.returncode,
        audit=found,
        audit_text=done.stderr.strip(),
    )


def delivered(log: Path) -> Iterator[str]:
    """The ids that the producer had a delivery report for: it tells each, by a line of its log, before it forgets the message."""
    for line in TOLD.findall(log.read_bytes()):
        yield from json.loads(line)["ids"]


def connect(environment: Mapping[str, str]) -> SnowflakeConnection:
    """A session as anybody with the connector would have it."""
    return snowflake.connector.connect(
        account=environment["SNOWFLAKE_ACCOUNT"],
        user=environment["SNOWFLAKE_USER"],
        password=environment["SNOWFLAKE_PASSWORD"],
        host=environment["SNOWFLAKE_HOST"],
        port=int(environment["SNOWFLAKE_PORT"]),
        protocol=environment["SNOWFLAKE_PROTOCOL"],
        database=environment["SNOWFLAKE_DATABASE"],
        network_timeout=60,
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
    )


def _in_views(environment: Mapping[str, str]) -> Iterator[str]:
    with connect(environment) as connection:
        for view, column in VIEWS.items():
            for (one,) in connection.cursor().execute(f"SELECT {column} AS ID FROM {view}"):  # type: ignore[union-attr]
                yield one
