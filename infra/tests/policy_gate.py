"""IAM conditions in front of moto, which enforces actions and resources but leaves conditions out.

A WSGI application that decides each S3 request by the caller's policies and the bucket's, as IAM does: an
explicit deny wins, and without an allow it is refused. What passes goes on to moto, which decides once more
without the conditions.
Source: IAM user guide, "Policy evaluation logic" and "Condition operators". S3's actions by request: service
authorization reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote

Statement = Mapping[str, Any]
REFUSED = b"<Error><Code>AccessDenied</Code><Message>Refused by the policies</Message></Error>"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    """One condition. A missing key fails every operator but Null."""
    present = key.lower() in context
    if operator == "Null":
        return present != (wanted[0].lower() == "true")
    value = context.get(key.lower(), "")
    match operator:
        case "StringEquals" | "Bool":
            return present and value in wanted
        case "StringLike":
            return present and any(fnmatchcase(value, pattern) for pattern in wanted)
        case _:
            raise ValueError(f"the condition operator {operator} is not known here")


def concerns(statement: Statement, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether the statement speaks of this request."""
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, key, _list(wanted), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def allowed(statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, str]) -> bool:
    """IAM's answer."""
    effects = {
        statement["Effect"] for statement in statements if concerns(statement, action, resource, context)
    }
    return "Allow" in effects and "Deny" not in effects


def s3_request(environ: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """The action, the resource and the context of a path-style S3 request."""
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    context = {"aws:securetransport": "true"}
    if "HTTP_IF_NONE_MATCH" in environ:
        context["s3:if-none-match"] = environ["HTTP_IF_NONE_MATCH"]
    if "prefix" in query:
        context["s3:prefix"] = query["prefix"][0]
    method = environ["REQUEST_METHOD"]
    if key:
        read = "GetObjectVersion" if "versionId" in query else "GetObject"
        action = {
            "GET": read,
            "HEAD": read,
            "PUT": "PutObject",
            "POST": "PutObject",
            "DELETE": "DeleteObject",
        }[method]
    elif method == "POST":
        action = "DeleteObject"
    elif method in ("GET", "HEAD"):
        action = (
            "GetBucketLocation"
            if "location" in query
            else "ListBucketVersions"
            if "versions" in query
            else "ListBucket"
        )
    else:
        action = f"{method}Bucket"
    return f"s3:{action}", f"arn:aws:s3:::{bucket}{'/' + key if key else ''}", context


class PolicyGate:
    """Decides before moto does.

    identities: access key id → statements. A key that is not there is the administrator's.
    bucket: the bucket's own statements.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], bucket: list[Statement]) -> None:
        self._application, self.bucket = application, bucket
        self.identities: dict[str, list[Statement]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller = re.search(r"Credential=([^/]+)/\d+/[^/]+/s3/", environ.get("HTTP_AUTHORIZATION", ""))
        if caller and caller[1] in self.identities:
            action, resource, context = s3_request(environ)
            if not allowed([*self.identities[caller[1]], *self.bucket], action, resource, context):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"" if environ["REQUEST_METHOD"] == "HEAD" else REFUSED]
        return self._application(environ, start_response)
