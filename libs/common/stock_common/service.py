"""The shell of every service: log, stop flag, metrics and health, the work, the exit code.

Example, the whole main of a service:

    def work(context: Context[SinkSettings]) -> int:
        sink = build(context)
        return context.run(sink.step, sink.close)

    def main() -> int:
        settings = load_or_exit(SinkSettings)
        described = Service("s3-sink", settings.metrics_port, dependencies=("kafka", "s3"))
        return serve(described, settings, work)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs, uncaught
from stock_common.deadline import Deadline
from stock_common.health import STALLED_SECONDS, Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import Settings, public, refuse
from stock_common.version import __version__

EXIT_OK, EXIT_FAILED = 0, 1
S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Service:
    """What the shell has to know about a service.

    name: its name in the log.
    metrics_port: the port of /metrics, /healthz and /readyz.
    dependencies: the service is ready when `health.reached` was called with each of them.
    stalled_after: seconds without progress after which the service is unhealthy.
    log_file: the file's name under LOG_DIR (default: `<name>.log`).
    """

    name: str
    metrics_port: int
    dependencies: tuple[str, ...] = ()
    stalled_after: float = STALLED_SECONDS
    log_file: str | None = None


@dataclass(frozen=True)
class Context(Generic[S]):
    """What the shell hands to the service's work."""

    settings: S
    log: structlog.stdlib.BoundLogger
    stop: Stop
    registry: CollectorRegistry
    health: Health

    def run(self, step: Callable[[], None], close: Callable[[Deadline], None]) -> int:
        """Calls `step` until the stop, then `close`. Returns the exit code. See stock_common.run."""
        return run(step, close, self.health, self.stop, self.log)


def serve(service: Service, settings: S, work: Callable[[Context[S]], int]) -> int:
    """Runs `work` with a log, a stop flag on SIGTERM and SIGINT, and a metrics server. Returns the exit code.

    `work` builds the service and blocks until it has ended. /healthz and /readyz answer from before it begins
    until it has returned. Its exit code is returned. A FatalError from it is logged once and gives 1.
    Any other error is logged with its trace, secrets masked, and gives 1. One that ends a thread is logged
    too, and the service is unhealthy from then on.
    A port that is taken is logged in one sentence and gives 1. A LOG_DIR that cannot be written exits with 2.
    """
    try:
        log = logs.setup(service.name, settings, service.log_file)
    except OSError as error:
        refuse(f"The configuration has faults:\n  LOG_DIR cannot be written: {error}")
    health = Health(service.dependencies, service.stalled_after)
    uncaught.to_log(log, ended=health.failed)
    log.info("starting", version=__version__, settings=public(settings))
    stop = Stop()
    stop.install()
    context = Context(settings, log, stop, CollectorRegistry(), health)
    try:
        server = _metrics_server(service, context)
    except FatalError as error:
        log.error("cannot start", reason=str(error))
        return EXIT_FAILED
    try:
        return work(context)
    except FatalError as error:
        log.error("cannot start", reason=str(error))
        return EXIT_FAILED
    except Exception:
        # The interpreter would print the trace on stderr alone, with the secrets in it.
        log.exception("ended by an error")
        return EXIT_FAILED
    finally:
        server.close()


def _metrics_server(service: Service, context: Context[S]) -> MetricsServer:
    host, port = context.settings.metrics_host, service.metrics_port
    try:
        server = MetricsServer(host, port, context.registry, context.health)
    except OSError as error:
        raise FatalError(f"METRICS_PORT {port} on METRICS_HOST {host} cannot be used: {error}.") from None
    server.start()
    return server
