"""The real connector against a server on loopback that is unreachable, silent, failing or refusing."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import snowflake.connector
from world import SETTINGS, World, fill

from stock_common.run import FatalError
from stock_warehouse.config import SessionOptions, WarehouseSettings
from stock_warehouse.session import Warehouse

SECONDS = 2
"""In place of the minute that the connector is given in earnest."""


def impatient(**arguments: Any) -> Any:
    limits = {
        "login_timeout": SECONDS,
        "network_timeout": SECONDS,
        "socket_timeout": SECONDS,
        "backoff_policy": pauses,
    }
    return snowflake.connector.connect(**arguments | limits)


def pauses() -> Iterator[int]:
    while True:
        yield 1


def cycle(world: World, port: int) -> tuple[str, str | None]:
    """A cycle of a loader whose Snowflake is what listens on the port."""
    names = {
        "snowflake_private_key_file": None,
        "snowflake_password": _Secret(),
        "snowflake_token": None,
        "snowflake_host": "127.0.0.1",
    }
    settings = WarehouseSettings.model_construct(
        **{**dict(SETTINGS), **names, "snowflake_port": port, "snowflake_protocol": "http"}
    )
    session = Warehouse(settings, "sf-loader", SessionOptions(transactional=True), connect=impatient)
    loader = world.loader_of(
        session, ("stock-data", "stock-alerts", "stock-bars"), lambda _: None, world.new_metrics()
    )
    done = loader.cycle()
    assert done.entries == []
    return done.outcome, done.fault


class _Secret:
    def get_secret_value(self) -> str:
        return "test-only"


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield listening.server_port
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(10)


def says(status: int, body: dict[str, Any]) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        text = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    return answer


def test_nobody_listens(world: World) -> None:
    fill(world)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome, fault = cycle(world, taken.getsockname()[1])
    assert outcome == "unavailable" and fault


def test_a_server_that_never_answers(world: World) -> None:
    fill(world)
    over = threading.Event()
    with server(lambda request: over.wait(60)) as port:  # type: ignore[arg-type, return-value]
        outcome, fault = cycle(world, port)
        over.set()
    assert outcome == "unavailable" and fault


def test_a_server_that_fails(world: World) -> None:
    fill(world)
    with server(says(503, {})) as port:
        outcome, fault = cycle(world, port)
    assert outcome == "unavailable" and fault


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param("390144", "JWT token is invalid.", id="key"),
        pytest.param("390195", "The token has expired.", id="token that expired"),
        pytest.param("390100", "Incorrect username or password was specified.", id="password"),
    ],
)
def test_a_refused_sign_in_stops_the_loader_and_says_what_to_correct(
    code: str, text: str, world: World
) -> None:
    fill(world)
    with (
        server(says(200, {"success": False, "code": code, "message": text, "data": {}})) as port,
        pytest.raises(FatalError) as stopped,
    ):
        cycle(world, port)
    assert "SNOWFLAKE_" in str(stopped.value) and "test-only" not in str(stopped.value)


def test_a_suspended_account_is_an_outcome_of_its_own_and_is_tried_again(world: World) -> None:
    fill(world)
    text = "Your account is suspended due to lack of payment method."
    with server(says(200, {"success": False, "code": "000666", "message": text, "data": {}})) as port:
        outcome, fault = cycle(world, port)
    assert outcome == "suspended" and fault is not None
    assert "trial has ended" in fault and text in fault
