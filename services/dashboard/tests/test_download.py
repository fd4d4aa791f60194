"""Files for spreadsheets: no text becomes a formula, and a file stays until it has been fetched."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from stock_dashboard.pages import download


@pytest.mark.parametrize(
    "words",
    [
        "=1+1",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "'=1",
        '"=1',
        "\uff1d1",
        "\uff0b1",
        "\u22121",
        "|cmd",
        "%x",
    ],
)
def test_a_text_that_a_spreadsheet_would_calculate_is_shown_as_text(words):
    written = download.csv(pa.table({"message": [words], "price": [-1.5]})).decode()
    assert written.split("\n", 1)[1].startswith(("\"'", "'"))
    assert "-1.5" in written


@pytest.mark.parametrize("words", ["IBM", "rises 5 %", "a=b", "3-4", "BRK-B", ""])
def test_other_text_stays_as_it_is(words):
    assert f'"{words}"' in download.csv(pa.table({"message": [words]})).decode()


def test_a_file_stays_while_other_tabs_refresh(monkeypatch):
    """Streamlit clears its files after each refresh of any tab."""
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    monkeypatch.setattr(download, "get_instance", lambda: SimpleNamespace(media_file_mgr=files))
    name, mime = "stocks.csv", "text/csv"
    button = files.add_deferred(lambda: download.held(b"symbol", mime, name), mime, "1.2", name)
    place = files.execute_deferred(button).rpartition("/")[2]

    def refreshed() -> bool:
        for _ in range(4):
            files.remove_orphaned_files()
        return files.read_file(place) is not None

    assert refreshed()
    for number in range(download.HELD_FILES):
        download.held(str(number).encode(), mime, name)
    assert not refreshed()
