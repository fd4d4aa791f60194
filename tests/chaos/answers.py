"""Error answers that a proxy gives in a server's place."""

from __future__ import annotations

import struct
from asyncio import StreamReader, StreamWriter

READ_SECONDS = 10.0
HEAD_BYTES = 64 * 1024


async def http(reader: StreamReader, writer: StreamWriter, status: int) -> None:
    """Takes one request whole and answers it with `status`.

    Raises asyncio.IncompleteReadError or LimitOverrunError for anything that is no request.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
    # A client that asks first whether to send the body gets the answer at once. Any other client must be read
    # to the end, or it would take the closed connection for a cut one.
    if "100-continue" not in fields.get("expect", ""):
        await reader.readexactly(int(fields.get("content-length", "0")))
    body = b"chaos"
    writer.write(
        b"HTTP/1.1 %d Chaos\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % (status, len(body))
    )
    if not head.startswith("head "):
        writer.write(body)
    await writer.drain()


async def session_expired(reader: StreamReader, writer: StreamWriter) -> bytes | None:
    """Answers a ZooKeeper client that comes back that its session has expired.

    A new session passes: the result is what was read of it, for the server. Source: ZooKeeper's jute records
    ConnectRequest and ConnectResponse. A time-out and a session id of 0 mean an expired session.
    """
    size = await reader.readexactly(4)
    request = await reader.readexactly(struct.unpack(">i", size)[0])
    (session,) = struct.unpack_from(">q", request, 16)
    if session == 0:
        return size + request
    answer = struct.pack(">iiqi16s?", 0, 0, 0, 16, bytes(16), False)
    writer.write(struct.pack(">i", len(answer)) + answer)
    await writer.drain()
    return None
