# Everything that should wake a person goes to one topic.
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  topic_arn = "arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.region}:${var.account_id}:${var.name}-alarms"
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26: an alarm's text is no secret, and CloudWatch cannot publish to a topic under AWS's own key
  name = "${var.name}-alarms"
  tags = { Name = "${var.name}-alarms" }
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    {
      Sid       = "AlarmsAndBudgets"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = local.topic_arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
    {
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = local.topic_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
  ] })
}

resource "aws_sns_topic_subscription" "email" {
  count     = var.email == null ? 0 : 1
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.email
}

# 15:00 to 20:00 UTC on weekdays is within New York's session in summer and in winter. A holiday raises the
# alarm once: the dashboard and the services know the calendar, CloudWatch does not. A series of zeros stands in
# where the sink has logged nothing at all, which FILL alone leaves empty.
resource "aws_cloudwatch_metric_alarm" "freshness" {
  count               = var.freshness_minutes == null ? 0 : 1
  alarm_name          = "${var.name}-no-fresh-object"
  alarm_description   = "The sink has put no object for ${var.freshness_minutes} minutes of market hours. Look at the producer's and the sink's logs and at the pipeline page."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = var.freshness_minutes
  datapoints_to_alarm = var.freshness_minutes
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = { Name = "${var.name}-no-fresh-object" }

  metric_query {
    id          = "in_session"
    expression  = "IF(DAY(filled) < 6 AND HOUR(filled) >= 15 AND HOUR(filled) < 20, filled, 1)"
    label       = "Objects put, 1 outside the session"
    return_data = true
  }

  metric_query {
    id         = "filled"
    expression = "MAX([FILL(objects, 0), TIME_SERIES(0)])"
  }

  metric_query {
    id = "objects"

    metric {
      namespace   = var.name
      metric_name = "ObjectsPut"
      period      = 60
      stat        = "Sum"
    }
  }
}

# The free plan's data come after the close, once a day. Five days without are longer than any holiday. A day counts
# from when the host or the sink's task is there, so the days before the deployment are none without an object.
locals {
  sink = lookup(var.ecs_services, "s3-sink", { cluster = "none", service = "none" })
}

resource "aws_cloudwatch_metric_alarm" "daily" {
  count               = var.running && var.freshness_minutes == null ? 1 : 0
  alarm_name          = "${var.name}-no-object-for-days"
  alarm_description   = "The sink has put no object for five days. Look at the producer's and the sink's logs and at the pipeline page."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = { Name = "${var.name}-no-object-for-days" }

  metric_query {
    id          = "days"
    expression  = "MAX([objects, 0 * alive])"
    label       = "Objects put, 0 on a day on which something ran"
    return_data = true
  }

  metric_query {
    id = "objects"

    metric {
      namespace   = var.name
      metric_name = "ObjectsPut"
      period      = 86400
      stat        = "Sum"
    }
  }

  metric_query {
    id = "alive"

    metric {
      namespace   = var.watch_host ? "AWS/EC2" : "AWS/ECS"
      metric_name = var.watch_host ? "StatusCheckFailed" : "MemoryUtilization"
      dimensions  = var.watch_host ? tomap({ InstanceId = var.instance_id }) : tomap({ ClusterName = local.sink.cluster, ServiceName = local.sink.service })
      period      = 86400
      stat        = "Maximum"
    }
  }
}

# A stage that stands still ends or gets unhealthy. Its platform starts it again and says so: on the host in a line
# of heal.sh.
resource "aws_cloudwatch_metric_alarm" "errors" {
  count               = var.running ? 1 : 0
  alarm_name          = "${var.name}-error-lines"
  alarm_description   = "A service, or the host's set-up, has logged an error: aws logs tail /${var.name}/SERVICE --since 30m, and /${var.name}/host on ec2. It ends when there is none for 15 minutes."
  namespace           = var.name
  metric_name         = "ErrorLines"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = { Name = "${var.name}-error-lines" }
}

# The last verdict holds until there is another.
resource "aws_cloudwatch_metric_alarm" "verdict" {
  count               = var.running ? 1 : 0
  alarm_name          = "${var.name}-audit-incomplete"
  alarm_description   = "The auditor has found what nothing explains: infra/scripts/run.sh auditor audit names it, and docs/how-to/operations.md, Findings, has the repair."
  namespace           = var.name
  metric_name         = "AuditIncomplete"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = { Name = "${var.name}-audit-incomplete" }
}

# Warns before the money is gone: 80 % spent, or a month that is heading above the budget.
resource "aws_budgets_budget" "monthly" {
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = format("%.2f", var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = { Name = "${var.name}-monthly" }

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:Project$%s", var.name)]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }
}
