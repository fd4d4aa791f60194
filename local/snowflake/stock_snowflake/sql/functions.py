"""Functions that DuckDB lacks or answers in another way: context functions, whole seconds of the epoch."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from sqlglot import exp

_CONTEXT: dict[type[exp.Expr], str] = {
    exp.CurrentRole: "role",
    exp.CurrentWarehouse: "warehouse",
    exp.CurrentUser: "user",
    exp.CurrentAccount: "account",
    exp.CurrentSession: "session",
    exp.CurrentDatabase: "database",
    exp.CurrentSchema: "schema",
}


def substitute(expression: exp.Expr, context: Mapping[str, str | None], now: datetime.datetime) -> exp.Expr:
    """Replace CURRENT_TIMESTAMP() and context functions such as CURRENT_ROLE() by their values.

    CURRENT_TIMESTAMP() is the statement's start in Snowflake and the transaction's in DuckDB. Not for DDL: a
    view keeps the function.
    """

    def value(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentTimestamp):
            return _named(
                node, exp.cast(exp.Literal.string(now.isoformat()), "timestampltz"), "CURRENT_TIMESTAMP()"
            )
        if (key := _CONTEXT.get(type(node))) is not None:
            text = context.get(key)
            return _named(node, exp.Literal.string(text) if text else exp.null(), f"CURRENT_{key.upper()}()")
        return node

    return expression.transform(value)


def whole_epochs(expression: exp.Expr) -> exp.Expr:
    """Truncate the argument of EPOCH_SECOND to the second, in place.

    Snowflake gives whole seconds (sql-reference/functions-date-time, "Supported date and time parts").
    DuckDB's epoch has a fraction, and a cast would round it up.
    """
    for node in expression.find_all(exp.Extract):
        if node.name.upper() == "EPOCH_SECOND":
            node.set("expression", exp.TimestampTrunc(this=node.expression.copy(), unit=exp.var("SECOND")))
    return expression


def _named(node: exp.Expr, replacement: exp.Expr, name: str) -> exp.Expr:
    return (
        exp.alias_(replacement, name, quoted=True)
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
        else replacement
    )
