"""The rules of imports, as one configuration for import-linter: `python3 tests/import_rules.py > FILE`.

The rules between folders follow from the folders there are. The rules inside a folder stand in its own
pyproject.toml, under [tool.importlinter]. There a folder also names, under [tool.stock.adapters], which of
its modules may import the client of a system outside.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("requests", "boto3", "botocore", "confluent_kafka", "snowflake")
"""Clients of the systems outside."""
Contract = dict[str, Any]


def projects(place: str) -> dict[str, dict[str, Any]]:
    """Package → its pyproject.toml, for each package in the folders of `place`."""
    return {
        f"stock_{path.parent.name.replace('-', '_')}": tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / place).glob("*/pyproject.toml"))
    }


def between_folders(services: list[str], libs: list[str], local: list[str]) -> Iterator[Contract]:
    adapters = [lib for lib in libs if lib != "stock_common"]
    yield {"name": "Services never import each other", "type": "independence", "modules": services}
    yield {
        "name": "Services and libs never import what is local",
        "type": "forbidden",
        "source_modules": [*services, *libs],
        "forbidden_modules": local,
    }
    yield {
        "name": "Libs import no service, and no other lib but stock_common",
        "type": "layers",
        "layers": [" | ".join([*services, *local]), " | ".join(adapters), "stock_common"],
    }
    yield {
        "name": "Only tests import what serves tests",
        "type": "forbidden",
        "source_modules": [*services, *local, "stock_common"],
        "forbidden_modules": ["stock_kafka.testing", "stock_objects.testing"],
    }


def outside(package: str, project: dict[str, Any]) -> Contract:
    """Only the adapters that the package names import a client."""
    named = project.get("tool", {}).get("stock", {}).get("adapters", {})
    return {
        "name": f"Only adapters of {package} speak to the systems outside",
        "type": "forbidden",
        "allow_indirect_imports": True,
        "source_modules": [package],
        "forbidden_modules": list(OUTSIDE),
        "ignore_imports": [f"{package}.{module} -> {client}" for client in named for module in named[client]],
    }


def value(item: Any) -> str:
    """JSON's strings, lists and booleans are TOML's too."""
    return json.dumps(item, ensure_ascii=False)


def main() -> None:
    services, libs, local = projects("services"), projects("libs"), projects("local")
    every = {**services, **libs, **local}
    contracts = list(between_folders(list(services), list(libs), list(local)))
    contracts += [outside(package, project) for package, project in services.items()]
    for project in every.values():
        contracts += project.get("tool", {}).get("importlinter", {}).get("contracts", [])
    print(f"[tool.importlinter]\nroot_packages = {value(list(every))}\ninclude_external_packages = true")
    for contract in contracts:
        print("\n[[tool.importlinter.contracts]]")
        print("\n".join(f"{key} = {value(item)}" for key, item in contract.items()))


if __name__ == "__main__":
    sys.exit(main())
