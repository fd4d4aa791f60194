"""Kinds of S3 errors, by one pure function.

Source of the codes: Amazon S3 API reference, "Error responses", and S3 user guide, "Conditional requests".
"""

from __future__ import annotations

from stock_common.run import FatalError


class ObjectError(Exception):
    """The store did not do it now (network, throttling, 5xx): try again."""


class Exists(Exception):
    """A conditional put found the key taken (412)."""


class Conflict(Exception):
    """A conflicting request for the key is under way (409), or it vanished in between (404): try again."""


_FATAL = {
    "NoSuchBucket": "the bucket does not exist: create it or correct S3_BUCKET",
    "AccessDenied": "access is denied: grant {permission}",
    "AllAccessDisabled": "access is disabled: grant {permission}",
    "InvalidAccessKeyId": "the access key is unknown: correct AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret key is wrong: correct AWS_SECRET_ACCESS_KEY",
    "PermanentRedirect": "the bucket is in another region: correct AWS_REGION",
    "InvalidBucketName": "the bucket's name is not valid: correct S3_BUCKET",
    "AuthorizationHeaderMalformed": "the bucket is in another region: correct AWS_REGION",
}
_BY_STATUS = {403: "AccessDenied", 301: "PermanentRedirect"}


def classify(code: str, status: int, permission: str, place: str) -> Exception:
    """The exception for an error answer to a call that needs `permission` on `place`.

    `permission` is such as `s3:PutObject`, `place` is such as `s3://bucket/key`.
    412 is Exists, 409 and 404 are Conflict. What an operator must fix is a FatalError with the advice.
    The rest is an ObjectError, an expired token included: the credential chain renews it.
    """
    if code in ("PreconditionFailed", "412") or status == 412:
        return Exists(place)
    if code in _FATAL or (
        status in _BY_STATUS and code not in ("ExpiredToken", "RequestTimeTooSkewed", "RequestExpired")
    ):
        advice = _FATAL.get(code) or _FATAL[_BY_STATUS[status]]
        return FatalError(f"S3 refuses {place}: {advice.format(permission=permission)} ({code}).")
    if status in (404, 409):
        return Conflict(f"{place}: {code}")
    return ObjectError(f"{place}: {code} (HTTP {status})")
