"""Configuration from environment variables: one frozen class a service, every fault in one message."""

import sys
from typing import Annotated, NoReturn, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from stock_common.printable import say

EXIT_CONFIGURATION = 2


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


OptionalText = Annotated[str | None, BeforeValidator(_blank_is_absent)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_absent)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Variables of every service. A subclass adds its own. A field's name is its variable's in lower case."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    metrics_host: str = Field(
        "127.0.0.1", description="Address that /metrics, /healthz and /readyz listen on."
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged."
    )
    log_dir: OptionalText = Field(None, description="Directory of a rotated log file. Empty: stdout only.")


class ConfigurationError(Exception):
    """Settings that cannot be used. The text names every fault."""


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """The settings in the environment. Raises ConfigurationError that names every fault and no value."""
    try:
        return kind()
    except ValidationError as error:
        faults = [
            _fault(kind, part["loc"], part["type"], part["msg"])
            for part in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError("\n".join(["The configuration has faults:", *faults])) from None


def _fault(kind: type[BaseSettings], place: tuple[int | str, ...], what: str, message: str) -> str:
    if not place:
        return f"  {message.removeprefix('Value error, ')}"
    name = str(place[0])
    field = kind.model_fields.get(name)
    help_text = f" ({field.description})" if field is not None and field.description else ""
    if what == "missing":
        return f"  {name.upper()} is not set{help_text}"
    return f"  {name.upper()}: {message.removeprefix('Value error, ')}{help_text}"


def load_or_exit(kind: type[S]) -> S:
    """The settings, or every fault on stderr and exit code 2."""
    try:
        return load(kind)
    except ConfigurationError as error:
        refuse(str(error))


def refuse(message: str) -> NoReturn:
    """Prints on stderr what is wrong with the configuration, and exits with 2."""
    say(message, sys.stderr)
    raise SystemExit(EXIT_CONFIGURATION)


def public(settings: BaseSettings) -> dict[str, object]:
    """The settings for the log: secrets are masked."""
    return {
        name.upper(): str(value) if isinstance(value, SecretStr) else value
        for name, value in settings.model_dump().items()
    }
