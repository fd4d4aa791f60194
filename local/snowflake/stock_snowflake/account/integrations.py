"""The storage integration that a stage names: it exists, is enabled, and allows the stage's address."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token

from stock_snowflake.account.store import Account
from stock_snowflake.errors import SnowflakeError
from stock_snowflake.sql.refusals import stage_options


def check_stage(account: Account, tokens: Sequence[Token]) -> str:
    """The integration of a CREATE STAGE, empty where it names none, and for other statements.

    Raises SnowflakeError for one that does not serve the stage's address.
    """
    options = stage_options(tokens)
    if "STORAGE_INTEGRATION" not in options:
        return ""
    name = str(options["STORAGE_INTEGRATION"]).upper()
    has = account.get("INTEGRATION", name).properties
    url = str(options.get("URL", ""))
    allowed = has.get("STORAGE_ALLOWED_LOCATIONS", [])
    if not has.get("ENABLED") or not any(each == "*" or url.startswith(each) for each in allowed):
        text = f"SQL compilation error:\nLocation '{url}' is not allowed by integration {name}."
        raise SnowflakeError("001008", "22023", text)
    return name
