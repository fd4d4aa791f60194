"""The command `doctor`: at most three calls, within the budget, and what they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from stock_common import table
from stock_producer.alerts.engine import Watch
from stock_producer.doctor.findings import (
    Finding,
    Setup,
    of_answers,
    of_clock,
    of_symbols,
    of_tomorrow,
    requests,
)
from stock_producer.doubts import doubts
from stock_producer.schedule.budget import Budget
from stock_producer.vendor.base import Answer, Request
from stock_producer.vendor.kinds import FATAL

LONGEST_WAIT = timedelta(seconds=5)
"""For the next call that the budget permits. A longer wait is a finding."""
_WORDS = {True: "ok", False: "not ok", None: ""}


def examine(
    setup: Setup,
    watches: Sequence[Watch],
    fetch: Callable[[Request], Answer],
    budget: Budget,
    clock: Callable[[], datetime],
    sleep: Callable[[float], object],
) -> list[Finding]:
    """All findings. Each call is counted before it is made. It blocks for the calls. Raises FatalError."""
    found: list[Finding] = []
    answers: list[Answer] = []
    for request in requests(setup.plan, setup.symbols):
        waits = _wait(budget, clock, sleep)
        if waits is not None:
            found.append(Finding("Key", False, waits))
            break
        answers.append(_ask(request, fetch, budget, clock))
        refusal = answers[-1].refusal
        if refusal is not None and refusal.kind in FATAL:
            break
    now = clock()
    found += of_answers(setup, answers)
    found.append(_calls(budget, now))
    found.append(of_clock(answers))
    found += of_symbols(setup, now)
    wrong = doubts(setup.plan, setup.symbols, setup.calendar_setting, watches)
    found += [Finding("Settings", False, text) for text in wrong]
    found += [Finding("Rule", True, f"{watch.rule.name} can fire") for watch in watches if _can(watch, wrong)]
    found += of_tomorrow(setup, now, now.astimezone())
    return found


def _wait(budget: Budget, clock: Callable[[], datetime], sleep: Callable[[float], object]) -> str | None:
    """Waits until the budget permits a call. Returns why it does not, None where it does."""
    now = clock()
    earliest = budget.allowance(now).earliest
    if earliest - now > LONGEST_WAIT:
        return f"the budget has no call before {earliest:%a %d %b %H:%M:%S} UTC, so nothing more was asked"
    if earliest > now:
        sleep((earliest - now).total_seconds())
    return None


def _ask(
    request: Request, fetch: Callable[[Request], Answer], budget: Budget, clock: Callable[[], datetime]
) -> Answer:
    budget.take(clock())
    answer = fetch(request)
    if answer.refusal is None:
        budget.answered()
    else:
        budget.correct(answer.refusal, answer.arrived_at)
    return answer


def _calls(budget: Budget, now: datetime) -> Finding:
    left = budget.allowance(now).day_left
    text = "no limit a day" if left is None else f"{left} of {budget.limits.day} are left today"
    return Finding("Calls", None, text)


def _can(watch: Watch, wrong: Sequence[str]) -> bool:
    return not any(text.startswith(f"the rule {watch.rule.name} ") for text in wrong)


def is_well(found: Sequence[Finding]) -> bool:
    """Whether the pipeline will do what the settings say."""
    return all(finding.ok is not False for finding in found)


def shown(found: Sequence[Finding], *, as_json: bool) -> str:
    """The findings for a reader, or for programs."""
    if as_json:
        rows = [finding._asdict() for finding in found]
        return json.dumps({"ok": is_well(found), "findings": rows}, indent=2)
    lines = table.lines([(finding.part, _WORDS[finding.ok], finding.text) for finding in found], left=3)
    wrong = sum(finding.ok is False for finding in found)
    end = "The pipeline will do what the settings say."
    return "\n".join([*lines, "", end if not wrong else f"Not ok: {wrong} of {len(found)} findings."])
