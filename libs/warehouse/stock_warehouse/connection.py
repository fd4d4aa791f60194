"""The connector's connection, where a time limit of the network is not one of statements."""

from __future__ import annotations

from typing import Any

from snowflake.connector import SnowflakeConnection


class Connection(SnowflakeConnection):
    """Each request of a statement is tried for `network_timeout` seconds, however long the statement takes.

    The connector cancels a statement after `execute(timeout=)`, and without it after `network_timeout`. It
    also tries the statement's requests for so long. So a COPY of two minutes needs a long `timeout`, and a
    server that is away a short one. Source: SnowflakeCursor._execute_helper of the connector, 4.8.1.
    """

    def cmd_query(self, *arguments: Any, timeout: int | None = None, **options: Any) -> dict[str, Any]:
        return super().cmd_query(*arguments, timeout=self.network_timeout, **options)
