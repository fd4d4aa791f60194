"""The key is in nothing that a run writes.

The look-alike echoes the key with every kind of refusal.
"""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from pathlib import Path

from support.look_alike import LookAlike, look_alike
from support.process import COMMAND, free_port, poll_until

KEY = "S3CRETKEYOFTHETEST"
HOOK = "HOOKSECRETOFTHETEST"
FAULTS = ("http_500", "html", "burst")


def run_with_faults(market: LookAlike, variables: dict[str, str]) -> list[bytes]:
    """What the service shows and writes while the vendor refuses it in each way."""
    address = f"http://127.0.0.1:{variables['METRICS_PORT']}/metrics"
    for fault in FAULTS:
        market.order(fault=fault, count=1)
    process = subprocess.Popen(COMMAND, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        poll_until(lambda: len(market.state()["calls"]) >= len(FAULTS) + 1, "faults")
        metrics = urllib.request.urlopen(address, timeout=5).read()
        title = Path(f"/proc/{process.pid}/cmdline")
        command = title.read_bytes() if title.exists() else b""
        market.order(fault="daily_quota", count=1)
        poll_until(
            lambda: b'kind="day"} 1.0' in urllib.request.urlopen(address, timeout=5).read(),
            "the quota's refusal, which echoes the key",
        )
        process.send_signal(signal.SIGTERM)
        return [metrics, command, process.communicate(timeout=40)[0]]
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_the_key_is_in_nothing_that_a_run_writes(environment: dict[str, str], tmp_path: Path) -> None:
    with look_alike(MARKET_PLAN="unlimited") as market:
        variables = environment | {
            "ALPHA_VANTAGE_URL": market.url,
            "ALPHA_VANTAGE_API_KEY": KEY,
            "SYMBOLS": "IBM,AAPL,NOPE",
            "LOG_LEVEL": "DEBUG",
            "ALERT_MOVE_PERCENT": "0.0001",
            "ALERT_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}/{HOOK}",
        }
        written: list[bytes] = []
        written += run_with_faults(market, variables)
        for arguments in (("plan",), ("backfill", "--symbols", "NOPE", "--from", "2026-01-05")):
            shown = subprocess.run(
                (*COMMAND, *arguments), env=variables, capture_output=True, timeout=60, check=False
            )
            written += [shown.stdout, shown.stderr]
        variables["ALPHA_VANTAGE_PLAN"] = KEY
        written.append(
            subprocess.run(COMMAND, env=variables, capture_output=True, timeout=60, check=False).stderr
        )
    files = [
        path for folder in ("state", "logs") for path in (tmp_path / folder).rglob("*") if path.is_file()
    ]
    assert {path.suffix for path in files} >= {".sqlite", ".log"}
    written += [path.read_bytes() for path in files]
    assert b"API key as ***" in b"".join(written)
    assert [text[:200] for text in written if KEY.encode() in text or HOOK.encode() in text] == []
