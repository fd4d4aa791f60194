"""The command `terraform` of test_whole_deployment.py, where the stand-in providers refuse to apply.

Everything is the real Terraform's but the step in which a provider makes a resource: apply and destroy plan,
put the planned values into the state as settle.py does, and plan again until nothing is left to make. The
last plan, which holds outputs only, is applied by Terraform. So targets, outputs, preconditions, conditions
of variables and the state are real. What deploy.sh asks AWS about is made there too when the plan is empty,
by the calls of api_calls.py.

    TERRAFORM=/usr/bin/terraform AWS_ENDPOINT_URL=http://127.0.0.1:5000 \\
        python applying.py -chdir=infra apply -auto-approve
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import api_calls
import boto3
import settle
from botocore import xform_name

MADE = (
    *("aws_s3_bucket", "aws_iam_role", "aws_ecr_repository", "aws_secretsmanager_secret"),
    *("aws_sns_topic", "aws_cloudwatch_log_group"),
    *("aws_ecs_cluster", "aws_ecs_task_definition", "aws_ecs_service", "aws_s3_object"),
)
"""Types that the recording AWS has too, in the order in which they are made. They name no id of another."""
WRITTEN = ("aws_s3_object", "aws_ecs_task_definition")
"""Of these, the types that a change writes again."""
SHOWN = {
    "aws_s3_bucket": {"id": "{bucket}"},
    "aws_iam_role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws_ecr_repository": {"repository_url": "123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}"},
    "aws_eip": {"public_ip": "198.51.100.8"},
}
"""Values that only AWS knows and that a person or a command reads. The others settle.py makes up."""
ROUNDS, NEWS = 10, 2
"""Applies at most, and the exit code of a plan that has changes."""
Values = Mapping[str, Any]


def main() -> int:
    words = sys.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    if command in {"apply", "destroy"}:
        return apply(Path(words[0].removeprefix("-chdir=")), command, words[words.index(command) + 1 :])
    return subprocess.run([os.environ["TERRAFORM"], *words]).returncode


def real(folder: Path, *words: str, quiet: bool = True, codes: tuple[int, ...] = (0,)) -> tuple[int, str]:
    done = subprocess.run(
        [os.environ["TERRAFORM"], f"-chdir={folder}", *words],
        stdout=subprocess.PIPE if quiet else None,
        text=True,
    )
    if done.returncode not in codes:
        raise SystemExit(done.returncode or 1)
    return done.returncode, done.stdout or ""


def apply(folder: Path, command: str, words: list[str]) -> int:
    before = instances(folder)
    code = settled(folder, command, words)
    if code == 0:
        call_aws(before, instances(folder))
    return code


def settled(folder: Path, command: str, words: list[str]) -> int:
    options = [word for word in words if word != "-auto-approve"]
    options += ["-destroy"] if command == "destroy" else []
    # The stand-ins know no more of a resource than the state does.
    plan = ("plan", "-no-color", "-refresh=false", "-detailed-exitcode", *options)
    with tempfile.TemporaryDirectory() as place:
        for _ in range(ROUNDS):
            code, text = real(folder, *plan, f"-out={place}/plan", codes=(0, NEWS))
            if code != NEWS:
                print(text)
                return 0
            document = json.loads(real(folder, "show", "-json", f"{place}/plan")[1])
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
    """Makes the plan's changes in the state."""
    kept = [change for change in document["resource_changes"] if change["change"]["after"] is not None]
    new = settle.state(document | {"resource_changes": kept}, schemas(folder, document))
    for resource in new["resources"]:
        for values in (instance["attributes"] for instance in resource["instances"]):
            values |= {name: form.format(**values) for name, form in SHOWN.get(resource["type"], {}).items()}
    before = state(folder) or new | {"serial": 0, "resources": []}
    touched = {change["address"] for change in document["resource_changes"]}
    others = [one for one in single(before["resources"]) if address(one) not in touched]
    resources = settle.merged([*others, *single(new["resources"])])
    after = before | {"serial": before["serial"] + 1, "resources": resources}
    (folder / "terraform.tfstate").write_text(json.dumps(after))


def state(folder: Path) -> dict[str, Any]:
    """Empty where nothing was applied. Terraform makes an empty file when it locks one that is not there."""
    path = folder / "terraform.tfstate"
    return json.loads(path.read_text() or "{}") if path.exists() else {}


