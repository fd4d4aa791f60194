"""Settings of a Snowflake session, and the connector's arguments that follow from them.

A session signs in as the AWS role it runs by where that is chosen, else by a key pair, else by a token, else
by a password where the account still allows one.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from stock_common.settings import OptionalSecret, OptionalText, Port, Settings
from stock_warehouse import private_key

LOGIN_SECONDS = 60
NETWORK_SECONDS = 60
"""A request is tried again for this long."""
SOCKET_SECONDS = 90
"""Longer than LOCK_SECONDS: a server may hold the answer of a statement that waits for a lock."""
STATEMENT_SECONDS = 600
CANCEL_SECONDS = 30
"""So long after the server should have ended a statement, the client asks it to."""
LOCK_SECONDS = 60
MANY_ROWS, MANY_VALUES = 4_000, 65_000
"""An INSERT of many rows has at most so many of them, and of values.

From 65,280 values on the connector would bring them by a temporary stage. Making one is DDL, which commits an
open transaction. Source: CLIENT_STAGE_ARRAY_BINDING_THRESHOLD, whose setting the server may overrule.
"""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")


def identifier(name: str) -> str:
    """The name, when it can stand unquoted in SQL. Raises ValueError for any other."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(
            "must be a plain Snowflake identifier: letters, digits, _ and $, not beginning with a digit"
        )
    return name


Identifier = Annotated[str, AfterValidator(identifier)]
OptionalIdentifier = Annotated[
    OptionalText, AfterValidator(lambda name: name if name is None else identifier(name))
]


WorkloadIdentity = Annotated[Literal["AWS"] | None, BeforeValidator(lambda text: text or None)]


