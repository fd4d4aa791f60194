from __future__ import annotations

import errno
import io
import json
import logging
from logging import FileHandler
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from stock_common import logs, settings
from stock_common.redaction import Redactor
from stock_common.settings import Settings


class Example(Settings):
    example_bucket: str = Field(description="Where to write.")
    example_key: SecretStr


def test_secrets_are_masked_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXAMPLE_BUCKET", "b")
    monkeypatch.setenv("EXAMPLE_KEY", "SECRET123")
    loaded = settings.load(Example)
    log = logs.setup("example", loaded)
    try:
        raise RuntimeError("GET /query?apikey=OTHER9&symbol=A failed for SECRET123")
    except RuntimeError:
        log.exception("failed", settings=settings.public(loaded), nested={"urls": ["https://u:pw12@h/"]})
    line = capsys.readouterr().out
    assert json.loads(line)["service"] == "example"
    for secret in ("SECRET123", "OTHER9", "pw12"):
        assert secret not in line


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("We have detected your API key as ABCD1234 and our", "We have detected your API key as *** and our"),
        ("?function=X&apikey=ABC&symbol=IBM", "?function=X&apikey=***&symbol=IBM"),
        ("nothing here", "nothing here"),
    ],
)
def test_redaction(text: str, clean: str) -> None:
    assert Redactor()(text) == clean


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_is_full_is_stated_once_and_standard_output_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("EXAMPLE_BUCKET", "b")
    monkeypatch.setenv("EXAMPLE_KEY", "SECRET123")
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    log = logs.setup("example", settings.load(Example))
    (file,) = (handler for handler in logging.getLogger().handlers if isinstance(handler, FileHandler))
    file.setStream(Full())
    for number in range(5):
        log.info("line", number=number)
    logging.getLogger().removeHandler(file)
    shown = capsys.readouterr()
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [line["number"] for line in lines if line["event"] == "line"] == [0, 1, 2, 3, 4]
    (fault,) = [line for line in lines if line["event"] != "line"]
    assert (fault["event"], fault["file"]) == (
        "the log file cannot be written",
        str(tmp_path / "example.log"),
    )
    assert "No space left" in fault["reason"]
    assert shown.err == ""
