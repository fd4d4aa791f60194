"""Settings of the Snowflake session: a key pair first, then a token, then a password where the account still allows one."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from stock_common.settings import OptionalSecret, OptionalText, Port, Settings

LOGIN_SECONDS = 60
NETWORK_SECONDS = 60
"""A request is tried again for this long."""
SOCKET_SECONDS = 90
"""Longer than LOCK_SECONDS: a server may hold the answer of a statement that waits for a lock."""
STATEMENT_SECONDS = 600
LOCK_SECONDS = 60
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")


def identifier(name: str) -> str:
    """The name, when it can stand unquoted in SQL; raises ValueError for any other."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError("must be a plain Snowflake identifier: letters, digits, _ and $, not beginning with a digit")
    return name


Identifier = Annotated[str, AfterValidator(identifier)]
OptionalIdentifier = Annotated[OptionalText, AfterValidator(lambda name: name if name is None else identifier(name))]


class WarehouseSettings(Settings):
    """Where Snowflake is and how to sign in."""

    snowflake_account: str = Field(min_length=1, description="Account identifier, organisation-account.")
    snowflake_user: str = Field(min_length=1, description="User to sign in as.")
    snowflake_private_key_file: OptionalText = Field(None, description="PEM file of the user's private key; comes before the token and the password.")
    snowflake_private_key_password: OptionalSecret = Field(None, description="Password of the private key file, where it has one.")
    snowflake_token: OptionalSecret = Field(None, description="Programmatic access token; comes before the password.")
    snowflake_password: OptionalSecret = Field(None, description="Only where the account still allows passwords.")
    snowflake_role: OptionalIdentifier = Field(None, description="Role of the session; empty: the user's default.")
    snowflake_warehouse: OptionalIdentifier = Field(None, description="Virtual warehouse that runs the statements; empty: the user's default.")
    snowflake_database: Identifier = Field("STOCKS", description="Database of the schemas RAW and ANALYTICS.")
    snowflake_host: OptionalText = Field(None, description="Server's host name; empty: from the account.")
    snowflake_port: Port = Field(443, description="Server's port.")
    snowflake_protocol: Literal["https", "http"] = Field("https", description="Server's protocol.")

    @model_validator(mode="after")
    def _has_a_credential(self) -> "WarehouseSettings":
        if not (self.snowflake_private_key_file or self.snowflake_token or self.snowflake_password):
            raise ValueError("SNOWFLAKE_PRIVATE_KEY_FILE, SNOWFLAKE_TOKEN or SNOWFLAKE_PASSWORD: one of them must be set")
        return self

    def sign_in(self) -> dict[str, Any]:
        """The connector's arguments of the first credential that is set.

        Source: Snowflake's Python connector guide, "Using key-pair authentication" and "Programmatic access tokens".
        """
        if self.snowflake_private_key_file:
            key: dict[str, Any] = {"authenticator": "SNOWFLAKE_JWT", "private_key_file": self.snowflake_private_key_file}
            if self.snowflake_private_key_password:
                key["private_key_file_pwd"] = self.snowflake_private_key_password.get_secret_value()
            return key
        if self.snowflake_token:
            return {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": self.snowflake_token.get_secret_value()}
        return {"password": self.snowflake_password.get_secret_value() if self.snowflake_password else ""}


def session_parameters(service: str, transactional: bool, query_tag: str | None = None, statement_seconds: int = STATEMENT_SECONDS) -> dict[str, Any]:
    """Parameters of the session. `transactional` is for a writer whose statements must stand and fall together:

    a failed statement ends the transaction, a lock is waited for LOCK_SECONDS at most, a statement ends when its client is gone, and
    autocommit is off: should the server end a transaction while the client was stopped, the next statement must not commit by itself.
    """
    parameters: dict[str, Any] = {
        "TIMEZONE": "UTC",
        "QUERY_TAG": query_tag or json.dumps({"service": service}),
        "STATEMENT_TIMEOUT_IN_SECONDS": statement_seconds,
        "CLIENT_SESSION_KEEP_ALIVE": False,
        "CLIENT_TELEMETRY_ENABLED": False,
        "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False,
        # Many binds would go through a temporary stage, and making one is DDL: that would commit an open transaction.
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    }
    if transactional:
        parameters |= {"LOCK_TIMEOUT": LOCK_SECONDS, "TRANSACTION_ABORT_ON_ERROR": True, "ABORT_DETACHED_QUERY": True}
    return parameters


def connect_arguments(settings: WarehouseSettings, service: str, role: str | None, parameters: Mapping[str, Any], autocommit: bool) -> dict[str, Any]:
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
        "autocommit": autocommit,
        "client_session_keep_alive": False,
        "log_imported_packages_in_telemetry": False,
        "platform_detection_timeout_seconds": 0.0,
        "arrow_number_to_decimal": False,
        "session_parameters": dict(parameters),
        "port": settings.snowflake_port,
        "protocol": settings.snowflake_protocol,
        **settings.sign_in(),
    }
    chosen = {"role": role or settings.snowflake_role, "warehouse": settings.snowflake_warehouse, "host": settings.snowflake_host}
    return arguments | {name: value for name, value in chosen.items() if value}
