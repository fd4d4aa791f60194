"""Kinds of Snowflake errors, by one pure function.

Sources: Snowflake documentation, "Transactions" and "Python connector API"; codes of sign-in refusals as in network.py of the connector 4.8.
"""

from __future__ import annotations

from stock_common.run import FatalError


class WarehouseError(Exception):
    """Anything Snowflake said or failed to say that is no FatalError."""


class WarehouseUnavailable(WarehouseError):
    """Snowflake did not answer, or cannot do it now (network, 5xx, suspended warehouse, spending stop): try again later."""


class SessionExpired(WarehouseUnavailable):
    """The session is gone and the statement was not run: a new session can run it."""


class LockTimeout(WarehouseError):
    """Another transaction holds the lock, or the server ended this one for it: give way and try again later."""


class StatementError(WarehouseError):
    """The statement is refused for what it says or for what it reads. `code` is Snowflake's number, `sqlstate` its five characters."""

    def __init__(self, code: int, sqlstate: str, text: str) -> None:
        super().__init__(f"{code:06d} ({sqlstate}): {text}")
        self.code = code
        self.sqlstate = sqlstate
        self.text = text


class UnknownOutcome(WarehouseError):
    """COMMIT was sent and no good answer came: the transaction is in the warehouse whole, or not at all. Read before trying again."""


_LOCKED = {615, 625, 628, 637}
"""Transaction aborted by the server; lock not released in time; deadlock."""
_BUSY = {603, 604, 607, 609, 630, 90073, 90094, 90109, 390400}
"""Internal error; statement cancelled; warehouse suspended or gone for now; statement timeout; resource monitor's spending stop."""
_EXPIRED = {250002, 390110, 390111, 390112, 390113, 390114, 390115, 390195}
"""The connection was closed, or the session's or the master token is unknown, expired or invalid."""
_MISSING = {2003, 2043, 3001, 3003, 606, 90105, 90106}
"""Object missing or not authorised; insufficient privileges; no warehouse, database or schema chosen."""
REFUSED_SIGN_IN = 390100
_SIGN_IN = range(REFUSED_SIGN_IN, 396000)
_CLIENT = range(250000, 300000)
"""The connector's own numbers: network and protocol."""
_CONFIGURED = {251001, 251005, 251006, 251007, 251008}
"""No account, user or password; an invalid value; an invalid private key."""


def classify(code: int, sqlstate: str, text: str, what: str = "the statement") -> Exception:
    """The exception for an error of `what`. `code` is the connector's errno, -1 where it has none.

    Retryable → WarehouseUnavailable (SessionExpired where a new session helps), a lock → LockTimeout, what an operator must mend →
    FatalError saying what, the rest → StatementError.
    """
    said = " ".join(text.split())
    if code in _LOCKED:
        return LockTimeout(said)
    if code in _EXPIRED:
        return SessionExpired(said)
    if code in _CONFIGURED:
        return FatalError(f"Snowflake cannot be signed in to: correct the SNOWFLAKE_ variables ({said}).")
    if code in _BUSY:
        return WarehouseUnavailable(said)
    if code in _SIGN_IN or (sqlstate == "28000" and code not in _CLIENT):
        return FatalError(f"Snowflake refuses the sign-in: correct SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_ROLE or the credential ({said}).")
    if code in _MISSING:
        advice = "see that SNOWFLAKE_DATABASE exists, run the migrations, and grant the role what it needs"
        return FatalError(f"Snowflake refuses {what}: {advice} ({said}).")
    if code in _CLIENT or code <= 0 or sqlstate.startswith("08"):
        return WarehouseUnavailable(said)
    return StatementError(code, sqlstate, said)
