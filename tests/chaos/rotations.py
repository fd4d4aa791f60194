"""Passwords for Kafka and keys for Snowflake are replaced while everything else fails.

Even faults go by "Keys, without downtime" of docs/how-to/operations.md: the new one is valid before the
service has it, and the old one until it has. Odd ones take the old one away first, as after a leak, and every
connection that it opened. Then the service is signed out, must say so, and gets the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from snowflake.connector.errors import Error

from chaos.content import Outcome
from chaos.kafka_errors import silent
from chaos.lines import Mode
from chaos.links import BROKERS, Link
from chaos.plan import TARGETS, Fault, Kind
from chaos.rig import Rig
from chaos.supervisor import Supervisor
from chaos.waits import during, insist, until
from stock_common.run import FatalError
from stock_kafka.rights import grant
from stock_stack import ready
from stock_stack.database import connect, new_key
from stock_stack.layout import warehouse
from stock_stack.registry import services
from stock_stack.rights import revoke, set_password, users

HEAL_SECONDS = 150.0
CALL_MS = 6000
"""A broker that stands still is given up after it, and the next one is asked."""
CUT_SECONDS = 1.0
SIGNED_OUT = b"check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD."
SLOTS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")


class Rotations:
    """`clock` is monotonic seconds."""

    def __init__(
        self, rig: Rig, supervisor: Supervisor, outcome: Outcome, clock: Callable[[], float]
    ) -> None:
        self._rig, self._supervisor, self._outcome, self._clock = rig, supervisor, outcome, clock
        servers = {"bootstrap.servers": rig.layout.servers}
        config = servers | {"reconnect.backoff.max.ms": 500, "socket.timeout.ms": CALL_MS}
        self._admin = AdminClient(config, logger=silent)
        self._pool = ThreadPoolExecutor(4, "rotations")
        self._users: dict[str, str] = {}
        self._slots: dict[str, int] = {}

    def carry_out(self, fault: Fault) -> Iterator[None]:
        """The service's processes have the new one and are ready when it is done."""
        if fault.kind is Kind.KEY:
            yield from self._key(fault)
        else:
            yield from self._password(fault)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _password(self, fault: Fault) -> Iterator[None]:
        service, secret = fault.component, f"password {fault.number}"
        old = self._users.get(service, service)
        if fault.number % 2:
            sizes = {name: self._log(name).stat().st_size for name in _processes(service)}
            yield from self._insist(lambda: set_password(self._admin, old, secret))
            yield from self._cut(fault)
            yield from self._within(
                fault, lambda: self._complained(sizes), "nobody says that it is signed out"
            )
            yield from self._hand_over(fault, {"KAFKA_SASL_PASSWORD": secret})
            return
        new = self._users[service] = f"{service}-{fault.number}"
        rights = users()[service]
        yield from self._insist(lambda: set_password(self._admin, new, secret))
        yield from self._insist(lambda: grant(self._admin, [right._replace(user=new) for right in rights]))
        yield from self._hand_over(fault, {"KAFKA_SASL_USERNAME": new, "KAFKA_SASL_PASSWORD": secret})
        yield from self._insist(lambda: set_password(self._admin, old, "removed"))
        yield from self._insist(lambda: revoke(self._admin, [right._replace(user=old) for right in rights]))

    def _key(self, fault: Fault) -> Iterator[None]:
        """Each process has a token of its session, so that only a new session needs the key."""
        name = services()[fault.component].snowflake or ""
        account = warehouse(self._rig.layout, name)["SNOWFLAKE_USER"]
        file = Path(self._rig.layout.keys, f"{account}-{fault.number}.p8")
        public, slot = new_key(file), self._slots.get(account, 0)
        signs_in = {"SNOWFLAKE_PRIVATE_KEY_FILE": str(file)}
        if fault.number % 2:
            yield from self._administer(f"ALTER USER {account} SET {SLOTS[slot]} = '{public}'")
            yield from during(fault.seconds, self._clock)
            yield from self._hand_over(fault, signs_in)
            return
        self._slots[account] = 1 - slot
        yield from self._administer(f"ALTER USER {account} SET {SLOTS[1 - slot]} = '{public}'")
        yield from self._hand_over(fault, signs_in)
        yield from self._administer(f"ALTER USER {account} UNSET {SLOTS[slot]}")

    def _hand_over(self, fault: Fault, environment: Mapping[str, str]) -> Iterator[None]:
        """One process after the other is started again with it."""
        for name in _processes(fault.component):
            self._rig.stack.change(name, environment)
            yield from until(lambda name=name: self._supervisor.runs(name))
            yield from self._supervisor.restart(name)
            port = self._rig.layout.ports[f"{name}-metrics"]
            yield from self._within(
                fault, lambda port=port: ready.http_ok(port, "/readyz"), f"{name} is not ready"
            )

    def _cut(self, fault: Fault) -> Iterator[None]:
        links = [Link(name, broker) for name in _processes(fault.component) for broker in BROKERS]
        self._rig.proxies.begin(fault.number, links, Mode(Kind.CUT))
        yield from during(CUT_SECONDS, self._clock)
        self._rig.proxies.end(fault.number)

    def _complained(self, sizes: Mapping[str, int]) -> bool:
        return any(SIGNED_OUT in self._log(name).read_bytes()[size:] for name, size in sizes.items())

    def _log(self, name: str) -> Path:
        return self._rig.layout.log(name)

    def _within(self, fault: Fault, check: Callable[[], bool], otherwise: str) -> Iterator[None]:
        """Asks each second, in a thread."""
        end = self._clock() + HEAL_SECONDS
        while self._clock() < end:
            asked = self._pool.submit(check)
            yield from until(asked.done)
            if asked.result():
                return
            yield from during(1.0, self._clock)
        self._outcome.unhealed.append(f"fault {fault.number}, {fault.component} {fault.kind}: {otherwise}")

    def _administer(self, sql: str) -> Iterator[None]:
        def run() -> None:
            with connect(warehouse(self._rig.layout), login_timeout=10, network_timeout=10) as connection:
                connection.cursor().execute(sql)

        yield from self._insist(run)

    def _insist(self, call: Callable[[], None]) -> Iterator[None]:
        return insist(self._pool, call, (KafkaException, FatalError, Error, OSError), self._clock, pause=1.0)


def _processes(service: str) -> tuple[str, ...]:
    return TARGETS.get(service, (service,))
