"""One process a state directory and a key."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from stock_common.run import FatalError
from stock_producer.database import Held, Lock
from stock_producer.vendor import VendorSettings


def fingerprint(url: str, api_key: str) -> str:
    """Tells keys apart in file names, without giving them away."""
    return hashlib.sha256(f"{url} {api_key}".encode()).hexdigest()[:16]


def claim(settings: VendorSettings, mark: str) -> list[Lock]:
    """Locks on the state directory and on the key, held until the process ends. Raises FatalError when another process has one."""
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        return [
            Lock(settings.state_dir / "producer.lock"),
            Lock(_shared_directory(settings.state_dir) / f"stock-producer-{os.getuid()}-{mark}.lock"),
        ]
    except Held as error:
        raise FatalError(f"Another producer runs with this STATE_DIR or this ALPHA_VANTAGE_API_KEY ({error}): stop it, or use another key.") from None
    except OSError as error:
        raise FatalError(f"A lock file cannot be made: {error}. Check STATE_DIR.") from None


def _shared_directory(otherwise: Path) -> Path:
    """Where two producers with different state directories meet."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return otherwise
