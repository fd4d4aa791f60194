"""Names of objects: Snowflake's case rule and the session's current database and schema."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from stock_snowflake.errors import SnowflakeError


@dataclass(frozen=True)
class QualifiedName:
    """A table, view, stage or file format in stored spelling: upper case unless quoted."""

    database: str
    schema: str
    name: str

    @property
    def sql(self) -> str:
        return ".".join(quote(part) for part in (self.database, self.schema, self.name))

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"


def quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def stored(identifier: exp.Identifier | None) -> str:
    """The stored spelling: unquoted names are upper case (sql-reference/identifiers-syntax)."""
    if identifier is None:
        return ""
    return identifier.name if identifier.args.get("quoted") else identifier.name.upper()


def qualify(parts: list[str], database: str | None, schema: str | None) -> QualifiedName:
    """Complete one to three stored parts with the session's database and schema.

    Raises SnowflakeError 090105 without a current database that is needed, 090106 without such a schema.
    """
    if not 1 <= len(parts) <= 3:
        raise SnowflakeError(
            "001003",
            "42000",
            f"SQL compilation error:\n'{'.'.join(parts)}' is not a name of one to three parts.",
        )
    if len(parts) == 3:
        return QualifiedName(*parts)
    if not database:
        raise SnowflakeError(
            "090105",
            "22000",
            "This session does not have a current database. Call 'USE DATABASE', or use a qualified name.",
        )
    if len(parts) == 2:
        return QualifiedName(database, *parts)
    if not schema:
        raise SnowflakeError(
            "090106",
            "22000",
            "This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.",
        )
    return QualifiedName(database, schema, parts[0])


def qualify_table(table: exp.Table, database: str | None, schema: str | None) -> QualifiedName:
    parts = [stored(table.args.get(key)) for key in ("catalog", "db", "this")]
    return qualify([part for part in parts if part], database, schema)
