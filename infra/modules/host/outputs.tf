output "instance_id" {
  description = "The host."
  value       = aws_instance.this.id
}

output "files" {
  description = "Names of what it takes from deploy/."
  value       = sort(keys(local.files))
}

output "compose" {
  description = "The host's compose.yaml."
  value       = local.files["compose.yaml"]
}
