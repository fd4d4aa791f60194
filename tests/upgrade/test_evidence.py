"""What the upgrade test compares, without running anything."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from stock_common.topics import ALERTS, BARS, QUOTES
from tests.upgrade.evidence import Ids, Places, counted, faults, outbox
from tests.upgrade.old import pid_of


def ids(*quotes: str) -> Ids:
    return {QUOTES.name: Counter(quotes), ALERTS.name: Counter(), BARS.name: Counter()}


def test_ids_are_those_of_the_records() -> None:
    sent = [
        (QUOTES.name, json.dumps({"event_id": "a"}).encode()),
        (ALERTS.name, json.dumps({"event_id": "a", "alert_id": "x"}).encode()),
        (QUOTES.name, b"poison"),
        (QUOTES.name, b"[]"),
        ("stock-status", b"{}"),
    ]
    found = counted(sent)
    assert (found[QUOTES.name], found[ALERTS.name]) == (Counter("a"), Counter("x"))


def test_the_outbox_is_read_as_it_lies(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite")) as file, file:
        file.execute("CREATE TABLE outbox (seq INTEGER, topic TEXT, key TEXT, value BLOB, added_at REAL)")
        file.execute("INSERT INTO outbox VALUES (1, ?, 'IBM', ?, 0)", (QUOTES.name, b'{"event_id": "a"}'))
    assert outbox(tmp_path) == ids("a")


def test_nothing_is_wrong_when_all_hold_the_same() -> None:
    sent = ids("a", "b", "b")
    assert list(faults(Places(ids("a"), sent, sent, ids("a", "b")))) == []


@pytest.mark.parametrize(
    ("places", "text"),
    [
        (Places(ids("c"), ids("a"), ids("a"), ids("a")), "of the outbox, not in Kafka"),
        (Places(ids(), ids("a", "b"), ids("a"), ids("a", "b")), "in Kafka, not in the table"),
        (Places(ids(), ids("a"), ids("a", "b"), ids("a")), "in the table, not in Kafka"),
        (Places(ids(), ids("a"), ids("a", "a"), ids("a")), "more or fewer times in the table"),
        (Places(ids(), ids("a", "a"), ids("a"), ids("a")), "more or fewer times in the table"),
        (Places(ids(), ids("a", "b"), ids("a", "b"), ids("a")), "in Kafka, not in the view"),
        (Places(ids(), ids("a", "a"), ids("a", "a"), ids("a", "a")), "more than once in the view"),
    ],
)
def test_each_fault_is_named(places: Places, text: str) -> None:
    [fault] = faults(places)
    assert text in fault


def test_a_part_is_found_by_its_command() -> None:
    running = {12: "/x/services/sf-loader/.venv/bin/python -m stock_sf_loader ", 14: "weed mini "}
    assert pid_of("sf-loader", running) == 12
    with pytest.raises(AssertionError, match="0 processes of kafka"):
        pid_of("kafka", running)
