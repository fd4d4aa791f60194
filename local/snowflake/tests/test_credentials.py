"""Passwords, keys and tokens are checked as Snowflake does: user-guide/key-pair-auth."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
import servers
import snowflake.connector
from conftest import Connect
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from stock_snowflake.account import credentials
from stock_snowflake.account.credentials import Secrets
from stock_snowflake.account.store import AccountObject
from stock_snowflake.errors import SnowflakeError

NOW = datetime.datetime(2026, 3, 2, 14, 30, tzinfo=datetime.UTC)
SECRETS = Secrets("account-password", "pat-1", ("MYORG-LOCAL", "XY12345.us-east-1"))


class Key:
    """A private key, what a user's property takes of it, and the name that a token's issuer has for it."""

    def __init__(self, private: Any = None) -> None:
        self.private = private or rsa.generate_private_key(65537, 2048)
        public = self.private.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        der = public.public_bytes(serialization.Encoding.DER, form)
        self.pem = public.public_bytes(serialization.Encoding.PEM, form)
        self.value = base64.b64encode(der).decode()
        self.fingerprint = f"SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}"

    @property
    def der(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


FIRST, SECOND, OTHER = Key(), Key(), Key()


class Accounts:
    """An account with one user, of these properties."""

    def __init__(self, **properties: Any) -> None:
        self.user = AccountObject("USER", "LOADER", "ACCOUNTADMIN", properties)

    def exists(self, kind: str, name: str) -> bool:
        return (kind, name) == ("USER", "LOADER")

    def get(self, kind: str, name: str) -> AccountObject:
        assert self.exists(kind, name)
        return self.user


def refusal(has: dict[str, Any], **login: Any) -> str | None:
    """The number with which the login is refused, None where it is let in."""
    try:
        credentials.check(Accounts(**has), SECRETS, {"LOGIN_NAME": "loader"} | login, NOW)
    except SnowflakeError as error:
        return error.code
    return None


def token(key: Key = FIRST, algorithm: str = "RS256", secret: Any = None, **claims: Any) -> str:
    """A token as the connector makes it, but for what is given."""
    subject = claims.pop("subject", "MYORG-LOCAL.LOADER")
    body = {
        "iss": f"{subject}.{key.fingerprint}",
        "sub": subject,
        "iat": NOW,
        "exp": NOW + datetime.timedelta(seconds=60),
    }
    body |= claims
    return jwt.encode(body, secret or key.private, algorithm=algorithm)


def seconds(number: int) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=number)


class Case(NamedTuple):
    token: Callable[[], str]
    refused: bool = True


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(token, refused=False), id="the first key"),
        pytest.param(Case(lambda: token(SECOND), refused=False), id="the second key"),
        pytest.param(Case(lambda: token(subject="XY12345.LOADER"), refused=False), id="by the locator"),
        pytest.param(Case(lambda: token(iat=seconds(-60), exp=seconds(60)), refused=False), id="60 s old"),
        pytest.param(Case(lambda: token(OTHER)), id="a key that the user does not have"),
        pytest.param(Case(lambda: token(secret=OTHER.private)), id="signed by another key"),
        pytest.param(Case(lambda: token(subject="MYORG-LOCAL.AUDITOR")), id="of another user"),
        pytest.param(Case(lambda: token(subject="OTHER.LOADER")), id="of another account"),
        pytest.param(Case(lambda: token(iss="MYORG-LOCAL.LOADER")), id="an issuer without fingerprint"),
        pytest.param(Case(lambda: token(iat=seconds(-61), exp=seconds(60))), id="61 s old"),
        pytest.param(Case(lambda: token(iat=seconds(61), exp=seconds(90))), id="from the future"),
        pytest.param(Case(lambda: token(exp=seconds(-1), iat=seconds(-10))), id="expired"),
        pytest.param(Case(lambda: token(exp=seconds(3_700))), id="longer than an hour"),
        pytest.param(Case(lambda: token(iat=None)), id="without a time"),
        pytest.param(Case(lambda: jwt.encode({"sub": "MYORG-LOCAL.LOADER"}, None, "none")), id="unsigned"),
        pytest.param(Case(lambda: "no.token.atall"), id="no token"),
        pytest.param(Case(lambda: ""), id="nothing"),
    ],
)
def test_a_token_is_signed_by_a_key_of_its_user_and_fresh(case: Case) -> None:
    has = {"RSA_PUBLIC_KEY": FIRST.value, "RSA_PUBLIC_KEY_2": SECOND.value}
    found = refusal(has, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=case.token())
    assert found == ("390144" if case.refused else None)


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    body = token().split(".")[1].encode()
    mac = hmac.new(FIRST.pem, header + b"." + body, hashlib.sha256).digest()
    forged = b".".join((header, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()
    has = {"RSA_PUBLIC_KEY": FIRST.value}
    assert refusal(has, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=forged) == "390144"


def test_keys_of_a_curve_and_keys_that_are_none() -> None:
    curve = Key(ec.generate_private_key(ec.SECP256R1()))
    has = {"RSA_PUBLIC_KEY": "no key", "RSA_PUBLIC_KEY_2": curve.value}
    signed = token(curve, algorithm="ES256")
    assert refusal(has, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=signed) is None
    assert refusal(has, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=token()) == "390144"
    assert refusal({}, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=token()) == "390144"


@pytest.mark.parametrize(
    ("has", "given", "number"),
    [
        pytest.param({}, "account-password", None, id="the account's"),
        pytest.param({"PASSWORD": "own"}, "own", None, id="the user's own"),
        pytest.param({"PASSWORD": "own"}, "account-password", "390100", id="not the account's then"),
        pytest.param({}, "wrong", "390100", id="wrong"),
        pytest.param({}, None, "390100", id="none"),
        pytest.param({}, ["account-password"], "390100", id="no text"),
        pytest.param(
            {"TYPE": "SERVICE", "RSA_PUBLIC_KEY": FIRST.value},
            "account-password",
            "390100",
            id="of a service",
        ),
        pytest.param({"DISABLED": True}, "account-password", "390101", id="of a user that is disabled"),
        pytest.param({"MINS_TO_UNLOCK": 15}, "account-password", "390102", id="of a user that is locked"),
        pytest.param({"MINS_TO_UNLOCK": 0}, "account-password", None, id="of a user no longer locked"),
    ],
)
def test_passwords(has: dict[str, Any], given: object, number: str | None) -> None:
    assert refusal(has, PASSWORD=given) == number


def test_programmatic_access_tokens_and_disabled_users() -> None:
    kind = "PROGRAMMATIC_ACCESS_TOKEN"
    assert refusal({}, AUTHENTICATOR=kind, TOKEN="pat-1") is None
    assert refusal({}, AUTHENTICATOR=kind, TOKEN="pat-2") == "390303"
    assert refusal({"DISABLED": "TRUE"}, AUTHENTICATOR=kind, TOKEN="pat-1") == "390101"
    keyed = {"DISABLED": True, "RSA_PUBLIC_KEY": FIRST.value}
    assert refusal(keyed, AUTHENTICATOR="SNOWFLAKE_JWT", TOKEN=token()) == "390101"
    assert not Secrets("x").token


@pytest.fixture(scope="module")
def account(s3_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RunningServer]:
    yield from servers.shared(
        tmp_path_factory.mktemp("account"),
        s3_address,
        SNOWFLAKE_ACCOUNTS="MYORG-LOCAL,XY12345.us-east-1",
        SNOWFLAKE_TOKEN="pat-1",
    )


def test_the_real_connector_signs_in_and_a_key_is_replaced(
    account: servers.RunningServer, connect_to: Connect, tmp_path: Path
) -> None:
    def signs_in(key: Key, name: str = "MYORG-LOCAL") -> bool:
        given = {"password": None, "authenticator": "SNOWFLAKE_JWT", "private_key": key.der}
        try:
            session = connect_to(account.port, user="LOADER", account=name, **given)
        except snowflake.connector.errors.DatabaseError as error:
            assert error.errno == 390144, error
            return False
        assert session.cursor().execute("SELECT CURRENT_USER() AS U").fetchone() == ("LOADER",)
        return True

    admin = connect_to(account.port, user="ADMIN", account="myorg-local").cursor()
    admin.execute(f"CREATE USER LOADER TYPE = SERVICE RSA_PUBLIC_KEY = '{FIRST.value}'")
    assert [signs_in(FIRST), signs_in(SECOND)] == [True, False]
    admin.execute(f"ALTER USER LOADER SET RSA_PUBLIC_KEY_2 = '{SECOND.value}'")
    assert [signs_in(FIRST), signs_in(SECOND)] == [True, True]
    admin.execute("ALTER USER LOADER UNSET RSA_PUBLIC_KEY")
    assert [signs_in(FIRST), signs_in(SECOND)] == [False, True]
    assert signs_in(SECOND, "XY12345.us-east-1")
    admin.execute("ALTER USER LOADER SET DISABLED = TRUE")
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="User access disabled"):
        connect_to(account.port, user="LOADER", account="MYORG-LOCAL")
    admin.execute("ALTER USER LOADER SET DISABLED = FALSE MINS_TO_UNLOCK = 15")
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="temporarily locked") as locked:
        connect_to(account.port, user="LOADER", account="MYORG-LOCAL")
    assert locked.value.errno == 390102
    admin.execute("ALTER USER LOADER SET MINS_TO_UNLOCK = 0")
    assert signs_in(SECOND)


def test_the_real_connector_and_a_programmatic_access_token(
    account: servers.RunningServer, connect_to: Connect
) -> None:
    def sign_in(secret: str) -> Any:
        given = {"password": None, "authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": secret}
        return connect_to(account.port, user="AUDITOR", account="MYORG-LOCAL", **given)

    assert sign_in("pat-1").cursor().execute("SELECT 1 AS N").fetchone() == (1,)
    with pytest.raises(snowflake.connector.errors.Error, match="Programmatic access token is invalid"):
        sign_in("pat-2")


def test_another_account_is_not_found(account: servers.RunningServer, connect_to: Connect) -> None:
    with pytest.raises(snowflake.connector.errors.Error, match="404"):
        connect_to(account.port, account="MYORG-OTHER")
