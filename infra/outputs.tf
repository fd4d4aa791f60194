# A targeted apply writes only outputs that descend from a target. deploy.sh lays the ground by one, and reads
# these right after it.
output "deployment" {
  description = "ec2 or ecs, for the scripts."
  value       = var.deployment
  depends_on  = [module.registry]
}

output "region" {
  description = "Region of everything, for the scripts."
  value       = var.region
  depends_on  = [module.registry]
}

output "name" {
  description = "Prefix of every name, for the scripts."
  value       = var.name
}

output "bucket" {
  description = "Bucket of raw/."
  value       = local.bucket
}

output "repositories" {
  description = "Service → address of its image repository."
  value       = module.registry.urls
}

output "secrets" {
  description = "Names of the secrets that wait for a value. Each is put by aws secretsmanager put-secret-value."
  value       = sort([for name in keys(local.secrets) : "${var.name}/${name}"])
  depends_on  = [module.registry]
}

output "snowflake_role_arn" {
  description = "STORAGE_AWS_ROLE_ARN of the storage integration."
  value       = module.roles.snowflake_role_arn
}

output "snowflake_external_id" {
  description = "STORAGE_AWS_EXTERNAL_ID that the storage integration is pinned to."
  value       = local.external_id
}

output "snowflake_allowed_location" {
  description = "STORAGE_ALLOWED_LOCATIONS of the storage integration."
  value       = "s3://${local.bucket}/raw/"
}

output "snowflake_options" {
  description = "Options of stock-sf-loader setup that say how each user signs in: by its service's role on AWS, or by its key."
  value       = local.snowflake_options
  depends_on  = [module.registry]
}

output "snowflake_trusted" {
  description = "Whether the role for Snowflake trusts a principal yet (snowflake_principal_arn)."
  value       = var.snowflake_principal_arn != null
  depends_on  = [module.registry]
}

output "instance_id" {
  description = "The host (ec2), for Session Manager. null where there is none."
  value       = one(module.host[*].instance_id)
}

output "address" {
  description = "Where the pipeline calls from: the host's address (ec2) or the NAT's (ecs). null in a VPC of yours on ecs, and where nothing is to run."
  value       = one(module.address[*].public_ip)
}

output "cluster" {
  description = "The ECS cluster. null on ec2."
  value       = one(module.cluster[*].name)
}

output "services" {
  description = "The services that are deployed."
  value       = local.running ? sort(keys(local.services)) : []
}

output "dashboard" {
  description = "Where the dashboard is: the load balancer's name (ecs), the host's address (ec2 with allowed_cidrs), or how to forward a port to it."
  value = (
    !local.running ? "nothing runs yet: image_tag is not set" :
    local.ecs ? "https://${module.load_balancer[0].dns_name} (point the certificate's name to it)" :
    length(var.allowed_cidrs) > 0 ? "http://${module.address[0].public_ip}:8501" :
    "aws ssm start-session --region ${var.region} --target ${module.host[0].instance_id} --document-name AWS-StartPortForwardingSession --parameters portNumber=8501,localPortNumber=8501"
  )
}

output "alarm_topic_arn" {
  description = "Topic of alarms and budget warnings."
  value       = module.alarms.topic_arn
}

output "role_arns" {
  description = "Service → role of its code, where it calls AWS."
  value       = module.roles.task_role_arns
}
