"""The producer's settings without those of its source."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from stock_common import exchanges, symbols
from stock_common.settings import OptionalSecret, Port
from stock_kafka.config import KafkaSettings
from stock_producer.alerts.engine import Watch
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules_file import watches
from stock_producer.market.calendars import AUTO, is_known
from stock_producer.schedule.symbols_file import read
from stock_producer.vendor.settings import SourceSettings

MEGABYTE = 1_000_000


def _symbols(value: object) -> object:
    return symbols.split(value) if isinstance(value, str) else value


class ServiceSettings(SourceSettings, KafkaSettings):
    """What to fetch, when, and where the state lives.

    `config.settings_class` adds the variables of the source.
    """

    symbols: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_symbols)] = Field(
        (), description="What to watch, by commas: AAPL,MSFT,TSCO.LON."
    )
    symbols_file: Path | None = Field(
        None,
        validate_default=True,
        description="File of symbols to watch besides SYMBOLS. It is read again when it changes.",
    )
    wrong_symbols: Literal["skip", "stop"] = Field(
        "skip", description="What a symbol does that the vendor does not know."
    )
    poll_interval_seconds: float = Field(
        5.0, gt=0, le=86_400, description="Seconds between two quotes of a symbol, where the plan carries it."
    )
    min_interval_seconds: float = Field(
        0.0, ge=0, le=3_600, description="Least seconds between any two calls."
    )
    market_calendar: str = Field(
        AUTO,
        description="auto: each symbol's exchange. 24/7: always open. Or a calendar's code, such as XNYS.",
    )
    outbox_bytes: int = Field(
        2_000 * MEGABYTE, ge=MEGABYTE, description="Disk that quotes may take while Kafka is away."
    )
    alert_move_percent: Decimal = Field(
        Decimal(5),
        gt=0,
        le=1_000,
        description="Move against the previous close that raises an alert, without ALERTS_FILE.",
    )
    alerts_file: Path | None = Field(None, description="YAML file of alert rules.")
    alert_webhook_url: OptionalSecret = Field(None, description="Address that each alert is also posted to.")
    alert_webhook_format: Literal["json", "slack"] = Field(
        "json", description="What is posted: the alert itself, or a text for Slack."
    )
    metrics_port: Port = Field(9101, description="Port of /metrics, /healthz and /readyz.")

    @field_validator("symbols")
    @classmethod
    def _symbols_are_symbols(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        symbols.check(words)
        return words

    @field_validator("symbols_file")
    @classmethod
    def _there_are_symbols(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is None and info.data.get("symbols") == ():
            raise ValueError("set SYMBOLS, or name a file of symbols here")
        if path is not None and not read(path) and not info.data.get("symbols"):
            raise ValueError(f"{path} names no symbol, and SYMBOLS is not set")
        return path

    @field_validator("market_calendar")
    @classmethod
    def _calendar_is_known(cls, code: str) -> str:
        if code not in (AUTO, exchanges.ALWAYS_OPEN) and not is_known(code):
            raise ValueError("it must be auto, 24/7 or a code that exchange-calendars knows")
        return code

    @field_validator("alerts_file")
    @classmethod
    def _alerts_are_rules(cls, path: Path | None) -> Path | None:
        if path is not None:
            watches(path)
        return path

    @field_validator("alert_webhook_url")
    @classmethod
    def _webhook_is_an_address(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value().strip()) if url else None
        if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it must be http(s)://host/path")
        return url

    @property
    def watched(self) -> tuple[str, ...]:
        """SYMBOLS and the symbols of the file. Raises ValueError when the file cannot be used."""
        listed = read(self.symbols_file) if self.symbols_file else ()
        return tuple(dict.fromkeys((*self.symbols, *listed)))

    @property
    def watches(self) -> list[Watch]:
        """The alert rules. Raises ValueError when the file has changed for the worse since the start."""
        if self.alerts_file:
            return watches(self.alerts_file)
        return [Watch(MoveAgainstClose(percent=self.alert_move_percent))]
