"""The listeners here have certificates of tests/certificates: valid to 2120, except the expired one."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stock_kafka import tls

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = str(CERTIFICATES / "authority.pem")


@contextmanager
def listener(certificate: str | None) -> Iterator[str]:
    """host:port of a server that shakes hands, or hangs up on the first byte where it has no certificate."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with suppress(OSError), connection:
                        connection.settimeout(5)
                        if context:
                            context.wrap_socket(connection, server_side=True).close()
                        else:
                            connection.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


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
