output "arn" {
  description = "The cluster."
  value       = aws_ecs_cluster.this.arn
}

output "name" {
  description = "The cluster's name."
  value       = aws_ecs_cluster.this.name
}

output "namespace_id" {
  description = "Cloud Map namespace of the services."
  value       = aws_service_discovery_private_dns_namespace.this.id
}

output "namespace" {
  description = "Domain of the services."
  value       = aws_service_discovery_private_dns_namespace.this.name
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.tasks.id
}

# The policy of an access point is checked before it is mounted: mount targets first.
output "state" {
  description = "Stage → file system and access point."
  value       = { for stage, point in aws_efs_access_point.state : stage => { file_system_id = aws_efs_file_system.state.id, access_point_id = point.id } }
  depends_on  = [aws_efs_mount_target.state]
}

output "state_access_point_arns" {
  description = "Stage → ARN of its access point."
  value       = { for stage, point in aws_efs_access_point.state : stage => point.arn }
}
