variable "name" {
  description = "Prefix of the groups' names and namespace of the metric."
  type        = string
}

variable "groups" {
  description = "Names of the log groups: the services, and what else writes logs."
  type        = set(string)
}

variable "watched" {
  description = "Those of them whose errors are counted: services, and the host."
  type        = set(string)
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV_AWS_338: log_retention_days says how long. Who needs a year sets 365
  for_each          = var.groups
  name              = "/${var.name}/${each.key}"
  retention_in_days = var.retention_days
  tags              = { Name = "${var.name}-${each.key}" }
}

# The sink writes one line for each object it has put. It does so on both deployments, so freshness is watched
# in one way.
resource "aws_cloudwatch_log_metric_filter" "objects" {
  name           = "${var.name}-objects-put"
  log_group_name = aws_cloudwatch_log_group.this["s3-sink"].name
  pattern        = "{ $.event = \"link put\" }"

  metric_transformation {
    namespace     = var.name
    name          = "ObjectsPut"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

# Where no Prometheus watches, the log is what tells: errors of the services, what the host's set-up and heal.sh
# say, and the auditor's verdict, which it logs when it changes and when it starts.
locals {
  errors = { for name in var.watched : name => name == "host" ? "ERROR" :
    "{ ($.level = \"error\" || $.level = \"critical\") && $.event != \"finding\" }"
  }
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each       = local.errors
  name           = "${var.name}-${each.key}-errors"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = each.value

  metric_transformation {
    namespace = var.name
    name      = "ErrorLines"
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_log_metric_filter" "verdict" {
  for_each       = { FALSE = "1", TRUE = "0" }
  name           = "${var.name}-audit-complete-${lower(each.key)}"
  log_group_name = aws_cloudwatch_log_group.this["auditor"].name
  pattern        = "{ $.event = \"audited\" && $.complete IS ${each.key} }"

  metric_transformation {
    namespace = var.name
    name      = "AuditIncomplete"
    value     = each.value
    unit      = "Count"
  }
}

output "names" {
  description = "Short name → log group."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}
