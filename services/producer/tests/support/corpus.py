"""The corpus of the vendor's answers, which local/market serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[4] / "local" / "market" / "stock_market" / "answers.yaml"
CORPUS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def content(entry: dict[str, Any]) -> bytes:
    """The body as it is sent."""
    body = entry["body"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()
