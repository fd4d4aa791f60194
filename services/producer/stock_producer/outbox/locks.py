"""One process a state directory and an account."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stock_common.run import FatalError


class Held(Exception):
    """Another process holds the lock."""


class Lock:
    """An advisory lock on a file. It ends with the process, however that ends.

    Raises Held, or OSError when the file cannot be made.
    """

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


def fingerprint(account: str) -> str:
    """A text for file names that differs between accounts and does not reveal their secrets."""
    return hashlib.sha256(account.encode()).hexdigest()[:16]


@contextmanager
def claimed(state_dir: Path, mark: str, key_variable: str = "") -> Iterator[None]:
    """Locks on the state directory and on the account, while the block runs.

    mark: the account's fingerprint. key_variable: the variable that names the account, for the error's text.
    Raises FatalError when another process has one of the locks.
    """
    locks = _claim(state_dir, mark, key_variable)
    try:
        yield
    finally:
        for lock in locks:
            lock.release()


def _claim(state_dir: Path, mark: str, key_variable: str) -> list[Lock]:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        return [
            Lock(state_dir / "producer.lock"),
            Lock(_shared_directory(state_dir) / f"stock-producer-{os.getuid()}-{mark}.lock"),
        ]
    except Held as error:
        either = f" or this {key_variable}" if key_variable else ""
        remedy = "stop it, or use another key" if key_variable else "stop it"
        raise FatalError(f"Another producer runs with this STATE_DIR{either} ({error}): {remedy}.") from None
    except OSError as error:
        raise FatalError(f"A lock file cannot be made: {error}. Check STATE_DIR.") from None


def _shared_directory(otherwise: Path) -> Path:
    """Where two producers with different state directories meet."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return otherwise
