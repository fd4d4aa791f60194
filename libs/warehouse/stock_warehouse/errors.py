"""Kinds of Snowflake errors, by one pure function.

Sources: Snowflake documentation, "Transactions" and "Python connector API". The codes of refused sign-ins are
those in network.py of the connector 4.8.
"""

from __future__ import annotations

from stock_common.run import FatalError


class WarehouseError(Exception):
    """Snowflake refused or did not answer, and no operator has to act for it."""


class WarehouseUnavailable(WarehouseError):
    """Snowflake did not answer, or cannot do it now: try again later.

    Reasons are the network, a 5xx, a suspended warehouse, or a spending stop.
    """


class AccountSuspended(WarehouseUnavailable):
    """The account is suspended: its trial has ended, or a bill is open. An administrator has to act."""


class SessionExpired(WarehouseUnavailable):
    """The session is gone and the statement was not run: a new session can run it."""


class StatementFailed(WarehouseUnavailable):
    """Snowflake gave this statement up (internal error, timeout, cancelled). The session goes on.

    It may pass by itself, or the data may be at fault: another statement can show it.
    """


class LockTimeout(WarehouseError):
    """Another transaction holds the lock, or the server ended this transaction for it: try again later."""


class StatementError(WarehouseError):
    """The statement is refused for its text or for the data it reads.

    `code` is Snowflake's number, `sqlstate` its five characters.
    """

    def __init__(self, code: int, sqlstate: str, text: str) -> None:
        super().__init__(f"{code:06d} ({sqlstate}): {text}")
        self.code = code
        self.sqlstate = sqlstate
        self.text = text


class UnknownOutcome(WarehouseError):
    """COMMIT was sent and no good answer came: the whole transaction is in the warehouse, or nothing of it.

    Read what is there before trying again.
    """


_LOCKED = {615, 625, 628, 637}
"""Transaction aborted by the server, lock not released in time, deadlock."""
_FAILED = {603, 604, 630}
"""Internal error, cancelled statement, statement timeout."""
_BUSY = {607, 609, 90073, 90094, 90109, 390400}
"""Suspended warehouse, a resource monitor's stop."""
_SUSPENDED = {666}
"""The account is suspended. Source: Snowflake's community, "Your account is suspended", error 000666."""
_EXPIRED = {250002, 390110, 390111, 390112, 390113, 390114, 390115, 390195}
"""The connection was closed, or the session's or the master token is unknown, expired or invalid."""
_MISSING = {2003, 2043, 3001, 3003, 606, 90105, 90106}
"""Object missing or not authorised, insufficient privileges, no warehouse, database or schema chosen."""
SUSPENDED = (
    "Snowflake has suspended the account, because its trial has ended or a bill is open: an administrator"
    " settles it under Admin, Billing. Nothing is lost, and it goes on by itself"
)
_USER_REFUSED = {
    390101: "is disabled: an administrator runs ALTER USER {} SET DISABLED = FALSE",
    390102: "is locked after too many refused sign-ins: correct the credential, then wait 15 minutes, or an"
    " administrator runs ALTER USER {} SET MINS_TO_UNLOCK = 0",
}
"""Of a user that is known and may not come in. That 390102 is a lock is assumed: no account was there."""
REFUSED_SIGN_IN = 390100
_SIGN_IN = range(REFUSED_SIGN_IN, 396000)
_CLIENT = range(250000, 300000)
"""The connector's own numbers: network and protocol."""
_CONFIGURED = {251001, 251005, 251006, 251007, 251008, 251017, 251018, 251021}
"""No account, user or password, an invalid value or private key, no role on AWS to sign in as."""
SIGN_IN = "the sign-in"
_NOT_FOUND = 290404
"""HTTP 404. At the sign-in it means that no account has the address that follows from its name."""
_PASSING: dict[int, type[WarehouseError]] = {
    **dict.fromkeys(_LOCKED, LockTimeout),
    **dict.fromkeys(_EXPIRED, SessionExpired),
    **dict.fromkeys(_FAILED, StatementFailed),
    **dict.fromkeys(_BUSY, WarehouseUnavailable),
}


def classify(
    code: int, sqlstate: str, text: str, what: str = "the statement", user: str = "SNOWFLAKE_USER"
) -> Exception:
    """The exception for an error of `what`. `code` is the connector's errno, -1 where it has none.

    user: who signs in, for the sentence on a user that is disabled or locked.

    What passes by itself is WarehouseUnavailable (SessionExpired where a new session helps, StatementFailed
    where the session goes on, AccountSuspended where the account is) or LockTimeout.
    What an operator must fix is a FatalError with the advice. The rest is a StatementError.
    """
    reason = " ".join(text.split())
    if code in _SUSPENDED:
        return AccountSuspended(f"{SUSPENDED} ({reason})")
    if code in _PASSING:
        return _PASSING[code](reason)
    if code in _USER_REFUSED:
        return FatalError(f"Snowflake's user {user} {_USER_REFUSED[code].format(user)} ({reason}).")
    if refusal := _refusal(code, sqlstate, what):
        return FatalError(f"Snowflake {refusal} ({reason}).")
    if code in _CLIENT or code <= 0 or sqlstate.startswith("08"):
        return WarehouseUnavailable(reason)
    return StatementError(code, sqlstate, reason)


def _refusal(code: int, sqlstate: str, what: str) -> str:
    """What Snowflake refuses and what an operator must do, empty where it is no operator's affair."""
    if code in _CONFIGURED:
        return "cannot be signed in to: correct the SNOWFLAKE_ variables"
    if code == _NOT_FOUND and what == SIGN_IN:
        return "has no account at this address: correct SNOWFLAKE_ACCOUNT, or SNOWFLAKE_HOST where it is set"
    if code in _SIGN_IN or (sqlstate == "28000" and code not in _CLIENT):
        variables = "SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_ROLE or the credential"
        return f"refuses the sign-in: correct {variables}"
    if code in _MISSING:
        advice = "see that SNOWFLAKE_DATABASE exists, run the migrations, and grant the role what it needs"
        return f"refuses {what}: {advice}"
    return ""
