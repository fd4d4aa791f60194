"""The use of an account's budget on disk: calls of the last minute, calls a day, and the end of a wait."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from stock_producer.outbox.sqlite import connect, named, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, used INTEGER NOT NULL, refused INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS block (only INTEGER PRIMARY KEY CHECK (only = 1), until REAL NOT NULL);
"""
DAYS_KEPT = 400


class UsageFile:
    """One account's use. Every method raises FatalError when the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # It may lose rows in a power cut: the minute is over when the machine is up again, and a refusal
        # corrects the day.
        self._connection = connect(path, _SCHEMA, durable=False)

    def calls(self, since: datetime) -> list[datetime]:
        """The calls after `since`, oldest first."""
        with named(self._path):
            rows = self._connection.execute(
                "SELECT at FROM calls WHERE at > ? ORDER BY at", (since.timestamp(),)
            ).fetchall()
        return [datetime.fromtimestamp(at, UTC) for (at,) in rows]

    def day(self, day: date) -> tuple[int, int]:
        """(calls, refusals) of a day."""
        with named(self._path):
            row = self._connection.execute(
                "SELECT used, refused FROM days WHERE day = ?", (day.isoformat(),)
            ).fetchone()
        return row or (0, 0)

    def blocked_until(self) -> datetime | None:
        with named(self._path):
            row = self._connection.execute("SELECT until FROM block").fetchone()
        return row and datetime.fromtimestamp(row[0], UTC)

    def add_call(self, at: datetime, day: date, forget: datetime) -> None:
        """Counts a call, and drops those before `forget`."""
        with named(self._path), transaction(self._connection) as on:
            on.execute("DELETE FROM calls WHERE at < ?", (forget.timestamp(),))
            on.execute("INSERT INTO calls (at) VALUES (?)", (at.timestamp(),))
            on.execute(
                "INSERT INTO days VALUES (?, 1, 0) ON CONFLICT (day) DO UPDATE SET used = used + 1",
                (day.isoformat(),),
            )

    def set_day(self, day: date, used: int, refused: int, blocked_until: datetime) -> None:
        """Takes over the count and the wait that a refusal has brought."""
        with named(self._path), transaction(self._connection) as on:
            on.execute("INSERT OR REPLACE INTO days VALUES (?, ?, ?)", (day.isoformat(), used, refused))
            on.execute("INSERT OR REPLACE INTO block VALUES (1, ?)", (blocked_until.timestamp(),))
            on.execute(
                "DELETE FROM days WHERE day NOT IN (SELECT day FROM days ORDER BY day DESC LIMIT ?)",
                (DAYS_KEPT,),
            )

    def close(self) -> None:
        self._connection.close()
