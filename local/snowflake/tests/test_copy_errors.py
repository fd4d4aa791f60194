"""A failed COPY's text with and without the file's name, which a real account's often lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import servers
import snowflake.connector.errors
from conftest import Stage
from files import QUOTES_DDL, copy, parquet, quotes


@pytest.mark.parametrize(("form", "named"), [("named", True), ("bare", False), ("unknown", False)])
def test_the_text_names_the_file_or_not(
    form: str, named: bool, stage: Stage, s3_address: str, tmp_path: Path, connect_to: Any
) -> None:
    stage.put("cut.parquet", parquet(quotes(5))[:500])
    stage.put("null.parquet", parquet(quotes(5, symbol=None)))
    environ = servers.launcher_environ(tmp_path / "data", s3_address, COPY_ERRORS=form)
    server = servers.start_launcher(environ, tmp_path / "log")
    cursor = connect_to(server.port).cursor()
    cursor.execute("CREATE DATABASE D")
    cursor.execute(QUOTES_DDL)
    cursor.execute(f"CREATE STAGE LANDING URL = 's3://{stage.bucket}/'")
    for file, errno in (("cut.parquet", 100152), ("null.parquet", 100072)):
        with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
            cursor.execute(copy(file))
        assert caught.value.errno == (399999 if form == "unknown" else errno)
        assert (file in str(caught.value)) is named, caught.value
        assert ("Row" in str(caught.value)) <= named
    server.stop()


def test_another_form_is_refused(s3_address: str, tmp_path: Path) -> None:
    environ = servers.launcher_environ(tmp_path / "data", s3_address, COPY_ERRORS="some")
    with pytest.raises(AssertionError, match="COPY_ERRORS must be named or bare"):
        servers.start_launcher(environ, tmp_path / "log")
