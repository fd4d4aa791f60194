"""Takes secrets out of text before it is logged, stored or shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

MASK = "***"
_PATTERNS = (
    re.compile(r"(?i)\b((?:api_?key|password|passwd|token|secret|signature|x-amz-[a-z-]*)=)[^&\s\"'<>]+"),
    re.compile(r"(?i)(API key as )\S+"),
    re.compile(r"(?i)(authorization:?\s+(?:bearer|basic)\s+)\S+"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
)

_SECRET_NAME = re.compile(r"(KEY|SECRET|PASSWORD|TOKEN|WEBHOOK_URL)$")


class Redactor:
    """Masks known secret values, and text of the shape of a secret.

    Shapes are `apikey=…`, "API key as …" (Alpha Vantage's quota answer has the key), and passwords in URLs.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # A short "secret" would mask half of the log. Longest first: one inside another then leaves no rest.
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{MASK}", text)
        return text


def from_environment(variables: Mapping[str, str] = os.environ) -> Redactor:
    """Masks the values of variables whose names say that they are secret. For commands, which have no log."""
    return Redactor(value for name, value in variables.items() if _SECRET_NAME.search(name))
