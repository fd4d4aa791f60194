"""Answers with rows that no vendor should send: dates at the end of time, endless numbers, other types."""

from __future__ import annotations

import json
from typing import Any

ODD: tuple[dict[str, Any], ...] = (
    {"timestamp": "9999-12-31 23:59:59"},
    {"close": "9" * 5_000},
    {"close": "999999999999.9999999"},
    {"previous_close": "1e-30"},
    {"timestamp": "2031-01-01 10:00:00"},
    {"close": None, "volume": ["x"]},
    {"close": "NaN", "timestamp": ""},
    {"volume": "1e400"},
)
EVERY = 3
"""Every third row of a bulk answer is odd. The others are as they would be."""


def odd(body: bytes) -> bytes:
    """The answer with odd rows. A body of another shape stays as it is."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    rows = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        return body
    for place in range(0, len(rows), EVERY):
        rows[place] = rows[place] | ODD[place // EVERY % len(ODD)]
    return json.dumps(found).encode()
