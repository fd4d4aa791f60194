"""The outcome of a replay as text for a person, and as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from stock_auditor.replay.dead_letters import DeadLetter, Survey
from stock_common import table
from stock_common.printable import printable

KIND_COLUMNS = ("topic", "reason")
COUNT_COLUMNS = ("letters", "replayed", "refused again", "to send")
COUNT_FIELDS = ("letters", "replayed", "refused_again", "due")
VALUE_SHOWN = 300


class Outcome(NamedTuple):
    """What there was and what became of it.

    wanted: how many letters were to be sent.
    left_out: letters that the filter failed on: id → why.
    doubtful: letters of an earlier run that may or may not have been sent.
    busy: why this run did not send, empty if it did.
    """

    survey: Survey
    dry_run: bool
    again: bool
    wanted: int
    sent: int = 0
    left_out: Mapping[str, str] = MappingProxyType({})
    doubtful: Sequence[str] = ()
    busy: str = ""


def as_json(outcome: Outcome) -> str:
    survey = outcome.survey
    kinds = [
        {
            "topic": topic,
            "reason": reason,
            **dict(zip(COUNT_FIELDS, _counts(survey, (topic, reason)), strict=True)),
        }
        for topic, reason in sorted(survey.chosen)
    ]
    samples = [
        letter._asdict() | {"time": _time(letter), "value": letter.value.decode(errors="replace")}
        for letter in _samples(survey)
    ]
    fields = {
        "dry_run": outcome.dry_run,
        "kinds": kinds,
        "foreign": survey.foreign,
        "samples": samples if outcome.dry_run else [],
        "sent": outcome.sent,
        "left_out": dict(outcome.left_out),
        "in_doubt": list(outcome.doubtful),
        "busy": outcome.busy,
    }
    return json.dumps(fields, indent=2)


def as_text(outcome: Outcome) -> str:
    survey = outcome.survey
    lines = _table(survey) if survey.chosen else []
    if outcome.dry_run:
        lines += [line for letter in _samples(survey) for line in _sample(letter)]
    lines += _exceptions(outcome)
    lines += [f"In doubt, not sent again: {printable(letter)}" for letter in outcome.doubtful]
    lines += [f"Left out: {printable(letter)}: {printable(why)}" for letter, why in outcome.left_out.items()]
    return "\n".join([*lines, outcome.busy or _sentence(outcome)])


def _exceptions(outcome: Outcome) -> list[str]:
    """A line for each kind of message that is not sent."""
    lines = []
    if foreign := outcome.survey.foreign:
        lines.append(f"{foreign:,} messages of the topic are no dead letters and were passed over.")
    if again := outcome.survey.again.total():
        hint = "" if outcome.again else ": fix what refuses them, then add --again"
        lines.append(
            f"{again:,} letters are of records that were a replay already and were refused once more{hint}."
        )
    return lines


def _sentence(outcome: Outcome) -> str:
    if outcome.dry_run:
        return f"{outcome.wanted:,} letters would be sent. Nothing was."
    left_out = f"; {len(outcome.left_out):,} were left out" if outcome.left_out else ""
    return f"{outcome.sent:,} letters were sent to the topics they came from{left_out}."


def _table(survey: Survey) -> list[str]:
    rows = [(*kind, *(f"{number:,}" for number in _counts(survey, kind))) for kind in sorted(survey.chosen)]
    return table.lines([(*KIND_COLUMNS, *COUNT_COLUMNS), *rows], left=len(KIND_COLUMNS))


def _counts(survey: Survey, kind: tuple[str, str]) -> tuple[int, int, int, int]:
    return survey.chosen[kind], survey.replayed[kind], survey.again[kind], survey.due[kind]


def _samples(survey: Survey) -> list[DeadLetter]:
    return [letter for kind in sorted(survey.samples) for letter in survey.samples[kind]]


def _sample(letter: DeadLetter) -> tuple[str, str]:
    place = f"{printable(letter.topic)}/{letter.partition} offset {letter.offset}, {_time(letter)}"
    value = printable(letter.value.decode(errors="replace"), VALUE_SHOWN)
    return f"{place}: {printable(letter.reason)}: {printable(letter.text)}", f"    {value}"


def _time(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
