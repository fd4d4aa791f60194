"""The database job: what an administrator does once in a real account. Makes SNOWFLAKE_DATABASE where it is missing.

A script on its own, run by the loader's interpreter, which has the connector.
"""

from __future__ import annotations

import os

import snowflake.connector


def main() -> None:
    connection = snowflake.connector.connect(
        account=os.environ["SNOWFLAKE_ACCOUNT"],
        user=os.environ["SNOWFLAKE_USER"],
        password=os.environ["SNOWFLAKE_PASSWORD"],
        host=os.environ["SNOWFLAKE_HOST"],
        port=int(os.environ["SNOWFLAKE_PORT"]),
        protocol=os.environ["SNOWFLAKE_PROTOCOL"],
        login_timeout=20,
        network_timeout=20,
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
    )
    with connection:
        connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS {os.environ['SNOWFLAKE_DATABASE']}")


if __name__ == "__main__":
    main()
