# Roles by who assumes them. One stage's role never holds another's rights.
locals {
  ec2 = var.deployment == "ec2" ? toset(["host"]) : toset([])
  ecs = var.deployment == "ecs" ? var.stages : {}
  # What runs under a role of its own: a task, or a container of the host.
  tasks = var.deployment == "ecs" ? var.stages : { for stage, needs in var.stages : stage => needs if needs.role }

  # Against the confused deputy, where the service's documentation says that it sends the account: for tasks' roles
  # and flow logs, not for hosts and not for what starts a task.
  same_account = { Condition = { StringEquals = { "aws:SourceAccount" = var.arn.account } } }

  service_trust = { for kind, service in { ec2 = "ec2.amazonaws.com", ecs = "ecs-tasks.amazonaws.com", start = "ecs-tasks.amazonaws.com", flow = "vpc-flow-logs.amazonaws.com" } : kind => jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = service } },
      { for key, value in local.same_account : key => value if !contains(["ec2", "start"], kind) },
    )]
  }) }

  # The host fetches a role for an hour and hands it to the one container (modules/host/files/identities.sh).
  task_trust = var.deployment == "ecs" ? local.service_trust.ecs : jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:${var.arn.partition}:iam::${var.arn.account}:role/${var.name}-ec2-role" }
  }] })

  # Until Snowflake's principal is known (it is made with the integration, which wants this role's ARN),
  # nobody is trusted.
  snowflake_trust = var.snowflake_principal_arn == null ? jsonencode({ Version = "2012-10-17", Statement = [{
    Sid = "NobodyYet", Effect = "Deny", Action = "sts:AssumeRole", Principal = { AWS = "*" }
    }] }) : jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "Snowflake"
    Effect    = "Allow"
    Action    = "sts:AssumeRole"
    Principal = { AWS = var.snowflake_principal_arn }
    Condition = { StringEquals = { "sts:ExternalId" = var.snowflake_external_id } }
  }] })
}

resource "aws_iam_role" "snowflake" {
  name               = "${var.name}-snowflake-role"
  description        = "Snowflake reads raw/ by it"
  assume_role_policy = local.snowflake_trust
}

resource "aws_iam_role_policy" "snowflake" {
  name   = "read-raw"
  role   = aws_iam_role.snowflake.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.snowflake })
}

resource "aws_iam_role" "host" {
  for_each           = local.ec2
  name               = "${var.name}-ec2-role"
  description        = "The host and the services on it"
  assume_role_policy = local.service_trust.ec2
}

resource "aws_iam_role_policy" "host" {
  for_each = local.ec2
  name     = "host"
  role     = aws_iam_role.host[each.key].name
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.host })
}

resource "aws_iam_instance_profile" "host" {
  for_each = local.ec2
  name     = "${var.name}-ec2-role"
  role     = aws_iam_role.host[each.key].name
}

resource "aws_iam_role" "flow_log" {
  count              = var.flow_logs ? 1 : 0
  name               = "${var.name}-flow-log-role"
  description        = "The VPC's flow logs are written by it"
  assume_role_policy = local.service_trust.flow
}

resource "aws_iam_role_policy" "flow_log" {
  count = var.flow_logs ? 1 : 0
  name  = "write-logs"
  role  = aws_iam_role.flow_log[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [merge(local.write_logs, {
    Resource = "arn:${var.arn.partition}:logs:${var.arn.region}:${var.arn.account}:log-group:/${var.name}/vpc-flow*"
  })] })
}
