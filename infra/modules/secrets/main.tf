# Empty containers: the values are put with the AWS CLI and never pass through Terraform or its state.
variable "name" {
  description = "Prefix of the secrets' names."
  type        = string
}

variable "secrets" {
  description = "Name → what its value is."
  type        = map(string)
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be brought back. 0 deletes at once."
  type        = number
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV_AWS_149: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV2_AWS_57: Alpha Vantage and Snowflake give keys by hand. docs/how-to/deploy.md says how they are replaced
  for_each                = var.secrets
  name                    = "${var.name}/${each.key}"
  description             = each.value
  recovery_window_in_days = var.recovery_days
  tags                    = { Name = "${var.name}/${each.key}" }
}

output "arns" {
  description = "Name → ARN."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}
