"""The messages for Kafka, on disk from the moment that they were fetched until Kafka has them.

One transaction holds an answer's records, when its symbols were asked for, and the state of the alert rules
after them. A restart neither repeats nor loses an alert, and asks for nothing again that is already here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from stock_common.run import FatalError
from stock_producer.outbox.sqlite import connect, named, transaction

FILE = "outbox.sqlite"
"""Its name in STATE_DIR."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, added_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS set_aside (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    added_at REAL NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS asked (symbol TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rule_states (
    rule TEXT NOT NULL, symbol TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (rule, symbol)) WITHOUT ROWID;
"""

RuleStates = Mapping[tuple[str, str], bytes]
"""(rule, symbol) → the state in the rule's encoding."""
Marks = Mapping[tuple[str, str], str]
"""(kind, name) → what was done: the bars that were sent, the parts of a backfill that are there."""


class Message(NamedTuple):
    """To be sent. `value`: as the contract has it. `key`: the symbol."""

    topic: str
    key: str
    value: bytes


class Row(NamedTuple):
    """A message in the outbox. `seq` rises, also over restarts, and is the order of sending."""

    seq: int
    topic: str
    key: str
    value: bytes
    added_at: datetime


class Outbox:
    """One process's file. Every method raises FatalError when the file cannot be read or written."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path = path
        self._limit = limit_bytes
        self._connection = connect(path, _SCHEMA, durable=True)
        with named(path):
            self._page = self._value("PRAGMA page_size")
            self.rows = self._value("SELECT COUNT(*) FROM outbox")

    def add(
        self,
        messages: Sequence[Message],
        asked: Mapping[str, datetime],
        states: RuleStates,
        now: datetime,
        marks: Marks = MappingProxyType({}),
    ) -> None:
        """Puts all of it on the disk, or nothing. When it returns, a crash loses none of it.

        Raises FatalError at the limit, too.
        """
        if self.bytes >= self._limit:
            raise FatalError(
                f"The outbox {self._path} has reached OUTBOX_BYTES={self._limit} with {self.rows} messages "
                "that Kafka has not taken: make Kafka reachable, or raise OUTBOX_BYTES."
            )
        at = now.timestamp()
        with named(self._path), transaction(self._connection) as on:
            on.executemany(
                "INSERT INTO outbox (topic, key, value, added_at) VALUES (?, ?, ?, ?)",
                ((*message, at) for message in messages),
            )
            on.executemany(
                "INSERT OR REPLACE INTO asked VALUES (?, ?)",
                ((symbol, when.timestamp()) for symbol, when in asked.items()),
            )
            on.executemany(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)",
                ((*place, value) for place, value in marks.items()),
            )
            on.executemany(
                "INSERT OR REPLACE INTO rule_states VALUES (?, ?, ?)",
                ((*place, state) for place, state in states.items()),
            )
        self.rows += len(messages)

    def read(self, after: int, count: int) -> list[Row]:
        """Up to `count` rows after `after`, in the order of sending."""
        with named(self._path):
            found = self._connection.execute(
                "SELECT seq, topic, key, value, added_at FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, count),
            )
            return [
                Row(seq, topic, key, value, datetime.fromtimestamp(at, UTC))
                for seq, topic, key, value, at in found
            ]

    def remove(self, seqs: Sequence[int]) -> None:
        """Forgets rows that Kafka has.

        It does not wait for the disk: after a power cut they are sent again, with the same event_id.
        """
        with named(self._path):
            self._connection.execute("PRAGMA synchronous=NORMAL")
            with transaction(self._connection) as on:
                on.executemany("DELETE FROM outbox WHERE seq = ?", ((seq,) for seq in seqs))
            self._connection.execute("PRAGMA synchronous=FULL")
        self.rows -= len(seqs)

    def set_aside(self, seq: int, reason: str) -> None:
        """Takes a row out of the way of the others. It is kept until somebody decides."""
        with named(self._path), transaction(self._connection) as on:
            on.execute(
                "INSERT OR REPLACE INTO set_aside"
                " SELECT seq, topic, key, value, added_at, ? FROM outbox WHERE seq = ?",
                (reason, seq),
            )
            on.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        self.rows -= 1

    def aside(self) -> list[tuple[Row, str]]:
        """The rows that were set aside, each with the reason."""
        with named(self._path):
            found = self._connection.execute(
                "SELECT seq, topic, key, value, added_at, reason FROM set_aside ORDER BY seq"
            ).fetchall()
        return [
            (Row(seq, topic, key, value, datetime.fromtimestamp(at, UTC)), reason)
            for seq, topic, key, value, at, reason in found
        ]

    def decide(self, seqs: Sequence[int], *, send: bool) -> int:
        """Sends rows that were set aside again, after all others, or deletes them. Returns how many."""
        with named(self._path), transaction(self._connection) as on:
            done = 0
            for seq in seqs:
                if send:
                    on.execute(
                        "INSERT INTO outbox (topic, key, value, added_at)"
                        " SELECT topic, key, value, added_at FROM set_aside WHERE seq = ?",
                        (seq,),
                    )
                done += on.execute("DELETE FROM set_aside WHERE seq = ?", (seq,)).rowcount
        self.rows += done if send else 0
        return done

    def oldest(self) -> datetime | None:
        """When the first row was added."""
        rows = self.read(0, 1)
        return rows[0].added_at if rows else None

    @property
    def bytes(self) -> int:
        """The part of the file that is in use."""
        with named(self._path):
            return (self._value("PRAGMA page_count") - self._value("PRAGMA freelist_count")) * self._page

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return self.bytes / self._limit

    def asked(self) -> dict[str, datetime]:
        """When each symbol was last asked for with success."""
        with named(self._path):
            return {
                symbol: datetime.fromtimestamp(at, UTC)
                for symbol, at in self._connection.execute("SELECT symbol, at FROM asked")
            }

    def marks(self, kind: str) -> dict[str, str]:
        """name → value of one kind."""
        with named(self._path):
            return dict(
                self._connection.execute("SELECT name, value FROM marks WHERE kind = ?", (kind,)).fetchall()
            )

    def newest_marks(self, prefix: str) -> dict[str, str]:
        """What follows `prefix` in a kind → the greatest name of that kind."""
        with named(self._path):
            return dict(
                self._connection.execute(
                    "SELECT substr(kind, ?), max(name) FROM marks WHERE kind >= ? AND kind < ? GROUP BY kind",
                    (len(prefix) + 1, prefix, prefix + "\U0010ffff"),
                ).fetchall()
            )

    def rule_states(self) -> dict[tuple[str, str], bytes]:
        with named(self._path):
            return {
                (rule, symbol): state
                for rule, symbol, state in self._connection.execute(
                    "SELECT rule, symbol, state FROM rule_states"
                )
            }

    def close(self) -> None:
        self._connection.close()

    def _value(self, statement: str) -> int:
        return self._connection.execute(statement).fetchone()[0]


def marks_of(path: Path, kind: str) -> dict[str, str]:
    """The marks of one kind in a file that a service may be using. Nothing where it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1.0)) as on:
            return dict(on.execute("SELECT name, value FROM marks WHERE kind = ?", (kind,)).fetchall())
    except sqlite3.Error:
        return {}
