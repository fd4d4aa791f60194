"""The API call that makes each type of resource, and what botocore's model says about planned values."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.session import get_session


class Call(NamedTuple):
    """The operation. `names`: parameter → attribute, where that is not its name in snake case.
    `given`: parameters that the provider adds by itself."""

    service: str
    operation: str
    names: Mapping[str, str] = {}
    given: tuple[str, ...] = ()

    @property
    def model(self) -> OperationModel:
        return _service(self.service).operation_model(self.operation)


CALLS = {
    "aws_appautoscaling_policy": Call("application-autoscaling", "PutScalingPolicy", {"PolicyName": "name"}),
    "aws_appautoscaling_target": Call("application-autoscaling", "RegisterScalableTarget"),
    "aws_cloudwatch_log_group": Call("logs", "CreateLogGroup", {"logGroupName": "name"}),
    "aws_cloudwatch_log_metric_filter": Call(
        "logs",
        "PutMetricFilter",
        {
            "filterName": "name",
            "filterPattern": "pattern",
            "metricTransformations": "metric_transformation",
            "metricName": "name",
            "metricNamespace": "namespace",
            "metricValue": "value",
        },
    ),
    "aws_cloudwatch_metric_alarm": Call("cloudwatch", "PutMetricAlarm", {"Metrics": "metric_query"}),
    "aws_ebs_volume": Call("ec2", "CreateVolume", {"VolumeType": "type"}),
    "aws_ecr_lifecycle_policy": Call(
        "ecr", "PutLifecyclePolicy", {"repositoryName": "repository", "lifecyclePolicyText": "policy"}
    ),
    "aws_ecr_repository": Call("ecr", "CreateRepository", {"repositoryName": "name"}),
    "aws_ecs_cluster": Call("ecs", "CreateCluster", {"clusterName": "name", "settings": "setting"}),
    "aws_ecs_cluster_capacity_providers": Call(
        "ecs",
        "PutClusterCapacityProviders",
        {"cluster": "cluster_name"},
        ("defaultCapacityProviderStrategy",),
    ),
    "aws_ecs_service": Call("ecs", "CreateService", {"serviceName": "name"}),
    "aws_ecs_task_definition": Call("ecs", "RegisterTaskDefinition", {"volumes": "volume"}),
    "aws_efs_access_point": Call("efs", "CreateAccessPoint", given=("ClientToken",)),
    "aws_efs_backup_policy": Call("efs", "PutBackupPolicy"),
    "aws_efs_file_system": Call("efs", "CreateFileSystem", given=("CreationToken",)),
    "aws_eip": Call("ec2", "AllocateAddress"),
    "aws_flow_log": Call(
        "ec2", "CreateFlowLogs", {"DeliverLogsPermissionArn": "iam_role_arn"}, ("ResourceIds", "ResourceType")
    ),
    "aws_iam_instance_profile": Call("iam", "CreateInstanceProfile", {"InstanceProfileName": "name"}),
    "aws_iam_role": Call(
        "iam", "CreateRole", {"RoleName": "name", "AssumeRolePolicyDocument": "assume_role_policy"}
    ),
    "aws_iam_role_policy": Call(
        "iam", "PutRolePolicy", {"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"}
    ),
    "aws_instance": Call("ec2", "RunInstances", {"ImageId": "ami"}, ("MinCount", "MaxCount")),
    "aws_kms_alias": Call("kms", "CreateAlias", {"AliasName": "name"}),
    "aws_kms_key": Call("kms", "CreateKey"),
    "aws_lb": Call("elbv2", "CreateLoadBalancer", {"Type": "load_balancer_type"}),
    "aws_lb_listener": Call(
        "elbv2", "CreateListener", {"DefaultActions": "default_action", "RedirectConfig": "redirect"}
    ),
    "aws_lb_listener_rule": Call(
        "elbv2", "CreateRule", {"Actions": "action", "Conditions": "condition"}, ("Priority",)
    ),
    "aws_lb_target_group": Call("elbv2", "CreateTargetGroup"),
    "aws_msk_cluster": Call("kafka", "CreateCluster", {"CloudWatchLogs": "cloudwatch_logs"}),
    "aws_msk_configuration": Call("kafka", "CreateConfiguration"),
    "aws_s3_bucket": Call("s3", "CreateBucket"),
    "aws_secretsmanager_secret": Call("secretsmanager", "CreateSecret"),
    "aws_security_group": Call("ec2", "CreateSecurityGroup", {"GroupName": "name"}),
    "aws_service_discovery_private_dns_namespace": Call("servicediscovery", "CreatePrivateDnsNamespace"),
    "aws_service_discovery_service": Call("servicediscovery", "CreateService"),
    "aws_sns_topic": Call("sns", "CreateTopic"),
    "aws_sns_topic_subscription": Call("sns", "Subscribe"),
    "aws_subnet": Call("ec2", "CreateSubnet"),
    "aws_volume_attachment": Call("ec2", "AttachVolume", {"Device": "device_name"}),
    "aws_vpc": Call("ec2", "CreateVpc"),
    "aws_vpc_endpoint": Call("ec2", "CreateVpcEndpoint"),
}

LEFT_OUT = {
    *("aws_route", "aws_route_table", "aws_route_table_association", "aws_internet_gateway"),
    *("aws_eip_association", "aws_nat_gateway", "aws_efs_mount_target", "aws_default_security_group"),
    *("aws_msk_single_scram_secret_association", "aws_secretsmanager_secret_version"),
    # Ids of other resources are all that these take. What follows has another form in the API.
    *("aws_budgets_budget", "aws_secretsmanager_secret_policy", "aws_sns_topic_policy", "aws_s3_object"),
    *(
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
        "random_id",
        "random_uuid",
    ),
}
"""Types without a row above. Those of aws_s3_bucket_* are, too: S3 takes them as XML of another shape."""


@functools.cache
def _service(name: str) -> Any:
    return get_session().get_service_model(name)


def faults(kind: str, values: Mapping[str, Any], unknown: Mapping[str, Any]) -> list[str]:
    """What the model refuses of the planned `values`. What only an apply knows counts as given."""
    call = CALLS[kind]
    shape = call.model.input_shape
    found = _members(call, shape, values, unknown)
    absent = set(shape.required_members) - set(found) - set(call.given)
    return [f"{name} is missing" for name in sorted(absent)] + list(_refused(shape, found, call.operation))


def parameters(call: Call, values: Mapping[str, Any]) -> dict[str, Any]:
    """The call's parameters, as far as they are known, without tags."""
    found = _members(call, call.model.input_shape, values, {})
    return {name: value for name, value in found.items() if value is not ... and name.lower() != "tags"}


