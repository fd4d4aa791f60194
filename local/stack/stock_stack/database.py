"""A session with the local Snowflake, and the database job.

The job makes SNOWFLAKE_DATABASE where it is missing, as an administrator does once in a real account. The job
is a script that the loader's interpreter runs, because that has the connector.
`database.py DIRECTORY USER...` also makes users that sign in by a key, with the keys in that directory.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import snowflake.connector
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from snowflake.connector import SnowflakeConnection


def connect(environment: Mapping[str, str], **options: Any) -> SnowflakeConnection:
    """A session by the vendor's connector. `environment` is a service's, `options` are the connector's."""
    return snowflake.connector.connect(
        account=environment["SNOWFLAKE_ACCOUNT"],
        user=environment["SNOWFLAKE_USER"],
        host=environment["SNOWFLAKE_HOST"],
        port=int(environment["SNOWFLAKE_PORT"]),
        protocol=environment["SNOWFLAKE_PROTOCOL"],
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        **_credential(environment),
        **options,
    )


def _credential(environment: Mapping[str, str]) -> dict[str, str]:
    if file := environment.get("SNOWFLAKE_PRIVATE_KEY_FILE"):
        return {"authenticator": "SNOWFLAKE_JWT", "private_key_file": file}
    return {"password": environment["SNOWFLAKE_PASSWORD"]}


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
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {os.environ['SNOWFLAKE_DATABASE']}")
        for user in users:
            path = Path(directory, f"{user}.p8")
            if not path.exists():
                # The local Snowflake keeps no role from anything: a role of its own would show nothing.
                made = f"TYPE = SERVICE DEFAULT_ROLE = ACCOUNTADMIN RSA_PUBLIC_KEY = '{new_key(path)}'"
                cursor.execute(f"CREATE USER {user} {made}")
                cursor.execute(f"GRANT ROLE ACCOUNTADMIN TO USER {user}")


if __name__ == "__main__":
    main(*sys.argv[1:])
