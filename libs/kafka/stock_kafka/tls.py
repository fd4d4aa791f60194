"""Asks a listener itself whether it speaks TLS, and what is wrong with its certificate.

The client only says that it was hung up on, or that a certificate could not be verified.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

SECONDS = 2.0


def speaks(place: str) -> bool | None:
    """Whether the listener at host:port speaks TLS, None where nobody listens there or says a word.

    Waits up to 2 x SECONDS.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent to it
    return _shaken_hands(place, context)


def trusting(authorities: Path) -> ssl.SSLContext:
    """Verifies by these authorities alone: a file of certificates, or a directory of them.

    Raises OSError, of which ssl.SSLError is one, for a file that cannot be read or holds none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    directory = authorities.is_dir()
    context.load_verify_locations(
        capath=authorities if directory else None, cafile=None if directory else authorities
    )
    return context


def certificate_fault(place: str, authorities: str | None) -> str | None:
    """What is wrong with the certificate of the listener at host:port, None where nothing can be reason.

    authorities: the CA bundle's path, None for the system's.
    """
    try:
        context = ssl.create_default_context() if authorities is None else trusting(Path(authorities))
        _shaken_hands(place, context)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError:
        return None
    return None


def _shaken_hands(place: str, context: ssl.SSLContext) -> bool | None:
    """Raises SSLCertVerificationError where the context verifies."""
    host, _, port = place.rpartition(":")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), SECONDS)
    except (OSError, ValueError):
        return None
    with connection:
        try:
            context.wrap_socket(connection, server_hostname=host.strip("[]")).close()
        except ssl.SSLCertVerificationError:
            raise
        except TimeoutError:
            return None
        except OSError:
            return False
    return True
