"""LOG_DIR: what a service says is in a file of the host too, as JSON lines that say where a record was."""

from __future__ import annotations

import json
from pathlib import Path

from breaks import given

from stock_testing.compose import Project
from stock_testing.poll import poll_until

FIELDS = {"time", "level", "service", "event", "topic", "partition", "offset", "object"}


def test_the_sink_s_log_is_in_a_file_of_the_host(project: Project, tmp_path: Path) -> None:
    # Whoever runs the tests is not uid 10001.
    tmp_path.chmod(0o777)
    log = tmp_path / "consumer.log"

    def put() -> dict:
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return next((line for line in lines if line["event"] == "link put"), {})

    with given(project, {"LOG_DIR": str(tmp_path)}, "s3-sink"):
        assert set(poll_until(put, "a put in consumer.log", 60)) >= FIELDS