class WarehouseSettings(Settings):
    """Where Snowflake is and how to sign in."""

    snowflake_account: str = Field(min_length=1, description="Account identifier, organisation-account.")
    snowflake_user: str = Field(min_length=1, description="User to sign in as.")
    snowflake_private_key_file: OptionalText = Field(
        None, description="PEM file of the user's private key. It comes before the token and the password."
    )
    snowflake_private_key_password: OptionalSecret = Field(
        None, validate_default=True, description="Password of the private key file, where it has one."
    )
    snowflake_token: OptionalSecret = Field(
        None,
        description="Programmatic access token. It comes before the password. It ends after 15 days unless"
        " it was made for more, and its user needs a network policy.",
    )
    snowflake_workload_identity: WorkloadIdentity = Field(
        None,
        description="AWS: sign in as the role that the service runs by, without a key. It comes before any"
        " credential. Its user names the role's ARN.",
    )
    snowflake_password: OptionalSecret = Field(
        None,
        validate_default=True,
        description="Only in trial and reader accounts. Others allow no service a password.",
    )
    snowflake_role: OptionalIdentifier = Field(
        None, description="Role of the session. Empty: the user's default."
    )
    snowflake_warehouse: OptionalIdentifier = Field(
        None, description="Virtual warehouse that runs the statements. Empty: the user's default."
    )
    snowflake_database: Identifier = Field("STOCKS", description="Database of the schemas RAW and ANALYTICS.")
    snowflake_host: OptionalText = Field(None, description="Server's host name. Empty: from the account.")
    snowflake_port: Port = Field(443, description="Server's port.")
    snowflake_protocol: Literal["https", "http"] = Field("https", description="Server's protocol.")

    @field_validator("snowflake_private_key_file")
    @classmethod
    def _holds_a_key(cls, path: str | None) -> str | None:
        if path is not None:
            private_key.require_key(path)
        return path

    @field_validator("snowflake_private_key_password")
    @classmethod
    def _opens_the_key(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if path := info.data.get("snowflake_private_key_file"):
            private_key.require_password(path, password.get_secret_value() if password else None)
        return password

    @field_validator("snowflake_password")
    @classmethod
    def _is_one_of_the_credentials(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        others = ("snowflake_workload_identity", "snowflake_private_key_file", "snowflake_token")
        # One that is not among the data has a fault of its own.
        if password is None and all(name in info.data and not info.data[name] for name in others):
            raise ValueError(
                "set one of SNOWFLAKE_WORKLOAD_IDENTITY, SNOWFLAKE_PRIVATE_KEY_FILE, SNOWFLAKE_TOKEN or"
                " SNOWFLAKE_PASSWORD"
            )
        return password

    def sign_in(self) -> dict[str, Any]:
        """The connector's arguments of the first credential that is set.

        Source: Snowflake's Python connector guide, "Using key-pair authentication", "Programmatic access
        tokens" and "Workload identity federation".
        """
        if self.snowflake_workload_identity:
            return {
                "authenticator": "WORKLOAD_IDENTITY",
                "workload_identity_provider": self.snowflake_workload_identity,
            }
        if self.snowflake_private_key_file:
            key: dict[str, Any] = {
                "authenticator": "SNOWFLAKE_JWT",
                "private_key_file": self.snowflake_private_key_file,
            }
            if self.snowflake_private_key_password:
                key["private_key_file_pwd"] = self.snowflake_private_key_password.get_secret_value()
            return key
        if self.snowflake_token:
            return {
                "authenticator": "PROGRAMMATIC_ACCESS_TOKEN",
                "token": self.snowflake_token.get_secret_value(),
            }
        return {"password": self.snowflake_password.get_secret_value() if self.snowflake_password else ""}


@dataclass(frozen=True)
class SessionOptions:
    """How a session differs from a plain reader's.

    transactional: for a writer whose statements stand or fall together. A failed statement ends the
        transaction, a lock is waited for LOCK_SECONDS at most, and a statement ends when its client is gone.
        Autocommit is off: should the server end a transaction while the client was stopped, the next
        statement must not commit by itself.
    statement_seconds: the server ends a statement after so long.
    query_tag: what the query history shows, default: the service's name as JSON.
    """

    transactional: bool = False
    statement_seconds: int = STATEMENT_SECONDS
    query_tag: str | None = None


PLAIN = SessionOptions()


def session_parameters(service: str, options: SessionOptions = PLAIN) -> dict[str, Any]:
    """Parameters of the session, by Snowflake's names."""
    parameters: dict[str, Any] = {
        "TIMEZONE": "UTC",
        "QUERY_TAG": options.query_tag or json.dumps({"service": service}),
        "STATEMENT_TIMEOUT_IN_SECONDS": options.statement_seconds,
        "CLIENT_SESSION_KEEP_ALIVE": False,
        "CLIENT_TELEMETRY_ENABLED": False,
        "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False,
        # Many binds would go through a temporary stage. Making one is DDL, which commits an open transaction.
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    }
    if options.transactional:
        parameters |= {
            "LOCK_TIMEOUT": LOCK_SECONDS,
            "TRANSACTION_ABORT_ON_ERROR": True,
            "ABORT_DETACHED_QUERY": True,
        }
    return parameters


def connect_arguments(
    settings: WarehouseSettings, service: str, options: SessionOptions = PLAIN
) -> dict[str, Any]:
    """Everything `snowflake.connector.connect` is called with."""
    arguments: dict[str, Any] = {
        "account": settings.snowflake_account,
        "user": settings.snowflake_user,
        "database": settings.snowflake_database,
        "application": service.replace("-", "_"),
        "login_timeout": LOGIN_SECONDS,
        "network_timeout": NETWORK_SECONDS,
        "socket_timeout": SOCKET_SECONDS,
        "paramstyle": "qmark",
        "autocommit": not options.transactional,
        "client_session_keep_alive": False,
        "log_imported_packages_in_telemetry": False,
        "platform_detection_timeout_seconds": 0.0,
        "arrow_number_to_decimal": False,
        "session_parameters": session_parameters(service, options),
        "port": settings.snowflake_port,
        "protocol": settings.snowflake_protocol,
        **settings.sign_in(),
    }
    chosen = {
        "role": settings.snowflake_role,
        "warehouse": settings.snowflake_warehouse,
        "host": settings.snowflake_host,
    }
    return arguments | {name: value for name, value in chosen.items() if value}
