"""The JSON of Snowflake's connector: reading requests, writing answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from fakesnow.expr import normalise_ident
from fakesnow.transforms import SERVER_VERSION

from stock_snowflake.errors import SnowflakeError
from stock_snowflake.sessions.services import Login
from stock_snowflake.sessions.session import Session
from stock_snowflake.types.bindings import rows_of
from stock_snowflake.types.columns import to_ipc
from stock_snowflake.types.results import Result

IN_PROGRESS = "333333"
"""The connector's QUERY_IN_PROGRESS_CODE: it fetches the result at getResultUrl."""
_NEVER_STAGE_BINDINGS = 0


def login_of(query: Mapping[str, str], data: Mapping[str, Any]) -> Login:
    """Who logs in. The user may have any name. The credential is checked elsewhere."""

    def name(key: str) -> str | None:
        value = query.get(key)
        return normalise_ident(value) if value else None

    return Login(
        user=str(data.get("LOGIN_NAME") or "").upper(),
        account=str(data.get("ACCOUNT_NAME") or "").upper(),
        role=name("roleName"),
        warehouse=name("warehouse"),
        database=name("databaseName"),
        schema=name("schemaName"),
        parameters=data.get("SESSION_PARAMETERS") or {},
    )


def bindings_of(body: Mapping[str, Any]) -> tuple[list[list[Any]], bool]:
    """The request's bound rows, and whether they are an array binding.

    Raises SnowflakeError for a value of the wrong form.
    """
    try:
        return rows_of(body.get("bindings") or {})
    except (ValueError, ArithmeticError, KeyError) as error:
        raise SnowflakeError(
            "002049", "42601", f"SQL compilation error:\nBind variable cannot be read: {error}"
        ) from error


def logged_in(token: str, session: Session, login: Login) -> dict[str, Any]:
    parameters = {
        "AUTOCOMMIT": session.parameters.autocommit,
        "TIMEZONE": session.parameters.timezone,
        "CLIENT_TELEMETRY_ENABLED": False,
        "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
        # The connector would upload larger array bindings to a stage first. 0 keeps them in the request.
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": _NEVER_STAGE_BINDINGS,
    }
    data = {
        "token": token,
        "masterToken": token,
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14_400,
        "sessionId": int(session.id),
        "displayUserName": login.user,
        "serverVersion": SERVER_VERSION,
        "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": login.warehouse,
            "roleName": login.role,
        },
    }
    return {"data": data, "code": None, "message": None, "success": True}


def success(session: Session, result: Result, query_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "parameters": [{"name": "TIMEZONE", "value": session.parameters.timezone}],
        "rowtype": result.rowtype,
        "queryId": query_id,
        "statementTypeId": result.type_id,
        "numberOfBinds": 0,
        "arrayBindSupported": False,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
    }
    if result.counts is not None:
        data |= {
            "queryResultFormat": "json",
            "rowset": [[str(count) for count in result.counts]],
            "total": 1,
            "returned": 1,
        }
    elif result.table is not None and result.table.num_rows:
        encoded = base64.b64encode(to_ipc(result.table, result.rowtype)).decode("ascii")
        rows = result.table.num_rows
        data |= {"queryResultFormat": "arrow", "rowsetBase64": encoded, "total": rows, "returned": rows}
    else:
        data |= {"queryResultFormat": "arrow", "rowsetBase64": "", "total": 0, "returned": 0}
    return {"data": data, "code": None, "message": None, "success": True}


def failure(error: SnowflakeError, query_id: str | None = None) -> dict[str, Any]:
    data = {
        "errorCode": error.code,
        "sqlState": error.sqlstate,
        "queryId": query_id,
        "internalError": False,
        "type": None,
    }
    return {"data": data, "code": error.code, "message": error.message, "success": False}


def in_progress(query_id: str) -> dict[str, Any]:
    data = {"queryId": query_id, "getResultUrl": f"/queries/{query_id}/result", "queryAbortsAfterSecs": 300}
    return {"data": data, "code": IN_PROGRESS, "message": "Query execution in progress.", "success": True}


def plain() -> dict[str, Any]:
    return {"data": None, "code": None, "message": None, "success": True}
