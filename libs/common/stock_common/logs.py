"""Structured logs: a JSON object a line, on stdout and in a rotated file under LOG_DIR where one is given."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import time
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict

from stock_common.redaction import Redactor
from stock_common.settings import Settings

FILE_BYTES = 50_000_000
FILE_COUNT = 5
FILE_FAULT_SECONDS = 60.0


class _File(logging.handlers.RotatingFileHandler):
    """A file that may become full: standard output says so, once a minute, and goes on with every line."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=FILE_COUNT)
        self._lost, self._stated_at = 0, float("-inf")

    def handleError(self, record: logging.LogRecord) -> None:
        self._lost += 1
        if time.monotonic() - self._stated_at >= FILE_FAULT_SECONDS:
            self._stated_at = time.monotonic()
            reason = str(sys.exc_info()[1])
            # This line fails here as well, and is on standard output.
            log = structlog.stdlib.get_logger("stock.logs")
            log.error(
                "the log file cannot be written", file=self.baseFilename, lines=self._lost, reason=reason
            )


class _Redacting:
    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, dict):
            return {key: self._clean(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(item) for item in value]
        return value if isinstance(value, (int, float, bool, type(None))) else self._redact(str(value))


def setup(service: str, settings: Settings, file_name: str | None = None) -> structlog.stdlib.BoundLogger:
    """Sets logging up for the process and returns its logger.

    Every secret of `settings` is masked wherever it appears. Libraries log there too, from WARNING on, and
    so do Python's warnings.
    `file_name` is the file's name under LOG_DIR (default: `<service>.log`).
    Raises OSError when LOG_DIR cannot be written.
    """
    shared = _processors(settings)
    handlers = _handlers(settings, file_name or f"{service}.log")
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(handlers=handlers, level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    logging.getLogger("stock").setLevel(settings.log_level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return logger(service)


def _processors(settings: Settings) -> list[structlog.typing.Processor]:
    secrets = [value.get_secret_value() for value in dict(settings).values() if isinstance(value, SecretStr)]
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _Redacting(Redactor(secrets)),
    ]


def _handlers(settings: Settings, file_name: str) -> list[logging.Handler]:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log_dir:
        folder = Path(settings.log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(_File(folder / file_name))
    return handlers


def logger(service: str) -> structlog.stdlib.BoundLogger:
    """The service's logger, bound to its name: `log.info("chunk put", object=key)`."""
    return structlog.stdlib.get_logger(f"stock.{service}").bind(service=service)
