"""What the check of TLS says of a listener."""

from __future__ import annotations

import socket

import pytest
from listeners import AUTHORITY, listener

from stock_kafka import tls


def test_who_speaks_tls() -> None:
    with listener("good") as secure, listener(None) as plain:
        assert tls.speaks(secure) is True
        assert tls.speaks(plain) is False
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert tls.speaks(f"127.0.0.1:{port}") is None
    assert tls.speaks("no-port") is None


@pytest.mark.parametrize(
    ("certificate", "authority", "fault"),
    [
        pytest.param("good", AUTHORITY, None, id="valid"),
        pytest.param("good", None, "unable to get local issuer certificate", id="of an unknown authority"),
        pytest.param("expired", AUTHORITY, "certificate has expired", id="expired"),
        pytest.param("other", AUTHORITY, "IP address mismatch", id="of another name"),
        pytest.param(None, AUTHORITY, None, id="none"),
    ],
)
def test_what_is_wrong_with_a_certificate(
    certificate: str | None, authority: str | None, fault: str | None
) -> None:
    with listener(certificate) as place:
        found = tls.certificate_fault(place, authority)
    assert (found or "").startswith(fault or "") and (found is None) == (fault is None)
