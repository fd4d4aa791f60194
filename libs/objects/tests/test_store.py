from __future__ import annotations

from typing import NamedTuple

import pytest

from stock_common.run import FatalError
from stock_objects.errors import Conflict, Exists, ObjectError, classify


class Case(NamedTuple):
    code: str
    status: int
    kind: type[Exception]
    says: str = ""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case("PreconditionFailed", 412, Exists), id="key taken"),
        pytest.param(Case("ConditionalRequestConflict", 409, Conflict), id="request in flight"),
        pytest.param(Case("NoSuchKey", 404, Conflict), id="vanished"),
        pytest.param(Case("404", 404, Conflict), id="head of nothing"),
        pytest.param(Case("NoSuchBucket", 404, FatalError, "S3_BUCKET"), id="no bucket"),
        pytest.param(Case("AccessDenied", 403, FatalError, "s3:PutObject"), id="denied"),
        pytest.param(Case("403", 403, FatalError, "s3:PutObject"), id="head denied"),
        pytest.param(
            Case("SignatureDoesNotMatch", 403, FatalError, "AWS_SECRET_ACCESS_KEY"), id="wrong secret"
        ),
        pytest.param(Case("ExpiredToken", 403, ObjectError), id="token is renewed by the chain"),
        pytest.param(Case("SlowDown", 503, ObjectError), id="throttled"),
        pytest.param(Case("InternalError", 500, ObjectError), id="server"),
    ],
)
def test_errors_are_classified(case: Case) -> None:
    error = classify(case.code, case.status, "s3:PutObject", "s3://bucket/key")
    assert type(error) is case.kind
    assert case.says in str(error)
