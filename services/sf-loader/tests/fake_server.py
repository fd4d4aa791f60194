"""The server side of the Snowflake in memory: its data and its open transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_bucket import START, Bucket, Hook, no_hook
from fake_data import empty
from fake_snowflake import Connection, Cursor
from snowflake.connector.errors import ProgrammingError


class Snowflake:
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.clock = START
        self.data = empty(empty())
        self.open: list[Connection] = []
        self.statements: list[str] = []
        self.names_file = True
        self.copy_error: ProgrammingError | None = None
        self.work: dict[str, Callable[[Cursor, str, Any], None]] = {}
        """What stands in the place of WORK for a statement."""

    def connector(self, hook: Hook = no_hook) -> Callable[..., Connection]:
        return lambda **arguments: Connection(self, hook, arguments["autocommit"])

    def abort(self, connection: Connection) -> None:
        """The server rolls the connection's transaction back, unasked."""
        connection.work = None
        connection.changes = []
        if connection in self.open:
            self.open.remove(connection)

    def abort_all(self) -> None:
        """What happens to detached transactions after minutes."""
        for connection in list(self.open):
            self.abort(connection)
