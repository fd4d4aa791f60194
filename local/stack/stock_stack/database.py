"""A session with the local Snowflake, and the database job.

The job does what an administrator does once in a real account: it runs the SQL of `stock-sf-loader setup`.
It is a script that the loader's interpreter runs, because that has the connector and the command.
`database.py DIRECTORY USER...` also gives those users keys, which it keeps in that directory.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import snowflake.connector
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from snowflake.connector import SnowflakeConnection

ADMINISTRATOR = "stock"
"""The layout has it too."""
IDENTITY = ("--role-arn", "arn:aws:iam::000000000000:role/local", "--external-id", "local")
"""Of the storage integration, which nobody assumes here."""


def connect(environment: Mapping[str, str], **options: Any) -> SnowflakeConnection:
    """A session by the vendor's connector: the administrator's, or where there is a key that user's.

    `environment` is a service's, `options` are the connector's.
    """
    return snowflake.connector.connect(
        account=environment["SNOWFLAKE_ACCOUNT"],
        host=environment["SNOWFLAKE_HOST"],
        port=int(environment["SNOWFLAKE_PORT"]),
        protocol=environment["SNOWFLAKE_PROTOCOL"],
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        **_credential(environment),
        **options,
    )


def _credential(environment: Mapping[str, str]) -> dict[str, str]:
    if file := environment.get("SNOWFLAKE_PRIVATE_KEY_FILE"):
        user = environment["SNOWFLAKE_USER"]
        return {"user": user, "authenticator": "SNOWFLAKE_JWT", "private_key_file": file}
    return {"user": ADMINISTRATOR, "password": environment["SNOWFLAKE_PASSWORD"]}


def set_up(loader: Sequence[str], environment: Mapping[str, str], connection: SnowflakeConnection) -> None:
    """Runs the administrator's SQL for the environment's bucket, database and integration.

    loader: the command `stock-sf-loader`.
    """
    command = [*loader, "setup", *IDENTITY]
    printed = subprocess.run(command, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True)
    lines = [line for line in printed.stdout.splitlines() if not line.startswith("--")]
    cursor = connection.cursor()
    for statement in "\n".join(lines).split(";\n"):
        if sql := statement.strip().removesuffix(";"):
            cursor.execute(sql)


def new_key(path: Path) -> str:
    """Writes a private key's file. Returns the public key as a user's property takes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(65537, 2048)
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def main(directory: str = "", *users: str) -> None:
    with connect(os.environ, login_timeout=20, network_timeout=20) as connection:
        set_up((sys.executable, "-m", "stock_sf_loader"), os.environ, connection)
        for user in users:
            path = Path(directory, f"{user}.p8")
            if not path.exists():
                connection.cursor().execute(f"ALTER USER {user} SET RSA_PUBLIC_KEY = '{new_key(path)}'")


if __name__ == "__main__":
    main(*sys.argv[1:])
