"""DuckDB below fakesnow: one instance a process. A directory holds its databases, stages and file formats."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import duckdb
import fakesnow.transforms
from fakesnow import info_schema, macros
from fakesnow.fakes import FakeSnowflakeConnection
from fakesnow.instance import GLOBAL_DATABASE_NAME
from fakesnow.transforms import show, stage
from sqlglot import exp

from stock_snowflake.database import catalog, load_history
from stock_snowflake.database.translations import Translations
from stock_snowflake.sql.names import literal, quote

_GLOBAL_FILE = "_global.duckdb"
"""The file of `catalog.GLOBAL`. It ends in `.duckdb` because every `*.db` is a database of the user."""


class _NoResultsCache(dict[str, tuple]):
    """Drops every result. fakesnow would keep all of them for RESULT_SCAN, which nothing here uses."""

    def __setitem__(self, key: str, value: tuple) -> None:
        pass


class Engine:
    """Owns the DuckDB instance. Blocking. A connection is for one thread at a time, the engine for any."""

    def __init__(self, data_dir: Path) -> None:
        """Open the directory and attach every database in it.

        Raises duckdb.IOException if another process has it open.
        """
        data_dir.mkdir(parents=True, exist_ok=True)
        # DuckDB compares the paths of files with the allowed directory as text.
        self.data_dir = data_dir = data_dir.resolve()
        # DuckDB refuses concurrent changes of its catalog instead of queueing them. DDL is short.
        self.ddl_lock = threading.Lock()
        self.translations = Translations()
        fakesnow.transforms.numeric_agg_implicit_cast = _exact_sum
        self._root = duckdb.connect(
            ":memory:",
            config={
                "lambda_syntax": "ENABLE_SINGLE_ARROW",
                "temp_directory": str(data_dir / "spill"),
                # Nothing is fetched from the network at run time.
                "autoinstall_known_extensions": False,
                # A name in a query is never a variable of this program.
                "python_enable_replacements": False,
                "allow_persistent_secrets": False,
            },
        )
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        # As in Snowflake, a statement that does not compile leaves its transaction usable.
        self._root.execute(
            "SET GLOBAL default_transaction_invalidation_policy = 'SYNTACTIC_ERRORS_DO_NOT_INVALIDATE'"
        )
        self._root.execute(f"ATTACH {literal(str(data_dir / _GLOBAL_FILE))} AS {GLOBAL_DATABASE_NAME}")
        self._root.execute(info_schema.fs_global_creation_sql())
        self._root.execute(show.fs_global_creation_sql())
        self.timezones = self._texts("SELECT name FROM pg_timezone_names()")
        self.reserved_words = self._texts(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        )
        for path in sorted(data_dir.glob("*.db")):
            self._root.execute(f"ATTACH {literal(str(path))} AS {quote(path.stem)}")
            self.prepare_database(path.stem)
        self._lock()

    def _texts(self, query: str) -> frozenset[str]:
        return frozenset(text for (text,) in self._root.execute(query).fetchall())

    def _lock(self) -> None:
        """From here on DuckDB opens files of the data directory only, and no statement changes that.

        Whoever signs in sends SQL. DuckDB's reads and writes files, attaches databases and loads libraries.
        """
        for setting, value in (
            ("allowed_directories", f"[{literal(f'{self.data_dir}/')}]"),
            ("allowed_configs", "['TimeZone']"),
            ("enable_external_access", "false"),
            ("lock_configuration", "true"),
        ):
            self._root.execute(f"SET GLOBAL {setting} = {value}")

    def connect(self) -> FakeSnowflakeConnection:
        """A new session's connection. It creates nothing: a login never makes a database or a schema."""
        return FakeSnowflakeConnection(
            self._root.cursor(),
            _NoResultsCache(),
            create_database=False,
            create_schema=False,
            db_path=self.data_dir,
        )

    def plain(self) -> duckdb.DuckDBPyConnection:
        """A connection that commits each statement."""
        return self._root.cursor()

    def scratch(self, timezone: str) -> duckdb.DuckDBPyConnection:
        """A connection outside every session's transaction. The caller closes it."""
        connection = self._root.cursor()
        connection.execute(f"SET TimeZone = {literal(timezone)}")
        return connection

    def prepare_database(self, database: str) -> None:
        """Add what fakesnow and the load history keep inside each database. Idempotent."""
        with self._root.cursor() as connection:
            connection.execute(info_schema.per_db_creation_sql(database))
            connection.execute(macros.creation_sql(database))
            connection.execute(load_history.creation_sql(database))

    def databases(self) -> set[str]:
        with self._root.cursor() as connection:
            rows = connection.execute(
                "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
            ).fetchall()
        return {name for (name,) in rows} - {"memory", GLOBAL_DATABASE_NAME}

    def drop_database(self, database: str) -> None:
        """Detach the database and delete its files."""
        with self._root.cursor() as connection:
            connection.execute(f"DETACH {quote(database)}")
            for table in ("_fs_stages", "_fs_file_formats"):
                connection.execute(
                    f"DELETE FROM {catalog.GLOBAL}.{table} WHERE database_name = ?",
                    [database],
                )
        for suffix in (".db", ".db.wal"):
            (self.data_dir / f"{database}{suffix}").unlink(missing_ok=True)

    def ping(self) -> None:
        with self._root.cursor() as connection:
            connection.execute("SELECT 1").fetchall()

    def close(self) -> None:
        """Write every database's checkpoint and close the files."""
        self._root.close()
        # fakesnow makes this directory at import, for internal stages, which this server does not offer.
        with contextlib.suppress(OSError):
            Path(stage.LOCAL_BUCKET_PATH).rmdir()


def _exact_sum(expression: exp.Expr) -> exp.Expr:
    """SUM of NUMBER is a NUMBER, as in Snowflake. fakesnow sums as DOUBLE and loses digits beyond 2^53."""
    if not isinstance(expression, exp.Sum):
        return _original_cast(expression)
    if isinstance(expression.parent, exp.Select):
        return exp.alias_(expression, f"SUM({expression.this.sql(dialect='snowflake').upper()})", quoted=True)
    return expression


_original_cast = fakesnow.transforms.numeric_agg_implicit_cast
