"""A certificate authority of the stack's own, and the broker's certificate by it, made with Java's keytool.

`python -m stock_stack.certificates KEYTOOL DIRECTORY` makes what is missing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PASSWORD = "changeit"  # noqa: S105 (Java's own default: the key is made for one stack and ends with it)
AUTHORITY, KEYS = "authority.pem", "broker.p12"
DAYS = "30"


def make(keytool: str, directory: Path, names: str = "ip:127.0.0.1,dns:localhost") -> None:
    """Writes AUTHORITY for the clients and KEYS for the broker, which answers to `names`."""
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / AUTHORITY).exists():
        return

    def run(*words: str, store: str = KEYS, given: str = "") -> str:
        secret = ("-keystore", store, "-storetype", "PKCS12", "-storepass", PASSWORD)
        done = subprocess.run(
            [keytool, *words, *secret],
            cwd=directory,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"keytool {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    new = ("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", DAYS)
    run(*new, "-alias", "ca", "-dname", "CN=stock stack", "-ext", "bc:c", store="authority.p12")
    run(*new, "-alias", "broker", "-dname", "CN=broker")
    request = run("-certreq", "-alias", "broker")
    sign = ("-gencert", "-rfc", "-alias", "ca", "-ext", f"san={names}", "-validity", DAYS)
    signed = run(*sign, store="authority.p12", given=request)
    authority = run("-exportcert", "-rfc", "-alias", "ca", store="authority.p12")
    run("-importcert", "-noprompt", "-alias", "ca", given=authority)
    run("-importcert", "-noprompt", "-alias", "broker", given=signed)
    (directory / AUTHORITY).write_text(authority)


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
