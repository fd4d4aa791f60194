"""Takes secrets out of text before it is logged, stored or shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
_PATTERNS = (
    re.compile(r"(?i)\b((?:api_?key|password|passwd|token|secret|signature|x-amz-[a-z-]*)=)[^&\s\"'<>]+"),
    re.compile(r"(?i)(API key as )\S+"),
    re.compile(r"(?i)(authorization:?\s+(?:bearer|basic)\s+)\S+"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
)


class Redactor:
    """Masks known secret values and what looks like a secret: `apikey=…`, "API key as …" (Alpha Vantage's quota body echoes it), URL passwords."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A short "secret" would mask half of the log; longest first, so that one inside another leaves no rest.
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{MASK}", text)
        return text
