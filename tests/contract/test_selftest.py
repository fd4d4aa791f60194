"""The selftest asks what the dashboard and the auditor ask, and copies what the sink writes."""

from __future__ import annotations

import pyarrow.parquet as pq
import selftest_files

REMEDY = "run tests/contract/selftest_files.py"


def test_its_questions_are_the_services() -> None:
    assert (selftest_files.PLACE / "questions.json").read_text() == selftest_files.text(), REMEDY


def test_its_objects_have_the_contracts_columns() -> None:
    for name, table in selftest_files.objects().items():
        assert pq.read_table(selftest_files.PLACE / name).equals(table), f"{name}: {REMEDY}"
