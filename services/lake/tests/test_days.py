from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from chains import DAY, NEXT, OPEN, Chains, alert, bar, parquet, quote, read

from stock_common import keys
from stock_lake import days, files, manifest
from stock_lake.days import DayJob
from stock_lake.links import BrokenChain
from stock_lake.manifest import BadManifest, Manifest
from stock_lake.tables import ALERTS, BARS, QUOTES, TABLES, Table
from stock_objects.testing import MemoryStore

TOMORROW = OPEN + timedelta(days=1)


@pytest.fixture
def job(store: MemoryStore, tmp_path: Path) -> DayJob:
    return DayJob(store, QUOTES, tmp_path, lambda: True)


def rows(store: MemoryStore, made: Manifest) -> list[dict]:
    return [row for file in made.files for row in read(store.get(file.key) or b"")]


def test_a_day_is_sorted_by_symbol_and_time(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(5, "MSFT"), quote(0, "AAPL")], partition=0)
    chains.link([quote(9, "AAPL"), quote(1, "MSFT")], partition=1)
    chains.link([quote(3, "AAPL")], partition=0)
    made = job.make(DAY, {})
    found = rows(store, made)
    assert [(row["symbol"], row["fetched_at"].second) for row in found] == [
        ("AAPL", 0), ("AAPL", 3), ("AAPL", 9), ("MSFT", 1), ("MSFT", 5),
    ]  # fmt: skip
    assert {row["day"] for row in found} == {DAY}
    assert (made.rows_in, made.rows_out, made.resent) == (5, 5, 0)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_value_comes_through(store: MemoryStore, chains: Chains, tmp_path: Path, table: Table) -> None:
    given = {QUOTES: quote(0.123456, volume=2**62), ALERTS: alert(0.5), BARS: bar(7, volume=None)}[table]
    chains.link([given], table=table)
    [row] = rows(store, DayJob(store, table, tmp_path, lambda: True).make(DAY, {}))
    assert {name: row[name] for name in given} == given


def test_the_same_input_gives_the_same_bytes(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(second, symbol) for second in range(40) for symbol in ("AAPL", "IBM")])
    first = job.make(DAY, {})
    held = dict(store.held)
    for key in [key for key in store.held if key.startswith("lake/")]:
        del store.held[key]
    assert job.make(DAY, {}) == first
    assert {key: item[0] for key, item in held.items()} == {key: item[0] for key, item in store.held.items()}


def test_resent_rows_are_left_out_and_counted(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0), quote(1)])
    chains.link([quote(0), quote(1), quote(2)])
    made = job.make(DAY, {})
    assert (made.rows_in, made.rows_out, made.resent) == (5, 3, 2)
    assert [row["kafka_offset"] for row in rows(store, made)] == [0, 1, 4]


def test_an_event_id_with_other_values_is_kept(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0), quote(0, volume=None), quote(0, volume=None)])
    made = job.make(DAY, {})
    assert (made.rows_out, made.resent) == (2, 1)


def test_offsets_without_rows_are_counted(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0)], rejected=2, holes=3)
    chains.link([], lost=4)
    made = job.make(DAY, {})
    assert (made.rows_in, made.rejected, made.holes, made.lost) == (1, 2, 3, 4)
    assert [(each.first, each.last, each.links) for each in made.ranges] == [(0, 9, 2)]


def test_a_day_of_rejected_records_has_a_manifest_and_no_file(
    store: MemoryStore, chains: Chains, job: DayJob
) -> None:
    chains.link([], rejected=2)
    assert job.make(DAY, {}).files == ()
    assert days.plan(store, QUOTES, DAY).days == []


def test_only_closed_days_are_planned(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0)])
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    assert days.plan(store, QUOTES, DAY).days == [DAY]
    assert days.plan(store, QUOTES, NEXT).days == [DAY, NEXT]
    job.make(DAY, {})
    assert days.plan(store, QUOTES, DAY).days == []
    assert days.plan(store, QUOTES, NEXT).days == [NEXT]


def test_a_day_that_grew_is_planned_again_although_later_days_are_made(
    store: MemoryStore, chains: Chains, job: DayJob
) -> None:
    chains.link([quote(0)])
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    first = job.make(DAY, {})
    job.make(NEXT, first.ends)
    chains.link([quote(7, "MSFT")], partition=3)
    planned = days.plan(store, QUOTES, NEXT)
    assert planned.days == [DAY]
    grown = job.make(DAY, planned.ends)
    assert (grown.rows_out, manifest.of_day(store, "quotes", DAY)) == (2, grown)
    assert days.plan(store, QUOTES, NEXT).days == []


