"""The command as a process."""

from __future__ import annotations

import os
import subprocess
import sys

GOOD = {"SNOWFLAKE_ACCOUNT": "a-b", "SNOWFLAKE_USER": "reader", "SNOWFLAKE_PASSWORD": "secret-word"}


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")
    } | variables
    return subprocess.run(
        [sys.executable, "-m", "stock_dashboard", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
