"""SQLite files: how they are opened, and their errors in sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stock_common.run import FatalError

MOUNTS = Path("/proc/self/mounts")
_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


def connect(path: Path, schema: str, *, durable: bool) -> sqlite3.Connection:
    """The database at `path`, made by `schema` where it is new. Raises FatalError naming the file.

    `durable`: each commit is on the disk when it returns (one fsync). Without it a commit outlives the
    process, but not a power cut.

    On NFS (EFS on AWS) one process has the file for itself, from its start to its end. Beside a WAL, SQLite
    shares memory by a file, and no network file system carries that: https://sqlite.org/wal.html#noshm.
    """
    with named(path):
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        if _on_nfs(path):
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.executescript(schema)
    return connection


def _on_nfs(path: Path) -> bool:
    """Whether the file's folder is on NFS. Without Linux's table of mounts nobody knows, and it is not."""
    if not MOUNTS.exists():
        return False
    mounts = [line.split(" ")[1:3] for line in MOUNTS.read_text().splitlines()]
    folder = path.resolve().parent
    around = [(place, kind) for place, kind in mounts if folder.is_relative_to(place)]
    return bool(around) and max(around, key=lambda mount: len(mount[0]))[1].startswith("nfs")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing of what is inside."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        # SQLite has already rolled back by itself after some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into a FatalError that names the file and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DISK:
            raise FatalError(
                f"{path} cannot be written ({error}): free some disk, or check the rights on STATE_DIR."
            ) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise FatalError(f"{path} is in use by another program ({error}): close that.") from None
        raise FatalError(
            f"{path} is damaged ({error}): move it away. Quotes in it that Kafka has not taken are lost."
        ) from None
