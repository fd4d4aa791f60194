"""The producer's SQLite files: how they are opened, and that one process owns them."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stock_common.run import FatalError

_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class Held(Exception):
    """Another process holds the lock."""


class Lock:
    """An advisory lock on a file, given back when the process ends, however it ends. Raises Held, or OSError when the file cannot be made."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise Held(str(path)) from None
            raise

    def release(self) -> None:
        os.close(self._handle)


def connect(path: Path, schema: str, *, durable: bool) -> sqlite3.Connection:
    """The database at `path`, made by `schema` where it is new. Raises FatalError naming the file.

    `durable`: each commit is on the disk when it returns (one fsync); otherwise it outlives the process, but not a power cut.
    """
    with named(path):
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.executescript(schema)
    return connection


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
            raise FatalError(f"{path} cannot be written ({error}): free some disk, or check the rights on STATE_DIR.") from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise FatalError(f"{path} is in use by another program ({error}): close that.") from None
        raise FatalError(f"{path} is damaged ({error}): move it away; quotes in it that Kafka has not taken are lost.") from None
