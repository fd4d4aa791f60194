from __future__ import annotations

import pytest
from pydantic import Field, SecretStr

from stock_common import settings
from stock_common.settings import Port, Settings


class Example(Settings):
    example_bucket: str = Field(description="Where to write.")
    example_port: Port = 1
    example_key: SecretStr


def test_every_fault_is_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "70000")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(settings.ConfigurationError) as refused:
        settings.load(Example)
    text = str(refused.value)
    assert "EXAMPLE_BUCKET is not set (Where to write.)" in text
    assert "EXAMPLE_KEY is not set" in text
    assert "EXAMPLE_PORT" in text
    assert "LOG_LEVEL" in text
    assert "70000" not in text
