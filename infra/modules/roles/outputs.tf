output "instance_profile" {
  description = "The host's instance profile; null on ecs."
  value       = one([for profile in aws_iam_instance_profile.host : profile.name])
}

output "task_role_arns" {
  description = "Stage → task role."
  value       = { for stage, role in aws_iam_role.task : stage => role.arn }
}

output "execution_role_arns" {
  description = "Stage → execution role."
  value       = { for stage, role in aws_iam_role.execution : stage => role.arn }
}

output "flow_log_role_arn" {
  description = "Role that flow logs are written with."
  value       = aws_iam_role.flow_log.arn
}

output "snowflake_role_arn" {
  description = "Role that Snowflake reads raw/ by."
  value       = aws_iam_role.snowflake.arn
}
