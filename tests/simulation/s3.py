"""A simulated bucket, asked by boto3's methods: conditional puts, lost answers, late puts, refusals."""

from __future__ import annotations

from bisect import bisect_right, insort
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ReadTimeoutError

from stock_common.keys import parse
from stock_common.links import Link, from_metadata

from .engine import Violation, process
from .world import Fault, World

EPOCH = datetime.fromtimestamp(1_795_000_000, UTC)
TIMEOUT = 60.0


STRANGER = "a stranger"


class Stored(NamedTuple):
    body: bytes
    metadata: dict[str, str]
    etag: str
    modified: datetime
    by: str
    link: Link | None = None


class Bucket:
    """What is stored. `replaced` has the keys of links that a later put has overwritten."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held: dict[str, Stored] = {}
        self.names: list[str] = []
        self.replaced: list[str] = []
        self.strangers: set[str] = set()
        self.deleted: dict[str, Stored] = {}
        self.puts: list[tuple[float, str]] = []

    def put(self, key: str, body: bytes, metadata: dict[str, str], by: str) -> str:
        if key in self.held:
            self.replaced.append(key)
        else:
            insort(self.names, key)
        modified = EPOCH + timedelta(seconds=self.world.now)
        etag = f"etag{len(self.puts)}"
        self.puts.append((self.world.now, key))
        if by == STRANGER:
            self.strangers.add(key)
        try:
            link = None if by == STRANGER else from_metadata(parse(key), metadata)
        except ValueError as error:
            raise Violation(f"{by} has put no link: {error}") from None
        self.held[key] = Stored(body, metadata, etag, modified, by, link)
        return etag

    def ever(self, key: str) -> Stored:
        """The object, also one that was deleted by hand."""
        return self.held.get(key) or self.deleted[key]

    def remove(self, key: str) -> None:
        if self.held.pop(key, None):
            self.names.remove(key)


class Client:
    """The methods of boto3's client that ObjectStore calls."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket, self._world = bucket, bucket.world

    def put_object(self, **options: Any) -> dict[str, Any]:
        key, metadata = options["Key"], options["Metadata"]
        name, conditional = process().name, options.get("IfNoneMatch") == "*"

        def effect() -> dict[str, Any]:
            if conditional and key in self._bucket.held:
                raise error("PreconditionFailed", 412)
            etag = self._bucket.put(key, options["Body"], metadata, name)
            if self._world.story is not None:
                counts = {each: n for each, n in metadata.items() if n not in ("0", "-1")}
                self._world.say("S3", f"{name} has put {short(key)} {counts}")
            return {"ETag": f'"{etag}"'}

        return self._request("put", effect)

    def head_object(self, **options: Any) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            stored = self._bucket.held.get(options["Key"])
            if stored is None:
                raise error("404", 404)
            return {
                "ContentLength": len(stored.body) + 1,
                "ETag": f'"{stored.etag}"',
                "LastModified": stored.modified,
                "Metadata": stored.metadata,
            }

        return self._request("head", effect)

    def delete_object(self, **options: Any) -> dict[str, Any]:
        return self._request("delete", lambda: self._bucket.remove(options["Key"]) or {})

    def list_objects_v2(self, **options: Any) -> dict[str, Any]:
        return self._request("list", lambda: self._list(options["Prefix"], options))

    def _list(self, prefix: str, options: dict[str, Any]) -> dict[str, Any]:
        """All in one page. Only keys below `raw/` exist."""
        bucket = self._bucket
        start = options.get("StartAfter", "")
        first = bisect_right(bucket.names, start) if start > prefix else bisect_right(bucket.names, prefix)
        names = []
        for name in bucket.names[first:]:
            if not name.startswith(prefix):
                break
            names.append(name)
        if "Delimiter" in options:
            folders = {prefix + name[len(prefix) :].partition("/")[0] + "/" for name in names}
            return {"CommonPrefixes": [{"Prefix": each} for each in sorted(folders)]}
        held = [(name, bucket.held[name]) for name in names]
        return {
            "Contents": [
                {"Key": n, "Size": len(s.body) + 1, "ETag": f'"{s.etag}"', "LastModified": s.modified}
                for n, s in held
            ]
        }

    def _request(self, kind: str, effect: Any) -> dict[str, Any]:
        world = self._world
        fault = world.faults.get((kind, world.counts.get(kind, 0) + 1))
        if fault is not None and not world.calm and fault.name in REFUSALS:
            world.fault_of(kind)
            return self._refused(fault, kind, effect)
        return world.request(kind, effect, _timed_out, TIMEOUT)

    def _refused(self, fault: Fault, kind: str, effect: Any) -> dict[str, Any]:
        world = self._world
        world.say(process().name, f"{kind}: {fault.name}")
        world.sleep(world.latency())
        if fault.name == "conflict":
            raise error("ConditionalRequestConflict", 409)
        if fault.name == "5xx that stored":
            effect()
        elif fault.name == "5xx that stored, sent again":
            # botocore sends it again by itself.
            effect()
            return world.request(kind, effect, _timed_out, TIMEOUT)
        raise error("InternalError", 500)


REFUSALS = ("conflict", "5xx", "5xx that stored", "5xx that stored, sent again")


def error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "call")


def _timed_out() -> Exception:
    return ReadTimeoutError(endpoint_url="s3")


def short(key: str) -> str:
    """The end of a key, for a story."""
    parts = key.split("/")
    return "/".join([parts[2][-2:], parts[3][-1:], *parts[4:]]) if len(parts) > 6 else key
