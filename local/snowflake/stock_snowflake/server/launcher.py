"""Start and stop: the socket, the engine, the sweeper and uvicorn, until SIGTERM or SIGINT."""

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

from stock_snowflake.account.credentials import Secrets
from stock_snowflake.account.store import Account
from stock_snowflake.config import Settings
from stock_snowflake.copy.stage_files import S3StageFiles
from stock_snowflake.database.engine import Engine
from stock_snowflake.server.routes import Door, Server
from stock_snowflake.sessions.registry import Sessions, Sweeper
from stock_snowflake.sessions.services import Services
from stock_snowflake.transactions.locks import LockTable

SHUTDOWN_SECONDS = 15
"""How long requests that are open at the signal may take. Their statements are cancelled at once."""
SIDE_WORKERS = 16
"""For logins, ends of sessions, cancellations and health checks. Statements have other workers."""
LOOPBACK = ("127.0.0.1", "localhost")
_BACKLOG = 128


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers. It calls `on_start` once it listens."""

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
    # asyncio turns Nagle's algorithm off (40 ms a statement) only where the socket's protocol is TCP by name.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(_BACKLOG)
    return listener


def serve(settings: Settings, listener: socket.socket, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Then roll open transactions back and close the databases.

    Raises duckdb.Error at the start.
    """
    engine = Engine(settings.data_dir)
    services = Services(
        engine=engine,
        account=Account(engine.plain()),
        locks=LockTable(),
        store=S3StageFiles(settings.s3_endpoint_url, settings.aws_region),
        now=lambda: datetime.datetime.now(datetime.UTC),
        monotonic=time.monotonic,
        edition=settings.edition,
        copy_errors=settings.copy_errors,
    )
    sessions = Sessions(services, settings.idle_transaction_seconds)
    sweeper = Sweeper(sessions)
    secrets = Secrets(settings.password, settings.token, settings.accounts)
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        Server(sessions, Door(_names(settings), secrets)).app,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Uvicorn(
        config,
        lambda: say(f"stock-snowflake listens on http://{host}:{port}, databases in {settings.data_dir}"),
    )
    sweeper.start()
    try:
        asyncio.run(_until_signal(server, listener, sessions))
    finally:
        sweeper.stop()
        sessions.close_all()
        engine.close()


def _names(settings: Settings) -> list[str]:
    """What may stand in an address: loopback, where it listens, and what others call it."""
    given = (settings.host, settings.name)
    return [*LOOPBACK, *(name for name in given if name)]


async def _until_signal(server: _Uvicorn, listener: socket.socket, sessions: Sessions) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(SIDE_WORKERS, thread_name_prefix="side"))

    def stop() -> None:
        server.should_exit = True
        loop.run_in_executor(None, sessions.close_all)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve(sockets=[listener])
