"""The ledger's columns in the DDL and in stock_common.ledger are the same, in the same order."""

from __future__ import annotations

import re
from pathlib import Path

from stock_common import ledger
from stock_common.topics import SUNK

ROOT = Path(__file__).resolve().parents[2]


def test_columns() -> None:
    (script,) = (ROOT / "services/sf-loader/stock_sf_loader").glob("**/003_ledger.sql")
    body = re.search(
        rf"CREATE TABLE IF NOT EXISTS {ledger.LEDGER} \((.*?)\n\)", script.read_text(), re.DOTALL
    )
    assert body
    columns = re.findall(r"^  ([A-Z_]+) ", body[1], re.MULTILINE)
    assert columns == [*ledger.COLUMNS, ledger.LOADED_AT]


def test_every_topic_that_goes_to_the_warehouse_has_a_table() -> None:
    assert list(ledger.TABLES) == [topic.name for topic in SUNK]