def test_what_a_manifest_holds(chains: Chains, job: DayJob) -> None:
    held = chains.link([quote(0)])
    made = job.make(DAY, {})
    later = chains.link([quote(1)])
    assert made.holds(keys.parse(held)) and not made.holds(keys.parse(later))


def test_a_missing_link_is_named_and_nothing_is_put(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0)])
    gone = chains.link([quote(1)])
    after = chains.link([quote(2)])
    del store.held[gone]
    with pytest.raises(BrokenChain, match=f"{after} leaves offsets out"):
        job.make(DAY, {})
    assert not [key for key in store.held if key.startswith("lake/")]


def test_a_link_is_missing_between_two_days(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0)])
    gone = chains.link([quote(1)])
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW)
    del store.held[gone]
    with pytest.raises(BrokenChain, match="leaves offsets out"):
        job.make(NEXT, {})


def test_an_overlapping_link_is_named(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    chains.link([quote(0), quote(1)])
    chains.ends = dict.fromkeys(chains.ends, 1)
    over = chains.link([quote(1)], at=OPEN + timedelta(hours=1))
    with pytest.raises(BrokenChain, match=f"{over} overlaps"):
        job.make(DAY, {})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda rows: rows[:1], "has 1 rows"),
        (lambda rows: [rows[0], rows[1] | {"kafka_offset": 9}], "outside of 0 to 1"),
        (lambda rows: [rows[1], rows[0]], "do not rise|outside"),
        (lambda rows: [rows[0] | {"kafka_partition": 1}, rows[1]], "another kafka_partition"),
    ],
    ids=["rows", "range", "order", "partition"],
)
def test_rows_that_the_metadata_does_not_say(
    store: MemoryStore, chains: Chains, job: DayJob, change, text: str
) -> None:
    key = chains.link([quote(0), quote(1)])
    body, metadata, when = store.held[key]
    store.held[key] = (parquet(change(read(body)), QUOTES), metadata, when)
    with pytest.raises(BrokenChain, match=text):
        job.make(DAY, {})


def test_an_object_that_is_no_parquet(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    key = chains.link([quote(0)])
    store.held[key] = (b"no", *store.held[key][1:])
    with pytest.raises(BrokenChain, match=f"{key} cannot be read"):
        job.make(DAY, {})


def test_bad_metadata(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    key = chains.link([quote(0)])
    store.held[key] = (store.held[key][0], {}, store.held[key][2])
    with pytest.raises(BrokenChain, match=key):
        job.make(DAY, {})


def test_what_is_no_link_is_passed_over(store: MemoryStore, chains: Chains, job: DayJob) -> None:
    key = chains.link([quote(0)])
    store.put_new(key.replace("o0000", "x0000"), b"", {})
    assert job.make(DAY, {}).rows_out == 1


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("lake/quotes/day=soon/x.json", "its folder is no day"),
        (f"lake/quotes/day={DAY}/x.json", "is no manifest"),
    ],
)
def test_a_strangers_manifest_is_named(store: MemoryStore, chains: Chains, key: str, text: str) -> None:
    chains.link([quote(0)])
    store.put_new(key, b"{}", {})
    with pytest.raises(BadManifest, match=f"{key} .*{text}|{key} {text}"):
        days.plan(store, QUOTES, DAY)


def test_a_large_day_has_several_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("stock_lake.files.ROW_GROUP", 10)
    lineage = {"kafka_topic_id": "a", "kafka_partition": 0, "kafka_time": OPEN, "day": DAY}
    given = [quote(number) | lineage | {"kafka_offset": number} for number in range(45)]
    batches = [pa.Table.from_pylist(given[:7], QUOTES.schema), pa.Table.from_pylist(given[7:], QUOTES.schema)]
    written = files.write(batches, QUOTES, tmp_path, most_bytes=1)
    assert [file.rows for file in written] == [10, 10, 10, 10, 5]
    found = [row for file in written for row in read(file.path.read_bytes())]
    assert [row["kafka_offset"] for row in found] == list(range(45))
