# Whoever runs under a role starts after what it may do has been said.
output "instance_profile" {
  description = "The host's instance profile. null on ecs."
  value       = one([for profile in aws_iam_instance_profile.host : profile.name])
  depends_on  = [aws_iam_role_policy.host]
}

output "task_role_arns" {
  description = "Stage → task role."
  value       = { for stage, role in aws_iam_role.task : stage => role.arn }
  depends_on  = [aws_iam_role_policy.task_s3, aws_iam_role_policy.task_state, aws_iam_role_policy.task_topic]
}

output "execution_role_arns" {
  description = "Stage → execution role."
  value       = { for stage, role in aws_iam_role.execution : stage => role.arn }
  depends_on  = [aws_iam_role_policy.execution, aws_iam_role_policy.execution_key]
}

output "flow_log_role_arn" {
  description = "Role that flow logs are written with. null without them."
  value       = one(aws_iam_role.flow_log[*].arn)
  depends_on  = [aws_iam_role_policy.flow_log]
}

output "snowflake_role_arn" {
  description = "Role that Snowflake reads raw/ by."
  value       = aws_iam_role.snowflake.arn
}
