"""Constraints in CREATE TABLE that Snowflake and DuckDB enforce differently: keys, lengths of text."""

from __future__ import annotations

from sqlglot import exp

from stock_snowflake.sql.names import stored

_UNENFORCED = (exp.UniqueColumnConstraint, exp.Reference)
"""sql-reference/constraints-overview: a standard table enforces NOT NULL and no other constraint."""


def without_keys(expression: exp.Create) -> exp.Create:
    """A copy without PRIMARY KEY, UNIQUE and FOREIGN KEY. A primary key's columns stay NOT NULL."""
    copy = expression.copy()
    if not isinstance(copy.this, exp.Schema):
        return copy
    required: set[str] = set()
    members: list[exp.Expr] = []
    for member in copy.this.expressions:
        constraint = _constraint(member)
        if isinstance(constraint, exp.PrimaryKey):
            required |= {stored(found) for found in constraint.find_all(exp.Identifier)}
        elif not isinstance(constraint, (exp.ForeignKey, exp.UniqueColumnConstraint)):
            members.append(member)
    for column in members:
        if isinstance(column, exp.ColumnDef):
            _relax(column, stored(column.this) in required)
    copy.this.set("expressions", members)
    return copy


def with_lengths(expression: exp.Create) -> exp.Create:
    """A copy in which each VARCHAR(n) column has a CHECK of its length. DuckDB ignores n."""
    copy = expression.copy()
    for column in copy.find_all(exp.ColumnDef):
        kind = column.args.get("kind")
        if not isinstance(kind, exp.DataType) or kind.this is not exp.DType.VARCHAR or not kind.expressions:
            continue
        longest = exp.LTE(
            this=exp.Length(this=exp.column(column.this.copy())), expression=kind.expressions[0].this.copy()
        )
        column.append("constraints", exp.ColumnConstraint(kind=exp.CheckColumnConstraint(this=longest)))
    return copy


def _constraint(member: exp.Expr) -> exp.Expr:
    """A named constraint's own part, anything else as it is."""
    return member.expressions[0] if isinstance(member, exp.Constraint) and member.expressions else member


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
