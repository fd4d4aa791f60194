"""The HTTP routes of Snowflake's connector, and `/healthz`. Answers every failure as Snowflake would: HTTP 200, success false."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from functools import partial
from typing import Any

import duckdb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stock_snowflake import protocol
from stock_snowflake.errors import SnowflakeError, classify, is_internal, session_gone
from stock_snowflake.sessions import Entry, Pending, Sessions

# Snowflake answers "in progress" after this time; the connector's socket timeout of 60 s counts on it
# (snowflake.connector.network: "don't reduce less than 45 seconds").
ANSWER_WITHIN_SECONDS = 45.0
HEALTH_TIMEOUT_SECONDS = 5.0

logger = logging.getLogger("stock_snowflake")


class Server:
    """Routes over the open sessions. Handlers never block the event loop: statements run on the sessions' executor."""

    def __init__(self, sessions: Sessions, answer_within_seconds: float = ANSWER_WITHIN_SECONDS) -> None:
        self._sessions = sessions
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
            ]
        )

    async def _login(self, request: Request) -> JSONResponse:
        login = protocol.login_of(request.query_params, (await _body(request)).get("data") or {})
        try:
            token, entry = await asyncio.to_thread(self._sessions.open, login)
        except (SnowflakeError, duckdb.Error) as error:
            return JSONResponse(protocol.failure(classify(error)))
        logger.info("session %s: login of %s, database %s", entry.session.id, login.user or "-", login.database or "-")
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
        except RuntimeError:  # The executor's word for: shut down since the session was found.
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
            await asyncio.wait_for(asyncio.to_thread(self._sessions.services.engine.ping), HEALTH_TIMEOUT_SECONDS)
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
    """One statement, on a worker thread. What it raises is the statement's answer."""
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
