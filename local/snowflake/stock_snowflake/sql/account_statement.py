"""CREATE, ALTER, DROP and DESCRIBE of the account's own objects, as text.

Each kind takes the properties that its page names (sql-reference/sql/create-warehouse, create-role,
create-user, create-resource-monitor, create-storage-integration, create-network-policy) and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokens import Token, TokenType

from stock_snowflake.errors import SnowflakeError, syntax_error
from stock_snowflake.sql.options import Cursor, Value, read_option, unexpected
from stock_snowflake.sql.refusals import known

PROPERTIES = {
    "WAREHOUSE": {
        *("WAREHOUSE_TYPE", "WAREHOUSE_SIZE", "GENERATION", "RESOURCE_CONSTRAINT", "RESOURCE_MONITOR"),
        *("MAX_CLUSTER_COUNT", "MIN_CLUSTER_COUNT", "SCALING_POLICY", "AUTO_SUSPEND", "AUTO_RESUME"),
        *("INITIALLY_SUSPENDED", "ENABLE_QUERY_ACCELERATION", "QUERY_ACCELERATION_MAX_SCALE_FACTOR"),
        *("MAX_CONCURRENCY_LEVEL", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "STATEMENT_TIMEOUT_IN_SECONDS"),
        "COMMENT",
    },
    "ROLE": {"COMMENT"},
    "USER": {
        *("PASSWORD", "LOGIN_NAME", "DISPLAY_NAME", "EMAIL", "MUST_CHANGE_PASSWORD", "DISABLED", "TYPE"),
        *("DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE", "DEFAULT_ROLE", "DEFAULT_SECONDARY_ROLES"),
        *("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2", "NETWORK_POLICY", "WORKLOAD_IDENTITY", "COMMENT"),
        "MINS_TO_UNLOCK",
    },
    "RESOURCE MONITOR": {"CREDIT_QUOTA", "FREQUENCY", "START_TIMESTAMP", "END_TIMESTAMP", "NOTIFY_USERS"},
    "STORAGE INTEGRATION": {
        *("TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS", "STORAGE_BLOCKED_LOCATIONS"),
        *("STORAGE_AWS_ROLE_ARN", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_OBJECT_ACL", "COMMENT"),
    },
    "NETWORK POLICY": {
        *("ALLOWED_IP_LIST", "BLOCKED_IP_LIST", "ALLOWED_NETWORK_RULE_LIST", "BLOCKED_NETWORK_RULE_LIST"),
        "COMMENT",
    },
}
"""Kind → its properties."""
TRIGGERS = "TRIGGERS"
_REQUIRED = {
    "STORAGE INTEGRATION": {"TYPE", "STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS"},
}
_SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "XXLARGE", "XXXLARGE", "X4LARGE", "X5LARGE")
_ACTIONS = ("NOTIFY", "SUSPEND", "SUSPEND_IMMEDIATE")
_VALUES: dict[str, tuple[Value, ...]] = {
    "GENERATION": ("1", "2"),
    "AUTO_RESUME": (True, False),
    "INITIALLY_SUSPENDED": (True, False),
    "ENABLE_QUERY_ACCELERATION": (True, False),
    "ENABLED": (True, False),
    "STORAGE_PROVIDER": ("S3",),
    "FREQUENCY": ("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER"),
}


@dataclass(frozen=True)
class AccountStatement:
    """action: CREATE, ALTER, DROP or DESCRIBE. lenient: IF [NOT] EXISTS. unset: names of UNSET."""

    action: str
    kind: str
    name: str
    lenient: bool
    properties: dict[str, Value]
    unset: tuple[str, ...] = ()


def parse_account(tokens: Sequence[Token]) -> AccountStatement:
    """Read the statement. Raises SnowflakeError 001003, 001006 or 001008 for what is wrong in it."""
    action = {"DESC": "DESCRIBE"}.get(tokens[0].text.upper(), tokens[0].text.upper())
    kind, cursor = _kind(tokens)
    lenient = _skip(cursor, *(("IF", "NOT", "EXISTS") if action == "CREATE" else ("IF", "EXISTS")))
    name = ".".join(cursor.name())
    if action in ("DROP", "DESCRIBE"):
        if not cursor.at_end:
            raise unexpected(cursor.next())
        return AccountStatement(action, kind, name, lenient, {})
    if action == "ALTER" and not _skip(cursor, "SET"):
        return AccountStatement(action, kind, name, lenient, {}, _other(cursor, kind))
    properties = _properties(cursor, kind)
    if action == "CREATE" and (missing := _REQUIRED.get(kind, set()) - properties.keys()):
        raise syntax_error(f"missing property {', '.join(sorted(missing))} of {kind}.")
    return AccountStatement(action, kind, name, lenient, properties)


def _kind(tokens: Sequence[Token]) -> tuple[str, Cursor]:
    words = ""
    for index in range(1, min(3, len(tokens))):
        words = f"{words} {tokens[index].text.upper()}".strip()
        if words == "INTEGRATION":
            words = "STORAGE INTEGRATION"
        if words in PROPERTIES:
            return words, Cursor(tokens, index + 1)
    raise unexpected(tokens[1])


def _skip(cursor: Cursor, *words: str) -> bool:
    """Go past the words if the first of them comes next."""
    token = cursor.peek()
    if token is None or token.text.upper() != words[0]:
        return False
    for word in words:
        if (token := cursor.next()).text.upper() != word:
            raise unexpected(token)
    return True


def _other(cursor: Cursor, kind: str) -> tuple[str, ...]:
    """ALTER without SET: SUSPEND and RESUME of a warehouse, UNSET of properties, new triggers."""
    word = cursor.word()
    if kind == "WAREHOUSE" and word in ("SUSPEND", "RESUME") and cursor.at_end:
        return ()
    if word != "UNSET":
        raise syntax_error(f"unexpected '{word}' in ALTER {kind}.")
    names = [cursor.word()]
    while cursor.accept(TokenType.COMMA):
        names.append(cursor.word())
    known(dict.fromkeys(names, ""), PROPERTIES[kind], kind)
    return tuple(names)


def _properties(cursor: Cursor, kind: str) -> dict[str, Value]:
    _skip(cursor, "WITH")
    found: dict[str, Value] = {}
    while not cursor.at_end:
        if kind == "RESOURCE MONITOR" and _skip(cursor, TRIGGERS):
            found[TRIGGERS] = _triggers(cursor)
            break
        name, value = read_option(cursor)
        if name in found:
            raise syntax_error(f"duplicate property '{name}'.")
        known({name: value}, PROPERTIES[kind], kind)
        _check_value(name, value)
        found[name] = value
    return found


def _triggers(cursor: Cursor) -> list[str]:
    found: list[str] = []
    while not cursor.at_end:
        _skip(cursor, "ON")
        percent = cursor.expect(TokenType.NUMBER).text
        _skip(cursor, "PERCENT", "DO")
        action = cursor.word()
        if action not in _ACTIONS:
            raise syntax_error(f"unexpected '{action}', not {', '.join(_ACTIONS)}.")
        found.append(f"{percent}% {action}")
    return found


def _check_value(name: str, value: Value) -> None:
    wrong = name in _VALUES and value not in _VALUES[name]
    if name == "WAREHOUSE_SIZE":
        wrong = str(value).upper().replace("-", "") not in _SIZES
    if name in ("AUTO_SUSPEND", "CREDIT_QUOTA"):
        wrong = not isinstance(value, int) and value != "NULL"
    if wrong:
        raise SnowflakeError(
            "001008", "22023", f"SQL compilation error:\nInvalid value '{value}' for property '{name}'"
        )
