"""A sixth service, `echo`, as docs/how-to/add-a-service.md has a person write it: for test_new_service.py."""

from __future__ import annotations

from pathlib import Path

PORT = 9106

FOLDER = {
    "pyproject.toml": """\
[project]
name = "stock-echo"
version = "0"  # the product has one version: stock_common.version
description = "Does nothing, visibly"
requires-python = ">=3.11"
dependencies = ["stock-common"]

[project.scripts]
stock-echo = "stock_echo.__main__:main"

[tool.uv.sources]
stock-common = { path = "../../libs/common", editable = true }

[build-system]
requires = ["uv_build>=0.13.9,<0.14"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""
module-name = "stock_echo"

[[tool.importlinter.contracts]]
name = "The rooms of echo"
type = "layers"
containers = ["stock_echo"]
layers = ["__main__", "config | metrics"]
exhaustive = true
""",
    "requirements.txt": "",  # as services/s3-sink has it
    "Dockerfile": """\
FROM python:3.12.15-slim-trixie
COPY services/echo/requirements.txt /tmp/requirements.txt
RUN pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt
COPY libs/common/stock_common /app/src/stock_common
COPY services/echo/stock_echo /app/src/stock_echo
ENV PYTHONPATH=/app/src METRICS_HOST=0.0.0.0
USER 10001:10001
EXPOSE 9106
CMD ["python", "-m", "stock_echo"]
""",
    "targets.yml": '- targets: ["echo:9106"]\n  labels: { job: echo }\n',
    "README.md": """\
# Echo

Counts its own loop.

## Where is what

| Module | What it does |
|---|---|
| `__main__`, `config`, `metrics` | the command, its settings, its metrics |

## Configuration

| Variable | Default | |
|---|---|---|
| `METRICS_PORT` | 9106 | port of /metrics, /healthz and /readyz |
| `METRICS_HOST` | 127.0.0.1 | address that they listen on |
| `LOG_LEVEL` | INFO | least level that is logged |
| `LOG_DIR` | | directory of a rotated log file |

| Metric | |
|---|---|
| `stock_echo_rounds_total` | rounds of the loop |
""",
    "stock_echo/__init__.py": '"""Counts its own loop."""\n',
    "stock_echo/config.py": '''\
"""Echo's settings."""

from pydantic import Field

from stock_common.settings import Port, Settings


class EchoSettings(Settings):
    metrics_port: Port = Field(9106, description="Port of /metrics, /healthz and /readyz.")
''',
    "stock_echo/metrics.py": '''\
"""Echo's metrics."""

from prometheus_client import CollectorRegistry

from stock_common.metrics import Factory


class Metrics:
    """Made once for a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rounds = Factory(registry, "stock_echo").counter("rounds", "Rounds of the loop.")


def register_all(registry: CollectorRegistry) -> None:
    """Makes every metric of the service on `registry`."""
    Metrics(registry)
''',
    "stock_echo/__main__.py": '''\
"""`stock-echo`: counts its own loop."""

from stock_common import cli
from stock_common.service import Context, Service, serve
from stock_common.settings import load_or_exit
from stock_echo.config import EchoSettings
from stock_echo.metrics import Metrics


def main() -> int:
    cli.parser("stock-echo", "Counts its own loop.", "").parse_args()
    settings = load_or_exit(EchoSettings)
    return serve(Service("echo", settings.metrics_port), settings, _work)


def _work(context: Context[EchoSettings]) -> int:
    metrics = Metrics(context.registry)

    def step() -> None:
        metrics.rounds.inc()
        context.stop.wait(0.1)

    return context.run(step, lambda deadline: None)


if __name__ == "__main__":
    raise SystemExit(main())
''',
}
TARGETS = "      - ./services/echo/targets.yml:/etc/prometheus/targets/echo.yml:ro\n"
REGISTRY = f"""
echo:
  log_file: echo.log
  metrics_port: {PORT}
  needs: [topics]
  stop_rank: 3
  cpu: 256
  memory: 512
  host_memory: 128
  most_tasks: 1
  spot: true
  state: false
  s3: none
"""
COMPOSE = f"""\
  echo:
    <<: *pipeline
    image: stock-echo:local
    build: {{ <<: *build, dockerfile: services/echo/Dockerfile }}
    environment:
      <<: [*common]
      METRICS_PORT: {PORT}
    mem_limit: 128m

"""
ROW = "| [services/echo](services/echo/README.md) | counts its own loop | 9106 | `stock-echo` |\n"


def insert_before(path: Path, mark: str, text: str) -> None:
    before, found, after = path.read_text().partition(mark)
    assert found, f"{path.name} has no {mark!r}"
    path.write_text(before + text + found + after)


def add(tree: Path) -> None:
    """What a person does to add the service to the tree."""
    folder = tree / "services" / "echo"
    for name, text in FOLDER.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text or (tree / "services" / "s3-sink" / name).read_text())
    with (tree / "services.yaml").open("a") as registry:
        registry.write(REGISTRY)
    insert_before(tree / "compose.yaml", "  prometheus:\n", COMPOSE)
    insert_before(tree / "compose.yaml", "      - prometheus-data:/prometheus\n", TARGETS)
    insert_before(tree / "README.md", "| [services/auditor]", ROW)
