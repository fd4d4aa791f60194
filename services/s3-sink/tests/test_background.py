"""A put that hangs does not hold the end of the process."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from stock_s3_sink import background

HANGING = """
import time
from stock_s3_sink import background
background.run("upload", time.sleep, 600)
print("closed")
"""


def test_work_that_hangs_does_not_outlive_the_end() -> None:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "closed\n"
    assert time.monotonic() - begun < 30


def test_results_and_errors_come_back() -> None:
    assert background.run("sum", sum, [1, 2]).result(10) == 3
    with pytest.raises(ZeroDivisionError):
        background.run("divide", divmod, 1, 0).result(10)