def _members(
    call: Call, shape: Shape, values: Mapping[str, Any], unknown: Mapping[str, Any] | bool
) -> dict[str, Any]:
    """The structure's members that the plan gives. `...` stands for what is not known yet."""
    found = {}
    for member, inner in shape.members.items():
        names = [call.names[member]] if member in call.names else []
        for name in (*names, xform_name(member), member):
            marked = unknown.get(name) if isinstance(unknown, Mapping) else None
            if marked is True:
                found[member] = ...
            elif values.get(name) not in (None, [], {}, ""):
                found[member] = _value(call, inner, values[name], marked)
            else:
                continue
            break
    return found


def _value(call: Call, shape: Shape, value: Any, unknown: Any) -> Any:
    """A planned value in the API's form. A block of Terraform's is a list of one."""
    kind = shape.type_name
    if isinstance(value, str) and kind in {"list", "structure"}:
        try:
            value = json.loads(value)
        except ValueError:
            return ...
    if kind == "structure":
        block, mark = (value, unknown) if isinstance(value, dict) else _first(value, unknown)
        return _members(call, shape, block, mark) if isinstance(block, dict) else ...
    if kind == "list":
        marks = unknown if isinstance(unknown, list) else [unknown] * len(value)
        pairs = zip(value, marks, strict=False) if isinstance(value, list) else [(value, unknown)]
        return [_value(call, shape.member, item, mark) for item, mark in pairs if item is not None]
    if kind in {"integer", "long"} and str(value).lstrip("-").isdigit():
        return int(value)
    return value


def _first(value: Any, unknown: Any) -> tuple[Any, Any]:
    mark = unknown[0] if isinstance(unknown, list) and unknown else unknown
    return (value[0], mark) if isinstance(value, list) and value else (value, mark)


def _refused(shape: Shape, value: Any, place: str) -> Iterator[str]:
    if value is ...:
        return
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield from _refused(shape.members[name], inner, f"{place}.{name}")
        return
    if shape.type_name == "list":
        yield from _length(shape, len(value), place)
        for item in value:
            yield from _refused(shape.member, item, place)
        return
    rules = shape.metadata
    if shape.type_name in {"integer", "long", "float", "double"}:
        if not rules.get("min", value) <= value <= rules.get("max", value):
            yield f"{place}: {value} is not from {rules.get('min')} to {rules.get('max')}"
    elif shape.type_name == "string":
        yield from _text(rules, str(value), place)
        yield from _length(shape, len(str(value)), place)


def _length(shape: Shape, length: int, place: str) -> Iterator[str]:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", length)
    if not low <= length <= high:
        yield f"{place}: its length {length} is not from {low} to {high}"


def _text(rules: Mapping[str, Any], text: str, place: str) -> Iterator[str]:
    if "enum" in rules and text not in rules["enum"]:
        yield f"{place}: {text} is none of {', '.join(rules['enum'][:20])}"
    try:
        pattern = re.compile(rules.get("pattern", ""), re.DOTALL)
    except re.error:
        # Java's classes, such as \\p{L}, are not Python's.
        return
    if "pattern" in rules and not pattern.fullmatch(text):
        yield f"{place}: {text[:80]} does not match {rules['pattern']}"
