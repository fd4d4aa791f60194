variable "name" {
  description = "Prefix of the groups' names and namespace of the metric."
  type        = string
}

variable "groups" {
  description = "Names of the log groups: the services, and what else writes logs."
  type        = set(string)
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: AWS's own key encrypts it; a key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV_AWS_338: log_retention_days says how long; who needs a year sets 365
  for_each          = var.groups
  name              = "/${var.name}/${each.key}"
  retention_in_days = var.retention_days
  tags              = { Name = "${var.name}-${each.key}" }
}

# The sink writes one line for each object it has put. It does so on both deployments, so freshness is watched in one way.
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

output "names" {
  description = "Short name → log group."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}