def schemas(folder: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The schemas of what the plan changes. All of them are a hundred megabytes: what was read is kept."""
    path = Path(os.environ["INFRA_PLANS"], "schemas.json")
    found = json.loads(path.read_text()) if path.exists() else {}
    managed = [change for change in document["resource_changes"] if change["mode"] == "managed"]
    wanted = {(change["provider_name"], change["type"]) for change in managed}
    if missing := [
        pair for pair in wanted if pair[1] not in found.get(pair[0], {}).get("resource_schemas", {})
    ]:
        every = json.loads(real(folder, "providers", "schema", "-json")[1])["provider_schemas"]
        for provider, kind in missing:
            place = found.setdefault(provider, {}).setdefault("resource_schemas", {})
            place[kind] = every[provider]["resource_schemas"][kind]
        # Moved, so that a second test never reads half of it.
        (folder / "schemas.json").write_text(json.dumps(found))
        (folder / "schemas.json").replace(path)
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


def instances(folder: Path) -> dict[str, tuple[str, Values]]:
    """Address → type and values, as the state has them."""
    return {
        address(one): (one["type"], one["instances"][0]["attributes"])
        for one in single(state(folder).get("resources", []))
        if one["mode"] == "managed"
    }


def call_aws(before: dict[str, tuple[str, Values]], after: dict[str, tuple[str, Values]]) -> None:
    """Makes and deletes in AWS what one apply has made and deleted in the state."""
    for made in MADE:
        for place, (kind, values) in after.items():
            if kind == made and (place not in before or (kind in WRITTEN and before[place][1] != values)):
                make(kind, values)
    for made in reversed(MADE):
        for place, (kind, values) in before.items():
            if kind == made and place not in after:
                DELETED[kind](values)


def make(kind: str, values: Values) -> None:
    if kind == "aws_s3_object":
        body = values["content"].encode()
        client("s3").put_object(Bucket=values["bucket"], Key=values["key"], Body=body)
        return
    call = api_calls.CALLS[kind]
    given = api_calls.parameters(call, {name: value for name, value in values.items() if not made_up(value)})
    if kind == "aws_ecs_service":
        # The ARNs of its cluster and definition are ones that settle.py has made up. The names find them.
        name = values["name"]
        given = {"cluster": CLUSTER, "serviceName": name, "taskDefinition": f"{CLUSTER}-{name}"}
        given["desiredCount"] = values["desired_count"]
    getattr(client(call.service), xform_name(call.operation))(**given)


def made_up(value: Any) -> bool:
    """Whether settle.py has invented it, in place of a default that only AWS knows."""
    return str(value).startswith("made-")


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def delete_bucket(values: Values) -> None:
    """Terraform empties it where it may. S3 refuses to delete one that holds anything."""
    bucket = boto3.resource("s3", region_name="us-east-1").Bucket(values["bucket"])
    if values["force_destroy"]:
        bucket.object_versions.delete()
    bucket.delete()


def delete_secret(values: Values) -> None:
    days = values["recovery_window_in_days"]
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    client("secretsmanager").delete_secret(SecretId=values["name"], **how)


CLUSTER = "stock-pipeline"
DELETED: Mapping[str, Callable[[Values], object]] = {
    "aws_s3_bucket": delete_bucket,
    "aws_secretsmanager_secret": delete_secret,
    "aws_iam_role": lambda values: client("iam").delete_role(RoleName=values["name"]),
    "aws_ecr_repository": lambda values: client("ecr").delete_repository(
        repositoryName=values["name"], force=bool(values["force_delete"])
    ),
    "aws_sns_topic": lambda values: [
        client("sns").delete_topic(TopicArn=topic["TopicArn"])
        for topic in client("sns").list_topics()["Topics"]
        if topic["TopicArn"].endswith(f":{values['name']}")
    ],
    "aws_cloudwatch_log_group": lambda values: client("logs").delete_log_group(logGroupName=values["name"]),
    "aws_ecs_cluster": lambda values: client("ecs").delete_cluster(cluster=values["name"]),
    "aws_ecs_task_definition": lambda values: None,
    "aws_s3_object": lambda values: client("s3").delete_object(Bucket=values["bucket"], Key=values["key"]),
    "aws_ecs_service": lambda values: client("ecs").delete_service(
        cluster=CLUSTER, service=values["name"], force=True
    ),
}
"""Type → how it goes. ECS keeps the definitions of tasks."""

if __name__ == "__main__":
    raise SystemExit(main())
