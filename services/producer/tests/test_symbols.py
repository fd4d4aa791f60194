from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from support.world import START, World

from stock_common.run import FatalError
from stock_common.symbols import split
from stock_producer.known import known
from stock_producer.schedule.symbols_file import SymbolsFile, read


def test_lists() -> None:
    assert split("aapl, MSFT\nTSCO.LON # Tesco, London\n\nAAPL") == ("AAPL", "MSFT", "TSCO.LON")


def follow(world: World, path: Path) -> None:
    file = SymbolsFile(path, (), world.clock())
    world.polling.follow(file, partial(known, world.outbox), structlog.stdlib.get_logger("t"))


def test_a_file_is_followed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "symbols"
    path.write_text("AAPL IBM")
    world.start()
    follow(world, path)
    world.steps(20)
    path.write_text("IBM, MSFT, TSCO.LON")
    world.steps(12)
    world.vendor.asked.clear()
    world.steps(20)
    assert set(world.vendor.asked) == {"IBM", "MSFT", "TSCO.LON"}
    path.write_text("AAPL")
    world.steps(12)
    world.vendor.asked.clear()
    world.steps(20)
    assert set(world.vendor.asked) == {"AAPL"}
    assert len(world.watchlist) == 1


@pytest.mark.parametrize("text", ["A$B", "# nothing", None])
def test_a_file_that_cannot_be_used_changes_nothing(world: World, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "symbols"
    path.write_text("AAPL IBM")
    world.start()
    follow(world, path)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    world.steps(40)
    assert set(world.vendor.asked) == {"AAPL", "IBM"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_as_editors_save_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "symbols"
    path.write_text("AAPL\nIBM", encoding=encoding)
    assert read(path) == ("AAPL", "IBM")


def test_a_fault_is_reported_once(tmp_path: Path) -> None:
    path = tmp_path / "symbols"
    path.write_text("AAPL")
    file = SymbolsFile(path, (), START)
    path.write_text("A$B")
    with pytest.raises(ValueError, match="not symbols"):
        file.changed(START + timedelta(seconds=6))
    assert file.changed(START + timedelta(seconds=12)) is None
    path.write_text("MSFT")
    assert file.changed(START + timedelta(seconds=13)) is None
    assert file.changed(START + timedelta(seconds=18)) == ("MSFT",)


def test_a_wrong_symbol_may_stop_it(world: World) -> None:
    world.vendor.bodies["IBM"] = b'{"Global Quote": {}}'
    world.stop_on_wrong_symbols = True
    world.start()
    with pytest.raises(FatalError, match=r"WRONG_SYMBOLS=skip.*IBM"):
        world.steps(20)
