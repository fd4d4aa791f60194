"""What goes through a stack's proxies: the vendor's calls, S3 requests, bytes, the warehouse's statements."""

from __future__ import annotations

import time
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from stock_stack.stack import Stack
from stock_testing.proxy import Counter, Request, Running

USERS = ("s3-sink", "sf-loader", "auditor", "dashboard")
QUERY = "/queries/v1/query-request"


class Phase(NamedTuple):
    """What was used from `begun` to `end` (monotonic seconds).

    calls: to the vendor. s3: requests of each service. sent: bytes of each service to S3. statements: when
    each service sent one to the warehouse.
    """

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
    listing = request.verb == "GET" and "list-type" in parse_qs(urlsplit(request.target).query)
    return "LIST" if listing else request.verb


def between(counter: Counter, begun: float, end: float) -> list[Request]:
    return [request for request in counter.requests if begun <= request.at < end]


class Meters:
    """Proxies to the S3 server and the local Snowflake, one of each a service, and to the market."""

    def __init__(self, stack: Stack) -> None:
        ports = stack.layout.ports
        self._s3 = {name: Running(Counter(ports["s3"])) for name in USERS}
        self._warehouse = {name: Running(Counter(ports["snowflake"])) for name in USERS}
        self._market = Running(Counter(ports["market"]))

    def environment(self, name: str) -> dict[str, str]:
        if name == "producer":
            return {"ALPHA_VANTAGE_URL": f"{self._market.url}/query"}
        return {"S3_ENDPOINT_URL": self._s3[name].url, "SNOWFLAKE_PORT": str(self._warehouse[name].port)}

    def phase(self, stack: Stack, name: str, seconds: float) -> Phase:
        """Waits for `seconds`. Returns what was used meanwhile."""
        begun, before = time.monotonic(), self._sent()
        while (now := time.monotonic()) < begun + seconds:
            stack.check()
            time.sleep(max(0.0, min(1.0, begun + seconds - now)))
        end = time.monotonic()
        warehouse = {user: between(running.proxy, begun, end) for user, running in self._warehouse.items()}
        return Phase(
            name,
            begun,
            end,
            len(between(self._market.proxy, begun, end)),
            {user: between(running.proxy, begun, end) for user, running in self._s3.items()},
            {user: sent - before[user] for user, sent in self._sent().items()},
            {
                user: [request.at for request in requests if request.target.startswith(QUERY)]
                for user, requests in warehouse.items()
            },
        )

    def _sent(self) -> dict[str, int]:
        return {user: running.proxy.bytes_up for user, running in self._s3.items()}

    def close(self) -> None:
        for running in (*self._s3.values(), *self._warehouse.values(), self._market):
            running.close()
