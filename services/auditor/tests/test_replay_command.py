"""`stock-auditor replay`: what it prints, and its exit codes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
from replay_cluster import FIRST_FREE, LETTERS, NOW, Cluster, letter, new_run

from stock_auditor.decisions.records import Claim
from stock_auditor.replay.command import Task, replay_once
from stock_auditor.replay.dead_letters import Choice, DeadLetter
from stock_auditor.replay.filter import letter_filter, unchanged


def replayed(
    cluster: Cluster,
    dry_run: bool = False,
    as_json: bool = False,
    choice: Choice | None = None,
    edit: str = "",
) -> tuple[int, str, str]:
    def read() -> Iterator[DeadLetter | None]:
        return iter(cluster.letters)

    out, err = io.StringIO(), io.StringIO()
    replay = new_run(cluster, "run", letter_filter(edit) if edit else unchanged)
    code = replay_once(Task(replay, read, choice or Choice(), None, dry_run, as_json), lambda: True, out, err)
    return code, out.getvalue(), err.getvalue()


def test_a_dry_run_shows_and_sends_nothing() -> None:
    cluster = Cluster([*LETTERS, letter(8, reason="json")])
    code, out, _ = replayed(cluster, dry_run=True)
    assert (code, cluster.steps) == (0, 0)
    assert out.splitlines()[:5] == [
        "topic       reason  letters  replayed  refused again  to send",
        "stock-data  json          1         0              0        1",
        "stock-data  schema        7         0              0        7",
        "stock-data/0 offset 8, 1970-01-01T00:00:08Z: json: bad",
        "    v8",
    ]
    assert out.splitlines()[-1] == "8 letters would be sent. Nothing was."
    printed = json.loads(replayed(cluster, dry_run=True, as_json=True)[1])
    assert printed["kinds"][0] == {
        "topic": "stock-data",
        "reason": "json",
        "letters": 1,
        "replayed": 0,
        "refused_again": 0,
        "due": 1,
    }
    assert (printed["samples"][0]["value"], len(printed["samples"])) == ("v8", 4)


def test_what_a_stranger_wrote_reaches_no_terminal_as_it_came() -> None:
    hostile = letter(8, reason="\x9b31m")._replace(text="no\n8 letters\u202e", value=b"v\x1b]0;x\x07\x00")
    for choice in ({"dry_run": True}, {"dry_run": True, "as_json": True}, {}):
        code, out, err = replayed(Cluster([hostile]), **choice)
        assert code == 0
        assert all(line.isprintable() for line in (out + err).splitlines()), choice


def test_what_was_sent_is_counted_and_what_is_refused_again_waits_for_the_flag() -> None:
    cluster = Cluster(LETTERS)
    code, out, _ = replayed(cluster)
    assert (code, out.splitlines()[-1]) == (0, "7 letters were sent to the topics they came from.")
    cluster.letters = [*LETTERS, letter(FIRST_FREE)]
    code, out, _ = replayed(cluster)
    assert (code, out.splitlines()[-1]) == (0, "0 letters were sent to the topics they came from.")
    assert (
        "1 letters are of records that were a replay already and were refused once more:"
        " fix what refuses them, then add --again." in out
    )
    assert (
        replayed(cluster, choice=Choice(again=True))[1].splitlines()[-1]
        == "1 letters were sent to the topics they came from."
    )


def test_an_edit_changes_the_bytes_and_leaves_out_what_it_fails_on() -> None:
    cluster = Cluster(LETTERS)
    program = "import sys; t = sys.stdin.read(); sys.exit('no') if t == 'v3' else print(t.upper())"
    code, out, _ = replayed(cluster, edit=f'{sys.executable} -c "{program}"')
    assert (code, len(cluster.replayed())) == (1, 6)
    assert f"Left out: {LETTERS[3].id}: exit code 1: no" in out
    assert letter_filter(f'{sys.executable} -c "{program}"')(b"v1") == b"V1"
    for command, fault in (("no-such-command", "No such file"), ("true", "answered nothing")):
        with pytest.raises(ValueError, match=fault):
            letter_filter(command)(b"x")
    with pytest.raises(ValueError, match="empty"):
        letter_filter(" ")


def test_another_run_is_named_with_exit_code_1() -> None:
    cluster = Cluster(LETTERS)
    new_run(cluster, "other").claim()
    cluster.on_step = lambda what: cluster.note(Claim(run="third", at=NOW))
    code, out, _ = replayed(cluster)
    assert (code, out.splitlines()[-1]) == (1, "Another replay took over: this one has stopped.")
