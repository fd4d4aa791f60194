"""The HTTP routes of Snowflake's connector, and `/healthz`.

Every failure is answered as Snowflake does it: HTTP 200 with `"success": false`.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stock_snowflake.account import credentials
from stock_snowflake.account.credentials import Secrets
from stock_snowflake.errors import SnowflakeError, classify, is_internal, session_gone
from stock_snowflake.server import protocol
from stock_snowflake.sessions.registry import Entry, Pending, Sessions

ANSWER_WITHIN_SECONDS = 45.0
"""Snowflake answers "in progress" after this time, which the connector's socket timeout of 60 s needs.

Source: snowflake.connector.network, "don't reduce less than 45 seconds".
"""
HEALTH_TIMEOUT_SECONDS = 5.0

logger = logging.getLogger("stock_snowflake")


@dataclass(frozen=True)
class Door:
    """Who may come in: by an address that has one of the names, and with a credential."""

    names: Sequence[str]
    secrets: Secrets


class Server:
    """Routes over the open sessions. No handler blocks the event loop: statements run on another executor."""

    def __init__(
        self, sessions: Sessions, door: Door, answer_within_seconds: float = ANSWER_WITHIN_SECONDS
    ) -> None:
        self._sessions = sessions
        self._door = door
        self._answer_within = answer_within_seconds
        self.app = Starlette(
            routes=[
                Route("/session/v1/login-request", self._login, methods=["POST"]),
                Route("/session", self._session, methods=["POST"]),
                Route("/session/heartbeat", self._session, methods=["POST"]),
                Route("/queries/v1/query-request", self._query, methods=["POST"]),
                Route("/queries/v1/abort-request", self._abort, methods=["POST"]),
                Route("/queries/{query_id}/result", self._result, methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ],
            # A page in a browser on this machine must not reach it under a name that the page's owner chose.
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=door.names, www_redirect=False)],
        )

    async def _login(self, request: Request) -> JSONResponse:
        data = (await _body(request)).get("data") or {}
        login = protocol.login_of(request.query_params, data)
        if not self._door.secrets.names(login.account):
            return JSONResponse({}, status_code=404)
        services = self._sessions.services
        try:
            credentials.check(services.account, self._door.secrets, data, services.now())
            token, entry = await asyncio.to_thread(self._sessions.open, login)
        except (SnowflakeError, duckdb.Error) as error:
            return JSONResponse(protocol.failure(classify(error)))
        logger.info(
            "session %s: login of %s, database %s", entry.session.id, login.user or "-", login.database or "-"
        )
        return JSONResponse(protocol.logged_in(token, entry.session, login))

    async def _session(self, request: Request) -> JSONResponse:
        """Heartbeat, or with `delete=true` the end of the session."""
        entry = self._entry(request)
        if entry is None:
            return JSONResponse(protocol.failure(session_gone()))
        if request.query_params.get("delete"):
            await asyncio.to_thread(self._sessions.close, _token(request))
        else:
            entry.session.touch()
        return JSONResponse(protocol.plain())

    async def _query(self, request: Request) -> JSONResponse:
        entry = self._entry(request)
        if entry is None:
            return JSONResponse(protocol.failure(session_gone()))
        body = await _body(request)
        request_id = request.query_params.get("requestId") or str(id(request))
        try:
            pending = entry.answers.submit(request_id, partial(_run, entry, body))
        except RuntimeError:  # The executor was shut down since the session was found.
            return JSONResponse(protocol.failure(session_gone()))
        return await self._answer(pending)

    async def _result(self, request: Request) -> JSONResponse:
        entry = self._entry(request)
        pending = entry.answers.find(request.path_params["query_id"]) if entry else None
        if pending is None:
            return JSONResponse(protocol.failure(session_gone()))
        return await self._answer(pending)

    async def _abort(self, request: Request) -> JSONResponse:
        entry = self._entry(request)
        pending = entry.answers.get((await _body(request)).get("requestId", "")) if entry else None
        if entry is not None and pending is not None:
            entry.session.cancel(pending.query_id)
        return JSONResponse(protocol.plain())

    async def _health(self, request: Request) -> JSONResponse:
        try:
            await asyncio.wait_for(
                asyncio.to_thread(self._sessions.services.engine.ping), HEALTH_TIMEOUT_SECONDS
            )
        except (TimeoutError, duckdb.Error) as error:
            return JSONResponse({"status": "failed", "reason": str(error) or "no answer"}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def _answer(self, pending: Pending) -> JSONResponse:
        future = asyncio.wrap_future(pending.future)
        done, _ = await asyncio.wait([future], timeout=self._answer_within)
        if not done:
            return JSONResponse(protocol.in_progress(pending.query_id))
        if future.cancelled():  # The server ends, and the statement had not begun.
            return JSONResponse(protocol.failure(session_gone()))
        error = future.exception()
        if error is None:
            return JSONResponse(future.result())
        found = classify(error)
        if is_internal(found):
            logger.error("query %s: %s", pending.query_id, found.message, exc_info=error)
        return JSONResponse(protocol.failure(found, pending.query_id))

    def _entry(self, request: Request) -> Entry | None:
        return self._sessions.get(_token(request))


def _run(entry: Entry, body: dict[str, Any], query_id: str) -> dict[str, Any]:
    """One statement, on a worker thread. An exception becomes the statement's answer."""
    rows, batch = protocol.bindings_of(body)
    result = entry.session.execute(query_id, body["sqlText"], rows, batch, bool(body.get("describeOnly")))
    return protocol.success(entry.session, result, query_id)


def _token(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix('Snowflake Token="').removesuffix('"')


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body)
