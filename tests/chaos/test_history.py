"""The judge of histories: a right one is right, and each kind of wrong one is called wrong."""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos import history

Events = list[dict[str, Any]]
CHAIN = {"topic": "stock-data", "partition": 3}


def right() -> Events:
    """Two objects of two records each. The second is loaded after the first verdict."""
    events: Events = [{"event": "ack", "id": one} for one in "abcd"]
    events += [{"event": "record", **CHAIN, "offset": at, "id": one} for at, one in enumerate("abcde")]
    events += [{"event": "stranger", "id": "e"}]
    for number, (key, rows) in enumerate((("o0", [(0, "a"), (1, "b")]), ("o2", [(2, "c"), (3, "d")]))):
        at = 10.0 + 10 * number
        put = {"event": "put", "key": key, "client": "s3-sink", "begun": at, "ended": at + 1, "status": 200}
        events += [put, {"event": "object", "key": key, **CHAIN, "rows": rows}]
        events += [{"event": "committing", "at": at + 3, "transaction": key, "files": [("T", key)]}]
        events += [{"event": "committed", "at": at + 4, "transaction": key}]
    events += [{**events[-8], "client": "s3-sink-2", "status": 412}]
    for at, s3, warehouse, rows in ((22.0, 3, 1, 2), (30.0, 3, 3, 4)):
        part = {**CHAIN, "s3_last": s3, "warehouse_last": warehouse, "rows": rows}
        events += [
            {"event": "verdict", "begun": at, "ended": at + 0.5, "complete": True, "partitions": [part]}
        ]
        events += [{"event": "read", "view": "QUOTES", "begun": at, "ended": at + 0.5, "count": rows}]
    return [*events, {"event": "view", "view": "QUOTES", "topic": "stock-data", "ids": [*"abcd"]}]


def of(events: Events, kind: str) -> Events:
    return [event for event in events if event["event"] == kind]


def changed(kind: str, number: int, **fields: Any) -> Callable[[Events], object]:
    return lambda events: of(events, kind)[number].update(fields)


def removed(kind: str, number: int) -> Callable[[Events], object]:
    return lambda events: events.remove(of(events, kind)[number])


def again(kind: str, number: int, **fields: Any) -> Callable[[Events], object]:
    return lambda events: events.append({**copy.deepcopy(of(events, kind)[number]), **fields})


def loaded_again(events: Events) -> None:
    again("committing", 0, transaction="x")(events)
    again("committed", 0, transaction="x")(events)


def part(number: int, **fields: Any) -> Callable[[Events], object]:
    return lambda events: of(events, "verdict")[number]["partitions"][0].update(fields)


PLANTED: dict[str, Callable[[Events], object]] = {
    "acknowledged and not in Kafka": removed("record", 2),
    "acknowledged and in no view": changed("view", 0, ids=[*"abc"]),
    "in the views more than once": changed("view", 0, ids=[*"abcdd"]),
    "in a view and never acknowledged": changed("view", 0, ids=[*"abcdf"]),
    "in a view and given up": lambda events: events.append({"event": "given_up", "id": "d"}),
    "put twice": again("put", 0, client="s3-sink-2"),
    "on S3 and never put": removed("put", 1),
    "put and not on S3": removed("object", 1),
    "in two objects": changed("object", 1, rows=[(1, "b"), (2, "c"), (3, "d")]),
    "another record on S3 than in Kafka": changed("object", 1, rows=[(2, "c"), (3, "x")]),
    "loaded twice": loaded_again,
    "loaded and not on S3": removed("object", 0),
    "loaded before it was put": changed("committing", 1, at=19.0),
    "in S3, the first is 2": changed("put", 1, begun=23.0),
    "in Snowflake, the first is 2": part(0, warehouse_last=3, rows=4),
    "counts 3 rows": part(1, rows=3),
    "counts 2 rows": part(1, rows=2),
    "shows 3 rows": changed("read", 1, count=3),
    "shows 2 rows": changed("read", 1, count=2),
    "shows 4 rows": changed("read", 0, count=4),
}


def test_a_right_history_is_right() -> None:
    assert history.judge(history.History(right())) == []


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_is_named(text: str) -> None:
    events = right()
    PLANTED[text](events)
    assert any(text in line for line in history.judge(history.History(events)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(changed("put", 1, status=None, ended=None), id="nobody saw the answer to a put"),
        pytest.param(removed("committed", 1), id="the server died in a COMMIT that took place"),
        pytest.param(changed("view", 0, ids=[*"abcde"]), id="a stranger's record that the contract takes"),
        pytest.param(again("record", 0, offset=9), id="one event at two offsets"),
        pytest.param(changed("verdict", 0, complete=False), id="a verdict that is not complete"),
    ],
)
def test_what_may_happen_is_right(change: Callable[[Events], object]) -> None:
    events = right()
    change(events)
    assert history.judge(history.History(events)) == []


def test_the_program_uses_nothing_of_the_product(tmp_path: Path) -> None:
    tree = ast.parse(Path(history.__file__).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(Path(history.__file__).read_text().splitlines()) < 300

    file, events = tmp_path / "history.jsonl", right()
    for code, text in ((0, "The history is right."), (1, "acknowledged and in no view: 1, d")):
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        command = [sys.executable, "-I", history.__file__, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (done.returncode, text in done.stdout) == (code, True), done.stderr
        events[-1]["ids"] = [*"abc"]
