"""The role that a session begins with. The password is checked before, by the routes."""

from __future__ import annotations

from stock_snowflake.account.store import Account
from stock_snowflake.errors import SnowflakeError


def role_of(account: Account, user: str, role: str | None) -> str | None:
    """The role asked for, else the user's default.

    Raises SnowflakeError 390189 for a role that is not there, 390186 for one that the user does not hold.
    A user whom CREATE USER has not made holds every role: somebody has to make the first one.
    """
    if not account.exists("USER", user):
        if role and not account.exists("ROLE", role):
            raise _refused("390189", f"Role '{role}' specified in the connect string does not exist")
        return role
    wanted = role or str(account.get("USER", user).properties.get("DEFAULT_ROLE", "PUBLIC")).upper()
    if wanted not in account.roles_of(user):
        raise _refused(
            "390186", f"Role '{wanted}' specified in the connect string is not granted to this user"
        )
    return wanted


def _refused(code: str, text: str) -> SnowflakeError:
    return SnowflakeError(code, "08001", f"{text}. Contact your local system administrator.")
