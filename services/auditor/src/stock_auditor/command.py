"""`stock-auditor audit`: one audit of everything, printed, with an exit code."""

from __future__ import annotations

from typing import TextIO

from stock_auditor import report
from stock_auditor.auditor import Auditor, NotCompared

EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_NOT_COMPARED = 0, 1, 3
STAGE_NAMES = {"kafka": "Kafka", "s3": "S3", "snowflake": "Snowflake"}


def audit_once(auditor: Auditor, by_range: bool, as_json: bool, colour: bool, out: TextIO, err: TextIO) -> int:
    """Prints the verdict on `out` and returns 0 or 1; where a stage could not be read, says so on `err` and returns 3."""
    try:
        status = auditor.audit_all(by_range).status
    except NotCompared as error:
        print(f"Not compared, {STAGE_NAMES[error.stage]} could not be read: {error}", file=err)
        return EXIT_NOT_COMPARED
    print(report.as_json(status) if as_json else report.as_text(status, colour), file=out)
    return EXIT_COMPLETE if status.complete else EXIT_INCOMPLETE
