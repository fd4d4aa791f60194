"""Keys in CREATE TABLE: Snowflake keeps them as information only, DuckDB would enforce them."""

from __future__ import annotations

from sqlglot import exp

from stock_snowflake.names import stored

# sql-reference/constraints-overview: NOT NULL is the one constraint that Snowflake enforces on a standard table.
_UNENFORCED = (exp.UniqueColumnConstraint, exp.Reference)


def without_keys(expression: exp.Create) -> exp.Create:
    """Drop PRIMARY KEY, UNIQUE and FOREIGN KEY, which DuckDB would enforce; a primary key's columns stay NOT NULL."""
    copy = expression.copy()
    if not isinstance(copy.this, exp.Schema):
        return copy
    required: set[str] = set()
    members: list[exp.Expr] = []
    for member in copy.this.expressions:
        constraint = member.expressions[0] if isinstance(member, exp.Constraint) and member.expressions else member
        if isinstance(constraint, exp.PrimaryKey):
            required |= {stored(found) for found in constraint.find_all(exp.Identifier)}
        elif not isinstance(constraint, (exp.ForeignKey, exp.UniqueColumnConstraint)):
            members.append(member)
    for column in (member for member in members if isinstance(member, exp.ColumnDef)):
        _relax(column, stored(column.this) in required)
    copy.this.set("expressions", members)
    return copy


def _relax(column: exp.ColumnDef, required: bool) -> None:
    kept: list[exp.Expr] = []
    for constraint in column.constraints:
        if isinstance(constraint.kind, exp.PrimaryKeyColumnConstraint):
            required = True
        elif not isinstance(constraint.kind, _UNENFORCED):
            kept.append(constraint)
    if required and not any(constraint.find(exp.NotNullColumnConstraint) for constraint in kept):
        kept.append(exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))
    column.set("constraints", kept)
