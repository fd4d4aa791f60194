"""Compressed answers for what never changes: the page's scripts and styles.

Streamlit sends them as they are, because a compression at each request costs more than it saves. A file whose
name holds its own hash is the same for as long as the process lives, so it is compressed once.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "/static/"
TYPES = ("text/javascript", "application/javascript", "text/css", "application/wasm", "application/json")
LEAST_BYTES = 1_000
LEVEL = 6


class _Answer(NamedTuple):
    start: Message
    body: bytes


class CompressedAssets:
    """Sends Streamlit's static files as gzip to the browsers that take it.

    The compressed files stay in memory, about 7 MB when every one was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, _Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_compress(scope):
            await self._app(scope, receive, send)
            return
        answer = self._kept.get(scope["path"]) or await self._compressed(scope, receive)
        await send({**answer.start})
        await send({"type": "http.response.body", "body": answer.body})

    async def _compressed(self, scope: Scope, receive: Receive) -> _Answer:
        """The application's answer. A whole file of text is compressed and kept."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        headers = MutableHeaders(raw=list(start["headers"]))
        if start["status"] != 200 or len(body) < LEAST_BYTES or not _is_text(headers):
            return _Answer(start, body)
        body = await asyncio.to_thread(gzip.compress, body, LEVEL)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        headers["Vary"] = "Accept-Encoding"
        self._kept[scope["path"]] = _Answer({**start, "headers": headers.raw}, body)
        return self._kept[scope["path"]]


def _may_compress(scope: Scope) -> bool:
    """True for the whole of a static file, asked for by a browser that takes gzip and does not hold it."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(FOLDER):
        return False
    headers = Headers(scope=scope)
    conditional = {"range", "if-none-match", "if-modified-since"} & set(headers)
    return "gzip" in headers.get("accept-encoding", "") and not conditional


def _is_text(headers: MutableHeaders) -> bool:
    return headers.get("content-type", "").startswith(TYPES) and "content-encoding" not in headers
