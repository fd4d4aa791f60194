"""Checks a private key's file as Snowflake's connector will read it, before anything is sent."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LEAST_BITS = 2_048
"""Of an RSA key. Source: Snowflake, "Key-pair authentication and key-pair rotation"."""


def require_key(path: str) -> None:
    """Raises ValueError unless the file holds a private key that Snowflake takes, or an encrypted one."""
    found = _content(path)
    if not _is_encrypted(found):
        try:
            key = load_pem_private_key(found, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError(f"{path} holds a private key that is damaged") from None
        _require_kind(path, key)


def require_password(path: str, password: str | None) -> None:
    """Raises ValueError unless the password opens the file, or is None and the file needs none."""
    found = _content(path)
    if not _is_encrypted(found):
        if password is not None:
            raise ValueError(f"{path} is not encrypted: leave this out")
        return
    if password is None:
        raise ValueError(f"needed: {path} is encrypted")
    try:
        key = load_pem_private_key(found, password.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"does not open {path}") from None
    _require_kind(path, key)


def _content(path: str) -> bytes:
    try:
        found = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if b"PRIVATE KEY-----" not in found:
        raise ValueError(f"{path} holds no private key in PEM form")
    return found


def _is_encrypted(content: bytes) -> bool:
    """Whether the file needs a password. Both PEM forms say so in their first lines."""
    return b"ENCRYPTED" in content


def _require_kind(path: str, key: object) -> None:
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_BITS:
        raise ValueError(f"{path} holds a key of {key.key_size} bits: Snowflake takes {LEAST_BITS} or more")
    if not isinstance(key, (RSAPrivateKey, EllipticCurvePrivateKey)):
        raise ValueError(f"{path} holds a key of another kind than RSA and ECDSA")
