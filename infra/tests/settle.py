"""Whether a plan is empty after an apply: the planned values become the state of a second plan.

What only AWS knows (ids, ARNs) is invented, and what follows from it is known in the next plan. Plans follow
until one changes nothing. A value that is new each time (a clock, an unstable order) never gets there.

    python tests/settle.py --chdir infra --var-file tests/ecs.tfvars \\
        --out ecs.settled.json --state ecs.tfstate
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

ROUNDS = 8
"""The depth of dependent values, with room. Four are enough today."""


def terraform(folder: str, *words: str) -> str:
    done = subprocess.run(
        ["terraform", f"-chdir={folder}", *words], capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"terraform {words[0]}:\n{done.stderr}")
    return done.stdout


def invented(address: str, name: str, kind: Any) -> Any:
    """A value of the type `kind` (as the provider's schema writes it) that is the same each time."""
    number = zlib.crc32(f"{address}.{name}".encode())
    match kind:
        case "number":
            return 1
        case "bool":
            return False
        case ["map", _] | ["object", _]:
            return {}
        case ["list" | "set", inner]:
            return [invented(address, f"{name}.0", inner)] if inner == "string" else []
    return (
        f"arn:aws:made:us-east-1:123456789012:up/{number:08x}"
        if name.endswith("arn")
        else f"made-{number:08x}"
    )


def _member(schema: dict[str, Any], key: str) -> dict[str, Any]:
    """An element of an attribute that is an object or a map."""
    match schema.get("type"):
        case ["object", members]:
            return {"type": members[key]}
        case ["map", inner]:
            return {"type": inner}
    return {}


def filled(value: Any, unknown: Any, schema: dict[str, Any], address: str, name: str = "") -> Any:
    """`value` with an invented value for everything that `unknown` marks.

    schema: the block's. A part without a schema counts as text.
    """
    attributes, blocks = schema.get("attributes", {}), schema.get("block_types", {})
    if unknown is True:
        return invented(address, name, schema.get("type", "string"))
    if isinstance(unknown, dict) and unknown:
        found = dict(value or {})
        for key, mark in unknown.items():
            inner = attributes.get(key) or blocks.get(key, {}).get("block") or _member(schema, key)
            found[key] = filled(found.get(key), mark, inner, address, f"{name}.{key}".lstrip("."))
        return found
    if isinstance(unknown, list) and unknown:
        # The elements of a list of texts have its type. Those of a block have the block's schema.
        inner = {"type": schema["type"][1]} if "type" in schema else schema
        items = value or [None] * len(unknown)
        return [
            filled(item, mark, inner, address, f"{name}.{at}")
            for at, (item, mark) in enumerate(zip(items, unknown, strict=True))
        ]
    return value


def state(document: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The state after an apply of the plan, in Terraform's format 4."""
    resources = []
    for change in document["resource_changes"]:
        if change["mode"] != "managed":
            continue
        kind = schemas[change["provider_name"]]["resource_schemas"][change["type"]]
        values = filled(
            change["change"]["after"], change["change"]["after_unknown"], kind["block"], change["address"]
        )
        instance = {"schema_version": kind["version"], "attributes": values, "sensitive_attributes": []}
        if "index" in change:
            instance["index_key"] = change["index"]
        resources.append(
            {
                "mode": "managed",
                "type": change["type"],
                "name": change["name"],
                "provider": f'provider["{change["provider_name"]}"]',
                "instances": [instance],
            }
            | ({"module": change["module_address"]} if "module_address" in change else {})
        )
    return {
        "version": 4,
        "terraform_version": document["terraform_version"],
        "serial": 1,
        "lineage": "settle",
        "outputs": {},
        "resources": merged(resources),
    }


def merged(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a resource, with all of its instances."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for resource in resources:
        key = (resource.get("module", ""), resource["type"], resource["name"])
        if key in found:
            found[key]["instances"] += resource["instances"]
        else:
            found[key] = resource
    return list(found.values())


def changed(document: dict[str, Any]) -> dict[str, list[str]]:
    """Address → what is done to it, where anything is."""
    return {
        change["address"]: change["change"]["actions"]
        for change in document.get("resource_changes", [])
        if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]
    }


def plan(folder: str, place: Path, *options: str) -> dict[str, Any]:
    out = place.with_suffix(".tfplan")
    terraform(
        folder,
        "plan",
        "-input=false",
        "-lock=false",
        "-refresh=false",
        f"-state={place}",
        f"-out={out}",
        *options,
    )
    return json.loads(terraform(folder, "show", "-json", str(out)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Plans until a plan changes nothing.",
        epilog=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--chdir", required=True, help="folder of the configuration, initialised")
    parser.add_argument("--var-file", required=True, help="its variables")
    parser.add_argument("--state", required=True, type=Path, help="where the made-up state is left")
    parser.add_argument("--out", required=True, type=Path, help="where the last plan is left, as JSON")
    given = parser.parse_args()
    schemas = json.loads(terraform(given.chdir, "providers", "schema", "-json"))["provider_schemas"]
    place, options = given.state.resolve(), (f"-var-file={given.var_file}",)
    place.unlink(missing_ok=True)
    for count in range(ROUNDS):
        document = plan(given.chdir, place, *options)
        changes = changed(document)
        if not changes:
            given.out.write_text(json.dumps(document))
            resources = len(document["resource_changes"])
            print(f"after {count} applies the plan changes nothing: {resources} resources")
            return 0
        place.write_text(json.dumps(state(document, schemas)))
    print(f"still changed after {ROUNDS} applies: {changes}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
