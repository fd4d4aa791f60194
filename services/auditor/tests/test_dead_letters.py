from __future__ import annotations

import pytest
from replay_cluster import OLD_ID, letter

from stock_auditor.replay.dead_letters import END_MILLISECONDS, Choice, DeadLetter, Sorter, parse


def test_the_choice_and_the_counts() -> None:
    letters = [
        letter(1),
        letter(1),
        letter(2, reason="json"),
        None,
        letter(3, partition=1),
        letter(4),
        letter(5),
    ]
    sorter = Sorter(
        Choice(reason="schema", since=1000, until=5000, partition=0), {letter(1).id: f"{OLD_ID}/0/4"}
    )
    assert list(sorter.due(letters)) == []
    assert (sorter.survey.replayed.total(), sorter.survey.again.total(), sorter.survey.foreign) == (1, 1, 1)
    assert list(Sorter(Choice(again=True), {letter(1).id: f"{OLD_ID}/0/4"}).due(letters)) == [
        letter(2, reason="json"),
        letter(3, 1),
        letter(4),
        letter(5),
    ]
    assert list(Sorter(Choice(topic="stock-bars"), {}).due(letters)) == []


def test_a_letter_is_what_the_sink_wrote() -> None:
    headers = {
        "origin-topic": b"stock-data",
        "origin-topic-id": OLD_ID.encode(),
        "origin-partition": b"3",
        "origin-offset": b"12",
        "origin-time": b"1700000000000",
        "reason": b"json",
        "text": b"no JSON",
    }
    assert parse(headers, b"{") == DeadLetter(
        f"{OLD_ID}/3/12", "stock-data", OLD_ID, 3, 12, 1_700_000_000_000, "json", "no JSON", b"{"
    )
    foreign: list[dict[str, bytes]] = [
        {},
        {"origin-offset": b"x"},
        {"origin-offset": b"9" * 5_000},
        {"origin-offset": str(2**63).encode()},
        {"origin-partition": b"-1"},
        {"origin-topic": b"nobody-has-this"},
        {"origin-topic-id": b"../zz"},
        {"reason": b"\xff"},
        {"reason": b"\x1b[2J"},
    ]
    for broken in foreign:
        with pytest.raises(ValueError, match="not a dead letter"):
            parse({**headers, **broken} if broken else {}, b"{")


def test_the_time_of_a_record_may_be_anything() -> None:
    headers = {
        "origin-topic": b"stock-data",
        "origin-topic-id": OLD_ID.encode(),
        "origin-partition": b"3",
        "origin-offset": b"12",
        "reason": b"json",
    }
    times = [parse(headers | {"origin-time": text}, b"").time for text in (b"-1", str(2**62).encode())]
    assert times == [0, END_MILLISECONDS - 1]
