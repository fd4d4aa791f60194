"""Start and stop: the socket, the engine, the sweeper, uvicorn, and a clean end on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from stock_snowflake.config import Settings
from stock_snowflake.engine import Engine
from stock_snowflake.locks import LockTable
from stock_snowflake.server import Server
from stock_snowflake.services import Services
from stock_snowflake.sessions import Sessions, Sweeper
from stock_snowflake.stage_files import S3StageFiles

# Requests still open at the signal get this long; their statements are cancelled at once.
SHUTDOWN_SECONDS = 15
# Logins, ends of sessions, cancellations and health checks; statements have workers of their own.
SIDE_WORKERS = 16
_BACKLOG = 128


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves the signals alone and says when it listens."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()


def listen(settings: Settings) -> socket.socket:
    """Take the port. Raises OSError when it is taken or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol must be named: asyncio turns Nagle's algorithm off (40 ms a statement) only for sockets that say TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(_BACKLOG)
    return listener


def serve(settings: Settings, listener: socket.socket, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; then roll back what is open and close the databases. Raises duckdb.Error at the start."""
    engine = Engine(settings.data_dir)
    services = Services(
        engine=engine,
        locks=LockTable(),
        store=S3StageFiles(settings.s3_endpoint_url, settings.aws_region),
        now=lambda: datetime.datetime.now(datetime.UTC),
        monotonic=time.monotonic,
    )
    sessions = Sessions(services, settings.idle_transaction_seconds)
    sweeper = Sweeper(sessions)
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        Server(sessions).app,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Uvicorn(config, lambda: say(f"stock-snowflake listens on http://{host}:{port}, databases in {settings.data_dir}"))
    sweeper.start()
    try:
        asyncio.run(_until_signal(server, listener, sessions))
    finally:
        sweeper.stop()
        sessions.close_all()
        engine.close()


async def _until_signal(server: _Uvicorn, listener: socket.socket, sessions: Sessions) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(SIDE_WORKERS, thread_name_prefix="side"))

    def stop() -> None:
        server.should_exit = True
        loop.run_in_executor(None, sessions.close_all)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve(sockets=[listener])
