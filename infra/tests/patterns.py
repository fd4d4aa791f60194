"""What a secret looks like in a plan: the name of its variable, or its value."""

from __future__ import annotations

import re

SECRET_NAME = re.compile(r"PASSWORD|TOKEN|API_KEY|SECRET|ACCESS_KEY")
SECRET_VALUE = re.compile(
    r"-----BEGIN|AKIA[0-9A-Z]{16}|(?i:password|api_?key|secret)\s*[=:]\s*[\"']?[A-Za-z0-9/+]{12,}"
)
