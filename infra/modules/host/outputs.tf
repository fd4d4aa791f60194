output "instance_id" {
  description = "The host."
  value       = aws_instance.this.id
}

output "public_ip" {
  description = "Its address, which moves when a spot host is stopped and resumed."
  value       = aws_instance.this.public_ip
}

output "files" {
  description = "Names of what it takes from deploy/."
  value       = sort(keys(local.files))
}

output "compose" {
  description = "The host's compose.yaml."
  value       = local.files["compose.yaml"]
}
