"""`stock-auditor replay`: what there is, what was sent, in words or as JSON, with an exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple, TextIO

from stock_auditor.letters import Choice, Letter, Sorter, Survey
from stock_auditor.replay import Busy, Progress, Replay

EXIT_DONE, EXIT_LEFT_OUT = 0, 1
HEADER = ("topic", "reason", "letters", "replayed", "refused again", "to send")
VALUE_SHOWN = 300


class Task(NamedTuple):
    """What is asked for. `read` gives every letter from the topic's beginning, each time it is called."""

    replay: Replay
    read: Callable[[], Iterable[Letter | None]]
    choice: Choice
    limit: int | None
    dry_run: bool
    as_json: bool


class Outcome(NamedTuple):
    survey: Survey
    sent: int = 0
    left_out: Mapping[str, str] = MappingProxyType({})
    doubtful: Sequence[str] = ()
    busy: str = ""


def replay_once(task: Task, go_on: Callable[[], bool], out: TextIO, err: TextIO) -> int:
    """Prints the outcome on `out`, progress on `err`; returns 0 or 1. `go_on` is asked after each batch. Raises as Replay, but for Busy."""
    sorter = Sorter(task.choice, task.replay.catch_up().sent)
    due = sum(1 for _ in sorter.due(task.read()))
    wanted = due if task.limit is None else min(due, task.limit)
    outcome = Outcome(sorter.survey)
    if wanted and not task.dry_run:
        try:
            outcome = _send(task, sorter.survey, wanted, go_on, err)
        except Busy as error:
            outcome = outcome._replace(busy=str(error))
    print(_as_json(outcome, task) if task.as_json else _as_text(outcome, task, wanted), file=out)
    return EXIT_LEFT_OUT if outcome.left_out or outcome.doubtful or outcome.busy else EXIT_DONE


def _send(task: Task, survey: Survey, wanted: int, go_on: Callable[[], bool], err: TextIO) -> Outcome:
    doubtful = task.replay.claim()
    # What an earlier run had under way is known only now.
    letters = Sorter(task.choice, task.replay.register.sent).due(task.read())

    def progress(done: Progress) -> bool:
        if err.isatty():
            print(f"\r{done.sent:,} of {wanted:,} letters sent", end="", file=err, flush=True)
        return go_on()

    try:
        done = task.replay.send(islice(letters, task.limit), progress)
    finally:
        if err.isatty():
            print(file=err)
    task.replay.end()
    return Outcome(survey, done.sent, done.unedited, doubtful)


def _as_json(outcome: Outcome, task: Task) -> str:
    survey = outcome.survey
    kinds = [
        {
            "topic": topic,
            "reason": reason,
            **dict(zip(("letters", "replayed", "refused_again", "due"), _counts(survey, (topic, reason)), strict=True)),
        }
        for topic, reason in sorted(survey.chosen)
    ]
    samples = [
        letter._asdict() | {"time": _time(letter), "value": letter.value.decode(errors="replace")}
        for kind in sorted(survey.samples)
        for letter in survey.samples[kind]
    ]
    told = {"dry_run": task.dry_run, "kinds": kinds, "foreign": survey.foreign, "samples": samples if task.dry_run else []}
    return json.dumps(
        told | {"sent": outcome.sent, "left_out": dict(outcome.left_out), "in_doubt": list(outcome.doubtful), "busy": outcome.busy}, indent=2
    )


def _as_text(outcome: Outcome, task: Task, wanted: int) -> str:
    survey = outcome.survey
    lines = _table(survey) if survey.chosen else []
    if task.dry_run:
        for kind in sorted(survey.samples):
            for letter in survey.samples[kind]:
                value = letter.value.decode(errors="replace")[:VALUE_SHOWN]
                lines += [
                    f"{letter.topic}/{letter.partition} offset {letter.offset}, {_time(letter)}: {letter.reason}: {letter.text}",
                    f"    {value}",
                ]
    if survey.foreign:
        lines.append(f"{survey.foreign:,} messages of the topic are no dead letters and were passed over.")
    if again := survey.again.total():
        hint = "" if task.choice.again else ": mend what refuses them, then add --again"
        lines.append(f"{again:,} letters are of records that were a replay already and were refused once more{hint}.")
    lines += [f"In doubt, not sent again: {letter}" for letter in outcome.doubtful]
    lines += [f"Left out: {letter}: {why}" for letter, why in outcome.left_out.items()]
    return "\n".join([*lines, outcome.busy or _sentence(outcome, task, wanted)])


def _sentence(outcome: Outcome, task: Task, wanted: int) -> str:
    if task.dry_run:
        return f"{wanted:,} letters would be sent. Nothing was."
    left = f"; {len(outcome.left_out):,} were left out" if outcome.left_out else ""
    return f"{outcome.sent:,} letters were sent to the topics they came from{left}."


def _table(survey: Survey) -> list[str]:
    rows = [HEADER, *((*kind, *(f"{number:,}" for number in _counts(survey, kind))) for kind in sorted(survey.chosen))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return ["  ".join(cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows]  # fmt: skip


def _counts(survey: Survey, kind: tuple[str, str]) -> tuple[int, int, int, int]:
    return survey.chosen[kind], survey.replayed[kind], survey.again[kind], survey.due[kind]


def _time(letter: Letter) -> str:
    return datetime.fromtimestamp(letter.time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
