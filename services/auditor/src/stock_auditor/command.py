"""`stock-auditor audit` and `accept`: one audit of everything, printed or looked through, with an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from stock_auditor import report
from stock_auditor.auditor import Auditor
from stock_auditor.decisions import Accepted, Register, Withdrawn, finding_id
from stock_auditor.findings import acceptable
from stock_auditor.replay import DecisionTopic
from stock_auditor.stages import NotCompared

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


def accept(auditor: Auditor, topic: DecisionTopic, ids: Sequence[str], reason: str, now: datetime, out: TextIO, err: TextIO) -> int:
    """Accepts the findings that the audit names by these ids, or none of them. Raises what the topic raises."""
    try:
        texts = {finding_id(text): text for text in report.told(auditor.audit_all().status)}
    except NotCompared as error:
        print(f"Not compared, {STAGE_NAMES[error.stage]} could not be read: {error}", file=err)
        return EXIT_NOT_COMPARED
    for each in ids:
        if each not in texts:
            print(f"{each} is not a finding's: nothing was accepted. `stock-auditor audit` prints the findings with their ids.", file=err)
            return EXIT_INCOMPLETE
        if not acceptable(texts[each]):
            print(f"{texts[each]}\nThis can be repaired: nothing was accepted. README has the repair of each kind.", file=err)
            return EXIT_INCOMPLETE
    for each in dict.fromkeys(ids):
        topic.append(Accepted(finding=texts[each], reason=reason, at=now))
        print(f"Accepted: {texts[each]}", file=out)
    return EXIT_COMPLETE


def withdraw(topic: DecisionTopic, ids: Sequence[str], now: datetime, out: TextIO, err: TextIO) -> int:
    """Takes acceptances back, all or none. Raises what the topic raises."""
    register = Register()
    for decision in topic.read():
        register.apply(decision)
    texts = {finding_id(text): text for text in register.accepted}
    if unknown := [each for each in ids if each not in texts]:
        print(f"{', '.join(unknown)}: not accepted, so nothing was withdrawn.", file=err)
        return EXIT_INCOMPLETE
    for each in dict.fromkeys(ids):
        topic.append(Withdrawn(finding=texts[each], at=now))
        print(f"Withdrawn: {texts[each]}", file=out)
    return EXIT_COMPLETE
