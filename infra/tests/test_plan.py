"""What holds for every resource of either deployment, read off the plan."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import yaml
from conftest import INFRA, MONITORS, REGISTRY, SERVICES, Plan
from patterns import SECRET_NAME, SECRET_VALUE

from stock_common.topics import ALL

TAGS = {"Project": "stock-pipeline", "ManagedBy": "terraform"}


def test_every_resource_that_can_have_tags_has_ours(plan: Plan) -> None:
    bare = [
        address
        for address, values in plan.resources.items()
        if ("tags_all" in values or "tags_all" in plan.unknown[address])
        and not (values.get("tags_all") or {}).items() >= TAGS.items()
    ]
    assert not bare


def test_the_disks_have_the_tags_too(ec2: Plan) -> None:
    (host,) = ec2.of_type("aws_instance").values()
    assert host["root_block_device"][0]["tags"].items() >= TAGS.items()


def _texts(value: Any) -> list[str]:
    """Every text inside a planned value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_no_secret_stands_in_the_plan(plan: Plan) -> None:
    for address, values in plan.resources.items():
        for text in _texts(values):
            assert not SECRET_VALUE.search(text), address
    for name, output in plan.document["planned_values"]["outputs"].items():
        assert not any(SECRET_VALUE.search(text) for text in _texts(output.get("value"))), name


def test_secrets_are_empty_containers_and_msks_sign_in_is_write_only(ec2: Plan, ecs: Plan) -> None:
    assert not ec2.of_type("aws_secretsmanager_secret_version")
    versions = ecs.of_type("aws_secretsmanager_secret_version").values()
    assert len(versions) == len(SERVICES) + 1
    for version in versions:
        assert version["secret_string"] is None and version["secret_string_wo"] is None


def test_user_data_and_the_hosts_files_name_secrets_only(ec2: Plan) -> None:
    (host,) = ec2.of_type("aws_instance").values()
    text = host["user_data"]
    if not text.startswith("#!"):
        text = base64.b64decode(text).decode()
    assert not SECRET_NAME.search(text)
    objects = {values["key"]: values.get("content") for values in ec2.of_type("aws_s3_object").values()}
    compose = yaml.safe_load(objects["deploy/compose.yaml"])
    held = [
        name
        for service in compose["services"].values()
        for name in service["environment"]
        if SECRET_NAME.search(name)
    ]
    assert not held
    rows = [line.split("\t") for line in objects["deploy/secrets.tsv"].splitlines()]
    assert {(row[0], row[2], row[3]) for row in rows} == {
        ("producer", "ALPHA_VANTAGE_API_KEY", "stock-pipeline/alpha-vantage")
    }
    roles = dict(line.split("\t") for line in objects["deploy/identities.tsv"].splitlines())
    assert roles == {
        name: f"arn:aws:iam::123456789012:role/stock-pipeline-{name}-task-role"
        for name in ("auditor", "dashboard", "s3-sink", "sf-loader")
    }


def test_only_https_is_open_to_the_world_and_nothing_comes_in_by_default(ec2: Plan, ecs: Plan) -> None:
    for plan in (ec2, ecs):
        for address, rule in plan.of_type("aws_vpc_security_group_egress_rule").items():
            assert rule["cidr_ipv4"] != "0.0.0.0/0" or (rule["from_port"], rule["to_port"]) == (443, 443), (
                address
            )
        for address, rule in plan.of_type("aws_vpc_security_group_ingress_rule").items():
            assert rule["cidr_ipv4"] != "0.0.0.0/0" or (
                "load_balancer" in address and rule["to_port"] == 443
            ), address
        for group in plan.of_type("aws_security_group").values():
            assert not group.get("ingress") and not group.get("egress")
    assert not ec2.of_type("aws_vpc_security_group_ingress_rule")


def test_what_is_stored_is_encrypted(plan: Plan) -> None:
    for kind, name in (("aws_ebs_volume", "encrypted"), ("aws_efs_file_system", "encrypted")):
        assert all(values[name] for values in plan.of_type(kind).values())
    for host in plan.of_type("aws_instance").values():
        assert (
            host["root_block_device"][0]["encrypted"]
            and host["metadata_options"][0]["http_tokens"] == "required"
        )
    buckets = plan.of_type("aws_s3_bucket")
    assert len(buckets) == (2 if plan.of_type("aws_ecs_cluster") else 1)
    for kind in ("server_side_encryption_configuration", "versioning", "public_access_block", "policy"):
        assert len(plan.of_type(f"aws_s3_bucket_{kind}")) == len(buckets), kind
    for block in plan.of_type("aws_s3_bucket_public_access_block").values():
        assert all(
            block[name]
            for name in (
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            )
        )


