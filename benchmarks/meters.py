"""What goes through a stack's relays in a stretch of time: calls to the vendor, S3 requests by verb, bytes, statements to the warehouse."""

from __future__ import annotations

import time
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from wiretap import Request, Wiretap

from stock_stack.stack import Stack

USERS = ("s3-sink", "sf-loader", "auditor", "dashboard")
QUERY = "/queries/v1/query-request"


class Phase(NamedTuple):
    """From `begun` to `end` (monotonic): calls to the vendor, each service's S3 requests, the bytes it sent, and when it asked the warehouse."""

    name: str
    begun: float
    end: float
    calls: int
    s3: dict[str, list[Request]]
    sent: dict[str, int]
    statements: dict[str, list[float]]

    @property
    def seconds(self) -> float:
        return self.end - self.begun

    @property
    def asked(self) -> list[float]:
        """The times of all statements."""
        return [at for times in self.statements.values() for at in times]

    def count(self, name: str, kind: str) -> int:
        return sum(verb(request) == kind for request in self.s3[name])


def verb(request: Request) -> str:
    """PUT, GET, HEAD, DELETE, or LIST for a GET with list-type."""
    return "LIST" if request.verb == "GET" and "list-type" in parse_qs(urlsplit(request.target).query) else request.verb


class Meters:
    """Relays: to the S3 server and the local Snowflake for each service, and to the market."""

    def __init__(self, stack: Stack) -> None:
        ports = stack.site.ports
        self.s3 = {name: Wiretap(ports["s3"]) for name in USERS}
        self.warehouse = {name: Wiretap(ports["snowflake"]) for name in USERS}
        self.market = Wiretap(ports["market"])

    def environment(self, name: str) -> dict[str, str]:
        if name == "producer":
            return {"ALPHA_VANTAGE_URL": f"{self.market.url}/query"}
        return {"S3_ENDPOINT_URL": self.s3[name].url, "SNOWFLAKE_PORT": str(self.warehouse[name].port)}

    def phase(self, stack: Stack, name: str, seconds: float) -> Phase:
        """Waits so long, and says what was used meanwhile."""
        begun, before = time.monotonic(), {user: tap.bytes_up for user, tap in self.s3.items()}
        while (now := time.monotonic()) < begun + seconds:
            stack.check()
            time.sleep(max(0.0, min(1.0, begun + seconds - now)))
        end = time.monotonic()
        return Phase(
            name,
            begun,
            end,
            sum(begun <= request.at < end for request in self.market.requests),
            {user: [request for request in tap.requests if begun <= request.at < end] for user, tap in self.s3.items()},
            {user: tap.bytes_up - before[user] for user, tap in self.s3.items()},
            {user: [r.at for r in tap.requests if begun <= r.at < end and r.target.startswith(QUERY)] for user, tap in self.warehouse.items()},
        )

    def close(self) -> None:
        for tap in (*self.s3.values(), *self.warehouse.values(), self.market):
            tap.close()
