"""GRANT and REVOKE as text. Sources: sql-reference/sql/grant-privilege, grant-role, grant-ownership."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokens import Token, TokenType

from stock_snowflake.errors import syntax_error

_IN_SCHEMA = {"SELECT", "REFERENCES"}
PRIVILEGES = {
    "DATABASE": {"USAGE", "CREATE SCHEMA", "MODIFY", "MONITOR"},
    "SCHEMA": {
        *("USAGE", "MODIFY", "MONITOR", "CREATE TABLE", "CREATE VIEW", "CREATE STAGE", "CREATE FILE FORMAT"),
        *("CREATE SEQUENCE", "CREATE FUNCTION", "CREATE PIPE", "CREATE STREAM", "CREATE TASK"),
    },
    "TABLE": {*_IN_SCHEMA, "INSERT", "UPDATE", "DELETE", "TRUNCATE", "EVOLVE SCHEMA"},
    "VIEW": _IN_SCHEMA,
    "STAGE": {"USAGE", "READ", "WRITE"},
    "FILE FORMAT": {"USAGE"},
    "WAREHOUSE": {"USAGE", "OPERATE", "MONITOR", "MODIFY"},
    "INTEGRATION": {"USAGE"},
    "RESOURCE MONITOR": {"MONITOR", "MODIFY"},
    "USER": {"MONITOR"},
}
"""Kind of object → the privileges on it. OWNERSHIP and ALL are on each."""
_NAME = r'(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*'
_KINDS = "|".join(PRIVILEGES)
_ROLE = re.compile(
    rf"(GRANT|REVOKE) ROLE (?P<role>{_NAME}) (TO|FROM) (?P<kind>ROLE|USER) (?P<to>{_NAME})", re.IGNORECASE
)
_PRIVILEGE = re.compile(
    rf"(GRANT|REVOKE) (?P<privileges>[A-Z_ ]+(?: ?, ?[A-Z_ ]+)*?) ON"
    rf" (?:(?P<every>ALL|FUTURE) (?P<plural>{_KINDS})S IN (?P<in>SCHEMA|DATABASE)|(?P<kind>{_KINDS}))"
    rf" (?P<name>{_NAME}) (TO|FROM) ROLE (?P<to>{_NAME})"
    rf"(?P<rest> WITH GRANT OPTION| (?:COPY|REVOKE) CURRENT GRANTS)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class GrantStatement:
    """Privileges on one object, on ALL or FUTURE ones of a kind in a place, or a role (kind ROLE).

    name, role and place are stored parts. every: ALL, FUTURE or empty. place: SCHEMA or DATABASE of `every`.
    to_kind: ROLE, or USER for a role.
    """

    revoke: bool
    privileges: tuple[str, ...]
    kind: str
    name: tuple[str, ...]
    to_kind: str
    to: str
    every: str = ""
    place: str = ""


def parse_grant(tokens: Sequence[Token]) -> GrantStatement:
    """Read the statement. Raises SnowflakeError 001003 for another form or privilege."""
    text = _text(tokens)
    revoke = text.upper().startswith("REVOKE")
    if found := _ROLE.fullmatch(text):
        return GrantStatement(
            revoke, ("USAGE",), "ROLE", _parts(found["role"]), found["kind"].upper(), _parts(found["to"])[-1]
        )
    found = _PRIVILEGE.fullmatch(text)
    if found is None:
        raise syntax_error(f"syntax error line 1 at position 0 unexpected '{' '.join(text.split()[:4])}'.")
    kind = (found["kind"] or found["plural"]).upper()
    named = [" ".join(part.upper().split()) for part in found["privileges"].split(",")]
    for privilege in named:
        if privilege not in {*PRIVILEGES[kind], "OWNERSHIP", "ALL", "ALL PRIVILEGES"}:
            raise syntax_error(f"invalid privilege '{privilege}' on {kind}.")
    privileges = PRIVILEGES[kind] if set(named) & {"ALL", "ALL PRIVILEGES"} else named
    return GrantStatement(
        revoke,
        tuple(sorted(privileges)),
        kind,
        _parts(found["name"]),
        "ROLE",
        _parts(found["to"])[-1],
        (found["every"] or "").upper(),
        (found["in"] or "").upper(),
    )


def _text(tokens: Sequence[Token]) -> str:
    """The statement on one line, without comments."""
    words = [f'"{each.text}"' if each.token_type is TokenType.IDENTIFIER else each.text for each in tokens]
    return " ".join(words).replace(" . ", ".")


def _parts(name: str) -> tuple[str, ...]:
    return tuple(quoted or plain.upper() for quoted, plain in re.findall(r'"([^"]+)"|([^."]+)', name))
