"""A session of the benchmark's own with the local Snowflake, to fill it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import snowflake.connector
from snowflake.connector import SnowflakeConnection


def connection(environment: Mapping[str, str]) -> closing[SnowflakeConnection]:
    """`environment` is a service's."""
    return closing(
        snowflake.connector.connect(
            account=environment["SNOWFLAKE_ACCOUNT"],
            user=environment["SNOWFLAKE_USER"],
            password=environment["SNOWFLAKE_PASSWORD"],
            host=environment["SNOWFLAKE_HOST"],
            port=int(environment["SNOWFLAKE_PORT"]),
            protocol="http",
            database="STOCKS",
        )
    )
