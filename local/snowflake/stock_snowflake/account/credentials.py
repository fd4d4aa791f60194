"""Whether a login's credential is right: a password, a key's token (JWT), or a programmatic access token.

Sources: user-guide/key-pair-auth ("JWT"), user-guide/admin-account-identifier, and the connector's
auth/keypair.py. A client hears no more than that its token is invalid, as from Snowflake. The log has why.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from stock_snowflake.account.store import Account
from stock_snowflake.errors import SnowflakeError, sign_in_refused

ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
ISSUED_WITHIN = datetime.timedelta(seconds=60)
"""A token that was issued earlier is refused, whenever it expires."""
LONGEST = datetime.timedelta(hours=1)
KEYS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")
"""A user may have two, so that one can be replaced while the other signs in."""

logger = logging.getLogger("stock_snowflake")


@dataclass(frozen=True)
class Secrets:
    """What the server's settings give to everybody.

    password: of users without one of their own.
    token: the programmatic access token, None where there is none.
    accounts: identifiers by which this account may be called, empty for any: ORGANISATION-ACCOUNT, or
        LOCATOR.region.
    """

    password: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    accounts: Sequence[str] = ()

    def names(self, account: str) -> bool:
        """Whether the identifier is this account's. Clients leave the region out, or send it."""
        known = {each.upper() for each in self.accounts}
        return not known or account.upper() in known | {each.partition(".")[0] for each in known}


class _Invalid(Exception):
    """Why a token is refused, for the log."""


def check(account: Account, secrets: Secrets, login: Mapping[str, Any], now: datetime.datetime) -> None:
    """Raises SnowflakeError unless the credential is right and the user may come in.

    login: the `data` of the connector's request. now: aware, UTC.
    """
    user = str(login.get("LOGIN_NAME") or "").upper()
    has = account.get("USER", user).properties if account.exists("USER", user) else {}
    _may_come_in(has)
    kind = str(login.get("AUTHENTICATOR") or "").upper()
    if kind == "SNOWFLAKE_JWT":
        _check_key(secrets, login, user, has, now)
    elif kind == "PROGRAMMATIC_ACCESS_TOKEN":
        if secrets.token is None or not _same(login.get("TOKEN"), secrets.token):
            raise SnowflakeError("390303", "08001", "Programmatic access token is invalid.")
    elif not _password_opens(secrets, login.get("PASSWORD"), has):
        raise sign_in_refused()


def _may_come_in(has: Mapping[str, Any]) -> None:
    if _is_true(has.get("DISABLED")):
        raise SnowflakeError(
            "390101", "08001", "User access disabled. Contact your local system administrator."
        )
    if str(has.get("MINS_TO_UNLOCK") or "0") != "0":
        raise SnowflakeError("390102", "08001", "Your user account has been temporarily locked.")


def _password_opens(secrets: Secrets, given: object, has: Mapping[str, Any]) -> bool:
    if str(has.get("TYPE", "")).upper() == "SERVICE" and any(has.get(name) for name in KEYS):
        return False  # Snowflake lets no service user in by a password, with a key or without
    return _same(given, str(has.get("PASSWORD") or secrets.password))


def _check_key(
    secrets: Secrets, login: Mapping[str, Any], user: str, has: Mapping[str, Any], now: datetime.datetime
) -> None:
    try:
        _verify(str(login.get("TOKEN") or ""), secrets, user, has, now)
    except (_Invalid, jwt.InvalidTokenError) as error:
        logger.info("login of %s: JWT refused: %s", user or "-", error)
        raise SnowflakeError("390144", "08001", "JWT token is invalid.") from None


def _verify(token: str, secrets: Secrets, user: str, has: Mapping[str, Any], now: datetime.datetime) -> None:
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False})
    subject, issuer = str(claims.get("sub", "")), str(claims.get("iss", ""))
    named, _, subject_user = subject.partition(".")
    if subject_user != user or not secrets.names(named):
        raise _Invalid(f"the subject is {subject!r}")
    fingerprint = issuer.removeprefix(f"{subject}.")
    found = next((key for known, key in _public_keys(has) if known == fingerprint), None)
    if found is None:
        raise _Invalid(f"the issuer {issuer!r} names no public key of the user")
    jwt.decode(token, found, algorithms=ALGORITHMS, options={"verify_exp": False, "verify_iat": False})
    issued, expires = (_time(claims, name) for name in ("iat", "exp"))
    if not issued - ISSUED_WITHIN <= now <= min(expires, issued + ISSUED_WITHIN):
        raise _Invalid(f"issued at {issued}, expires at {expires}, and now it is {now}")
    if expires > issued + LONGEST:
        raise _Invalid("it lives longer than an hour")


def _time(claims: Mapping[str, Any], name: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromtimestamp(float(claims[name]), datetime.UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise _Invalid(f"it has no time {name}") from None


def _public_keys(has: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The user's keys, each under its fingerprint. (Snowflake refuses a bad key at its SET.)"""
    for name in KEYS:
        try:
            der = base64.b64decode("".join(str(has.get(name) or "").split()), validate=True)
            key = serialization.load_der_public_key(der)
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            continue
        yield f"SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}", key


def _same(given: object, secret: str) -> bool:
    return isinstance(given, str) and compare_digest(given.encode(), secret.encode())


def _is_true(value: object) -> bool:
    return str(value).upper() == "TRUE"
