"""What a page shows, as a file: CSV, or Parquet with types. Times are UTC, to the millisecond."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import streamlit as st
from streamlit.runtime import get_instance

from stock_dashboard.charts.bars import Bars
from stock_dashboard.data.row import STAMP

Fields = Sequence[tuple[str, pa.DataType]]
FORMULA = re.compile(r"""[\s'"\ufeff\u200b]*[=+\-@|%\t\r\n\uff1d\uff0b\uff0d\uff20\u2212]""")
"""How a text begins that is a formula to a spreadsheet: wide forms count, and blanks and quotes before it.

Source: OWASP, "CSV Injection".
"""
HELD_FILES = 16
_numbers = itertools.count()
BAR_FIELDS = ("open", "high", "low", "close", "volume")


def table(rows: Sequence[Mapping[str, Any]], fields: Fields) -> pa.Table:
    """Rows as a table of `fields` (name, type). A value that a row does not have is null."""
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in fields})


def bar_table(symbol: str, bars: Bars, adjusted_at: np.ndarray | None = None) -> pa.Table:
    """A chart's bars: symbol, trading_day, starts_at (UTC), prices, volume.

    adjusted_at: when each bar was split-adjusted, NaT for bars as traded. It gives a column more.
    """
    columns = {name: pa.array(getattr(bars, name), from_pandas=True) for name in BAR_FIELDS}
    if adjusted_at is not None:
        columns["adjusted_at"] = _stamps(adjusted_at)
    return pa.table(
        {
            "symbol": [symbol] * len(bars.starts),
            "trading_day": pa.array(bars.days),
            "starts_at": _stamps(bars.starts),
            **columns,
        }
    )


def _stamps(seconds: np.ndarray) -> pa.Array:
    return pa.array(seconds.astype("datetime64[us]")).cast(STAMP)


def csv(content: pa.Table) -> bytes:
    """UTF-8 with a head line, times as 2026-11-23T15:30:00.000Z. A formula's text gets an apostrophe."""
    for place, field in enumerate(content.schema):
        if pa.types.is_string(field.type) or pa.types.is_timestamp(field.type):
            written = [_written(value) for value in content.column(place).to_pylist()]
            content = content.set_column(place, field.name, pa.array(written, pa.string()))
    sink = io.BytesIO()
    pyarrow.csv.write_csv(content, sink)
    return sink.getvalue()


def _written(value: str | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"'{value}" if value and FORMULA.match(value) else value


def parquet(content: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(content, sink, compression="zstd")
    return sink.getvalue()


def file_name(page: str, kind: str, now: datetime) -> str:
    """`stocks-live-20261123T153000Z.csv`."""
    return f"stocks-{page}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.{kind}"


def held(content: bytes, mime: str, name: str) -> bytes:
    """Keeps a file until so many later ones have been made.

    Streamlit itself drops what a pressed button has made after two refreshes of any viewers. With several
    tabs that is within a second, and the browser may not have fetched it yet.
    """
    place = f"download {next(_numbers) % HELD_FILES}"
    get_instance().media_file_mgr.add(content, mime, place, name, is_for_static_download=True)
    return content


def buttons(page: str, now: datetime, shown: Callable[[], pa.Table]) -> None:
    """Draws the two buttons. `shown` is called when one is pressed: the file has what is on the page then."""
    kinds: tuple[tuple[str, str, Callable[[pa.Table], bytes]], ...] = (
        ("CSV", "text/csv", csv),
        ("Parquet", "application/vnd.apache.parquet", parquet),
    )
    with st.container(horizontal=True, gap="small", horizontal_alignment="right", key="downloads"):
        for label, mime, write in kinds:
            name = file_name(page, label.lower(), now)
            st.download_button(
                label,
                lambda write=write, mime=mime, name=name: held(write(shown()), mime, name),
                file_name=name,
                mime=mime,
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
                key=f"download-{page}-{label}",
            )
