"""The privileges that a statement needs, read from its tree. Pure.

Sources: user-guide/security-access-control-privileges, and "Access control requirements" on each statement's
page. That UPDATE, DELETE and MERGE need SELECT on what they change is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlglot import exp
from sqlglot.tokens import Token

from stock_snowflake.sql.copy_statement import CopyStatement
from stock_snowflake.sql.names import stored
from stock_snowflake.sql.options import Cursor

IN_SCHEMA = ("TABLE", "VIEW", "STAGE", "FILE FORMAT")
"""Kinds of objects in a schema that have rights here."""
CATALOG = "INFORMATION_SCHEMA"


class Need(NamedTuple):
    """A privilege on an object. OWNERSHIP of the object is as good as any other.

    kind: TABLE stands for a view too. name: stored parts, as far as the statement has them, none for the
    session's own schema or database.
    """

    privilege: str
    kind: str
    name: tuple[str, ...]


def needs(expression: exp.Expr) -> Iterator[Need]:
    """What the statement needs. SHOW and DESCRIBE need nothing: they show what the role may see."""
    if isinstance(expression, exp.Create):
        yield from _create(expression)
    elif isinstance(expression, exp.Drop | exp.Alter):
        yield from _owns(expression)
    elif isinstance(expression, exp.TruncateTable):
        yield from (Need("TRUNCATE", "TABLE", place(table)) for table in expression.expressions)
    elif isinstance(expression, exp.Use):
        yield Need("USAGE", expression.text("kind").upper() or "DATABASE", place(expression.this))
    elif isinstance(expression, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        yield from _change(expression)
    elif isinstance(expression, exp.Query):
        yield from _reads(expression)


def copy_needs(copy: CopyStatement) -> Iterator[Need]:
    """What COPY INTO needs, besides USAGE on the integration of its stage."""
    yield Need("INSERT", "TABLE", tuple(copy.table))
    yield Need("USAGE", "STAGE", tuple(copy.stage))
    if copy.format_name is not None:
        yield Need("USAGE", "FILE FORMAT", tuple(copy.format_name))


def altered(tokens: Sequence[Token]) -> Need:
    """What ALTER <kind> [IF EXISTS] <name> SET … of a property needs."""
    words = [token.text for token in tokens]
    cursor = Cursor(tokens, 4 if words[2].upper() == "IF" else 2)
    return Need("OWNERSHIP", words[1].upper(), tuple(cursor.name()))


def place(table: exp.Expr | None) -> tuple[str, ...]:
    """The stored parts of the name."""
    table = table.find(exp.Table) if table is not None else None
    if table is None:
        return ()
    parts = (stored(table.args.get(key)) for key in ("catalog", "db", "this") if table.args.get(key))
    return tuple(part for part in parts if part)


def read_tables(expression: exp.Expr) -> list[exp.Table]:
    """The tables and views that the statement names, without its own CTEs and stages."""
    own = {stored(cte.args["alias"].this) for cte in expression.find_all(exp.CTE)}
    return [
        table
        for table in expression.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not (len(place(table)) == 1 and place(table)[0] in own)
    ]


def _reads(expression: exp.Expr, but: exp.Expr | None = None) -> Iterator[Need]:
    for table in read_tables(expression):
        if table is not but and CATALOG not in place(table)[:-1]:
            yield Need("SELECT", "TABLE", place(table))


def _change(expression: exp.Expr) -> Iterator[Need]:
    target = expression.find(exp.Table) if expression.this is None else expression.this.find(exp.Table)
    for privilege in _changes(expression):
        yield Need(privilege, "TABLE", place(target))
    yield from _reads(expression, target if isinstance(expression, exp.Insert) else None)


def _changes(expression: exp.Expr) -> Iterator[str]:
    if isinstance(expression, exp.Merge):
        for when in expression.find_all(exp.When):
            then = when.args["then"]
            yield then.name.upper() if isinstance(then, exp.Var) else then.key.upper()
        return
    yield expression.key.upper()
    if expression.args.get("overwrite"):
        yield "DELETE"


def _create(expression: exp.Create) -> Iterator[Need]:
    kind, name = _kind(expression), place(expression.this)
    if kind == "DATABASE":
        yield Need("CREATE DATABASE", "ACCOUNT", ())
    elif kind == "SCHEMA":
        yield Need("CREATE SCHEMA", "DATABASE", name[:-1])
    elif not expression.find(exp.TemporaryProperty):
        yield Need(f"CREATE {kind}", "SCHEMA", name[:-1])
    if expression.args.get("replace"):
        yield Need("OWNERSHIP", kind, name)
    yield from _reads(expression, expression.this.find(exp.Table))


def _owns(expression: exp.Drop | exp.Alter) -> Iterator[Need]:
    kind = _kind(expression)
    for table in expression.args.get("tables") or [expression.this]:
        yield Need("OWNERSHIP", kind, place(table))
    for action in expression.find_all(exp.SwapTable):
        yield Need("OWNERSHIP", kind, place(action.this))


def _kind(expression: exp.Expr) -> str:
    return str(expression.args.get("kind") or "").upper()
