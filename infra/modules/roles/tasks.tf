# The task role is what the code may do. On ECS the execution role is what starting it takes (image, logs, the
# stage's own secrets), on the host that is the host's.
resource "aws_iam_role" "task" {
  for_each           = local.tasks
  name               = "${var.name}-${each.key}-task-role"
  description        = "What ${each.key} may do"
  assume_role_policy = local.task_trust
  # IAM wants to know whom a role trusts.
  depends_on = [aws_iam_role.host]
}

resource "aws_iam_role_policy" "task_s3" {
  for_each = { for stage, needs in local.tasks : stage => needs if needs.s3 != "none" }
  name     = "raw"
  role     = aws_iam_role.task[each.key].name
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.s3[each.value.s3] })
}

resource "aws_iam_role_policy" "task_state" {
  for_each = { for stage, needs in local.ecs : stage => needs if contains(var.state_stages, stage) }
  name     = "state"
  role     = aws_iam_role.task[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "OwnState"
    Effect    = "Allow"
    Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    Resource  = "arn:${var.arn.partition}:elasticfilesystem:${var.arn.region}:${var.arn.account}:file-system/*"
    Condition = { StringEquals = { "elasticfilesystem:AccessPointArn" = var.state_access_points[each.key] } }
  }] })
}

resource "aws_iam_role_policy" "task_topic" {
  for_each = { for stage, needs in local.ecs : stage => needs if needs.topic != null }
  name     = "alerts"
  role     = aws_iam_role.task[each.key].name
  policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "PublishAlerts", Effect = "Allow", Action = "sns:Publish", Resource = each.value.topic }] })
}

resource "aws_iam_role" "execution" {
  for_each           = local.ecs
  name               = "${var.name}-${each.key}-start-role"
  description        = "What starting ${each.key} takes"
  assume_role_policy = local.service_trust.start
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.ecs
  name     = "start"
  role     = aws_iam_role.execution[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(
    local.pull,
    [merge(local.write_logs, {
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:${var.arn.partition}:logs:${var.arn.region}:${var.arn.account}:log-group:/${var.name}/${each.key}:*"
    })],
    length(each.value.secrets) == 0 ? [] : [
      { Sid = "ReadOwnSecrets", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = local.secret_arns[each.key] }
    ],
  ) })
}

# MSK takes sign-ins only from secrets under a key of one's own. Whoever reads them needs it too, through
# Secrets Manager alone.
resource "aws_iam_role_policy" "execution_key" {
  for_each = { for stage, needs in local.ecs : stage => needs if var.own_kms_key && length(needs.secrets) > 0 }
  name     = "secret-key"
  role     = aws_iam_role.execution[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "DecryptOwnSecrets"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = var.kms_key_arns
    Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.arn.region}.amazonaws.com" } }
  }] })
}
