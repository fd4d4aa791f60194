"""The command `terraform` of test_whole_deployment.py, where the stand-in providers refuse to apply.

Everything is the real Terraform's but the step in which a provider makes a resource: apply plans, puts the
planned values into the state as settle.py does, and plans again until nothing is left to make. The last plan,
which holds outputs only, is applied by Terraform. So targets, outputs, preconditions, conditions
of variables and the state are real. What deploy.sh asks AWS about is made there too, by the calls of
api_calls.py.

    TERRAFORM=/usr/bin/terraform AWS_ENDPOINT_URL=http://127.0.0.1:5000 \\
        python applying.py -chdir=infra apply -auto-approve
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import api_calls
import boto3
import settle
from botocore import xform_name

MADE = ("aws_s3_bucket", "aws_iam_role", "aws_ecr_repository", "aws_secretsmanager_secret")
"""Types that moto has too. They name no id of another."""
SHOWN = {
    "aws_iam_role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws_ecr_repository": {"repository_url": "123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}"},
    "aws_eip": {"public_ip": "198.51.100.8"},
}
"""Values that only AWS knows and that a person or a command reads. The others settle.py makes up."""
ROUNDS = 10


def main() -> int:
    words = sys.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    if command == "apply":
        return apply(Path(words[0].removeprefix("-chdir=")), words[words.index(command) + 1 :])
    return subprocess.run([os.environ["TERRAFORM"], *words]).returncode


def real(folder: Path, *words: str, quiet: bool = True) -> str:
    done = subprocess.run(
        [os.environ["TERRAFORM"], f"-chdir={folder}", *words],
        stdout=subprocess.PIPE if quiet else None,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout or ""


def apply(folder: Path, words: list[str]) -> int:
    options = [word for word in words if word != "-auto-approve"]
    with tempfile.TemporaryDirectory() as place:
        out = f"-out={place}/plan"
        for _ in range(ROUNDS):
            # The stand-ins know no more of a resource than the state does.
            text = real(folder, "plan", "-no-color", "-refresh=false", out, *options)
            document = json.loads(real(folder, "show", "-json", f"{place}/plan"))
            if not settle.changed(document):
                real(folder, "apply", "-no-color", f"{place}/plan", quiet=False)
                return 0
            if "-auto-approve" not in words:
                print(f"{text}\nTerraform would ask now.", file=sys.stderr)
                return 1
            print(next(line for line in text.splitlines() if line.startswith("Plan: ")), flush=True)
            carry_out(folder, document)
    print(f"still changed after {ROUNDS} applies: {settle.changed(document)}", file=sys.stderr)
    return 1


def carry_out(folder: Path, document: dict[str, Any]) -> None:
    """Makes the plan's changes in AWS and in the state."""
    new = settle.state(document, schemas(folder, document))
    for resource in new["resources"]:
        for values in (instance["attributes"] for instance in resource["instances"]):
            values |= {name: form.format(**values) for name, form in SHOWN.get(resource["type"], {}).items()}
    call_aws(document)
    path = folder / "terraform.tfstate"
    before = json.loads(path.read_text()) if path.exists() else new | {"serial": 0, "resources": []}
    touched = {change["address"] for change in document["resource_changes"]}
    others = [one for one in single(before["resources"]) if address(one) not in touched]
    state = before | {"serial": before["serial"] + 1}
    path.write_text(json.dumps(state | {"resources": settle.merged([*others, *single(new["resources"])])}))


def schemas(folder: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The schemas of what the plan changes. All of them are a hundred megabytes: what was read is kept."""
    path = Path(os.environ["INFRA_PLANS"], "schemas.json")
    found = json.loads(path.read_text()) if path.exists() else {}
    managed = [change for change in document["resource_changes"] if change["mode"] == "managed"]
    wanted = {(change["provider_name"], change["type"]) for change in managed}
    if missing := [
        pair for pair in wanted if pair[1] not in found.get(pair[0], {}).get("resource_schemas", {})
    ]:
        every = json.loads(real(folder, "providers", "schema", "-json"))["provider_schemas"]
        for provider, kind in missing:
            place = found.setdefault(provider, {}).setdefault("resource_schemas", {})
            place[kind] = every[provider]["resource_schemas"][kind]
        path.write_text(json.dumps(found))
    return found


def single(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry an instance."""
    return [one | {"instances": [instance]} for one in resources for instance in one["instances"]]


def address(one: Mapping[str, Any]) -> str:
    (instance,) = one["instances"]
    mode = "data." if one["mode"] == "data" else ""
    index = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
    return (
        ".".join(part for part in (one.get("module", ""), f"{mode}{one['type']}", one["name"]) if part)
        + index
    )


def call_aws(document: dict[str, Any]) -> None:
    for change in document["resource_changes"]:
        if change["type"] in MADE and change["change"]["actions"] == ["create"]:
            call = api_calls.CALLS[change["type"]]
            given = api_calls.parameters(call, change["change"]["after"])
            client = boto3.client(call.service, region_name="us-east-1")
            getattr(client, xform_name(call.operation))(**given)


if __name__ == "__main__":
    raise SystemExit(main())