def test_storage_expires_what_piles_up_and_takes_each_link_once(plan: Plan) -> None:
    rules = plan.resources["module.storage[0].aws_s3_bucket_lifecycle_configuration.data"]["rule"]
    # S3 refuses an expiration that is not later than a transition: there is none, and by default raw/ stays.
    assert not any(rule["transition"] or rule["id"] == "raw" for rule in rules)
    assert any(rule["noncurrent_version_expiration"] for rule in rules)
    (once,) = (
        statement
        for statement in plan.policy('module.storage[0].aws_s3_bucket_policy.this["data"]')
        if statement["Sid"] == "PutOnceUnderRaw"
    )
    assert (
        once["Effect"] == "Deny"
        and once["Action"] == "s3:PutObject"
        and once["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    )


def test_images_are_scanned_and_a_tag_never_moves(plan: Plan) -> None:
    repositories = plan.of_type("aws_ecr_repository")
    assert len(repositories) == len(plan.of_type("aws_ecr_lifecycle_policy")) == len(SERVICES)
    for values in repositories.values():
        assert values["image_tag_mutability"] == "IMMUTABLE" and values["image_scanning_configuration"] == [
            {"scan_on_push": True}
        ]


def test_msk_speaks_tls_and_signs_in(ecs: Plan) -> None:
    (cluster,) = ecs.of_type("aws_msk_cluster").values()
    assert cluster["kafka_version"] == "3.9.x" and cluster["number_of_broker_nodes"] == 3
    assert cluster["encryption_info"][0]["encryption_in_transit"][0] == {
        "client_broker": "TLS",
        "in_cluster": True,
    }
    assert (
        cluster["client_authentication"][0]["unauthenticated"] is False
        and cluster["client_authentication"][0]["sasl"][0]["scram"] is True
    )


def test_buckets_refuse_plain_http(plan: Plan) -> None:
    policies = plan.of_type("aws_s3_bucket_policy")
    assert len(policies) == len(plan.of_type("aws_s3_bucket"))
    for address in policies:
        (refusal,) = (part for part in plan.policy(address) if part["Sid"] == "TlsOnly")
        assert refusal["Effect"] == "Deny"
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_plain_http_to_the_dashboard_is_sent_to_https(ecs: Plan) -> None:
    found = {values["port"]: values for values in ecs.of_type("aws_lb_listener").values()}
    assert set(found) == {80, 443}
    (action,) = found[80]["default_action"]
    assert (action["type"], action["redirect"][0]["protocol"]) == ("redirect", "HTTPS")


def test_conditions_name_only_keys_that_the_caller_sends(ec2: Plan, ecs: Plan) -> None:
    """By AWS's documents: load balancers' logs and the start of a task come without a source account."""
    (writer,) = (
        part
        for part in ecs.policy('module.storage[0].aws_s3_bucket_policy.this["logs"]')
        if part["Sid"] == "WriteAlb"
    )
    assert "Condition" not in writer and writer["Resource"].endswith("-logs/alb/AWSLogs/123456789012/*")
    for address, role in ecs.of_type("aws_iam_role").items():
        (trust,) = json.loads(role["assume_role_policy"])["Statement"]
        assert ("Condition" in trust) == ("execution" not in address), address
    (host,) = (role for address, role in ec2.of_type("aws_iam_role").items() if "host" in address)
    assert "Condition" not in json.loads(host["assume_role_policy"])["Statement"][0]


def test_services_roll_back_and_only_spare_ones_run_on_spot(ecs: Plan) -> None:
    services = ecs.of_type("aws_ecs_service")
    assert sorted(values["name"] for values in services.values()) == sorted([*SERVICES, *MONITORS])
    for values in services.values():
        assert values["deployment_circuit_breaker"] == [{"enable": True, "rollback": True}]
        assert not values["network_configuration"][0]["assign_public_ip"]
    spot = {
        values["name"]
        for values in services.values()
        if values["capacity_provider_strategy"][0]["capacity_provider"] == "FARGATE_SPOT"
    }
    assert spot == {name for name, entry in REGISTRY.items() if entry["spot"]}
    (producer,) = (values for values in services.values() if values["name"] == "producer")
    assert (producer["deployment_minimum_healthy_percent"], producer["deployment_maximum_percent"]) == (
        0,
        100,
    )
    assert {
        values["resource_id"].rsplit("/", 1)[1]
        for values in ecs.of_type("aws_appautoscaling_target").values()
    } == {name for name, entry in REGISTRY.items() if entry["most_tasks"] > 1}


def test_the_hosts_topics_are_the_contracts() -> None:
    script = Path(INFRA, "scripts/setup_kafka.sh").read_text()
    table = re.search(r'^TOPICS="(.*?)"', script, re.S | re.M)
    assert table
    written = {tuple(line.split()) for line in table[1].splitlines()}
    days = {topic.name: 0 if topic.compacted else topic.retention_ms // 86_400_000 for topic in ALL}
    assert written == {(topic.name, str(topic.partitions), str(days[topic.name])) for topic in ALL}


def test_outputs_name_what_snowflake_needs(plan: Plan) -> None:
    outputs = {
        name: output.get("value") for name, output in plan.document["planned_values"]["outputs"].items()
    }
    assert outputs["snowflake_external_id"] == "example-external-id"
    assert outputs["snowflake_allowed_location"] == "s3://stock-pipeline-0a1b2c3d/raw/"
    assert not any(output["sensitive"] for output in plan.document["planned_values"]["outputs"].values())
    assert json.dumps(outputs)
