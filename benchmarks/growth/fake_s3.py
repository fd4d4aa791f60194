"""A fake S3 server over a history. It counts its calls.

It knows LIST (version 2, with prefix, delimiter, start-after and pages of 1,000), HEAD and PUT.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from benchmarks.growth.fake_s3_history import Entry, History

PAGE = 1_000
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class FakeS3:
    """Listens on a free port of 127.0.0.1 until it is closed. `calls` counts by verb."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.calls: Counter[str] = Counter()
        self.seconds = 0.0
        fake = self

        class Handler(_Handler):
            served = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="fake-s3", daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it an answer of two packets waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    served: FakeS3

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/calls":
            self._answer(200, repr(dict(self.served.calls) | {"seconds": self.served.seconds}).encode())
            self.served.calls.clear()
            self.served.seconds = 0.0
            return
        self.served.calls["LIST"] += 1
        begun = time.perf_counter()
        listing = _listing(
            self.served.history, {name: values[0] for name, values in parse_qs(url.query).items()}
        )
        self.served.seconds += time.perf_counter() - begun
        self._answer(200, listing)

    def do_HEAD(self) -> None:
        self.served.calls["HEAD"] += 1
        entry = self.served.history.find(self._key())
        self._answer(200 if entry else 404, b"", entry)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        metadata = {
            name[11:].lower(): value
            for name, value in self.headers.items()
            if name.lower().startswith("x-amz-meta-")
        }
        self._answer(200, b"", self.served.history.put(self._key(), metadata))

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).split("/", 2)[2]

    def _answer(self, code: int, body: bytes, entry: Entry | None = None) -> None:
        self.send_response(code)
        if entry:
            self.send_header("ETag", f'"{entry.etag}"')
            self.send_header("Last-Modified", format_datetime(entry.modified, usegmt=True))
            for name, value in entry.metadata.items():
                self.send_header(f"x-amz-meta-{name}", value)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


def _listing(history: History, query: dict[str, str]) -> bytes:
    prefix, delimiter, most = (
        query.get("prefix", ""),
        query.get("delimiter"),
        int(query.get("max-keys", PAGE)),
    )
    after = query.get("continuation-token") or query.get("start-after", "")
    parts: list[str] = []
    last, cut = "", False
    keys = history.from_key(max(prefix, f"{after}\0" if after else ""))
    while (key := next(keys, None)) is not None and key.startswith(prefix):
        if len(parts) == most:
            cut = True
            break
        slash = key.find("/", len(prefix)) if delimiter else -1
        if slash >= 0:
            common = key[: slash + 1]
            parts.append(f"<CommonPrefixes><Prefix>{escape(common)}</Prefix></CommonPrefixes>")
            # The least key after all of the folder's.
            last = common[:-1] + "0"
            keys = history.from_key(last)
            continue
        entry = history.find(key)
        if entry is None:
            continue
        modified = entry.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        parts.append(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{modified}</LastModified>"
            f"<ETag>&quot;{entry.etag}&quot;</ETag><Size>4096</Size></Contents>"
        )
        last = key
    token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if cut else ""
    head = f"<IsTruncated>{str(cut).lower()}</IsTruncated>{token}<KeyCount>{len(parts)}</KeyCount>"
    listing = f'<ListBucketResult xmlns="{NAMESPACE}">{head}{"".join(parts)}</ListBucketResult>'
    return f'<?xml version="1.0"?>{listing}'.encode()
