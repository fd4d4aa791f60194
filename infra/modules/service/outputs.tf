output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "container_definitions" {
  description = "The task's containers as JSON."
  value       = aws_ecs_task_definition.this.container_definitions
}
