output "bootstrap_servers" {
  description = "Brokers for SASL/SCRAM over TLS, once the sign-ins are known to them."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
  depends_on  = [aws_msk_single_scram_secret_association.this]
}

output "cluster_name" {
  description = "The cluster's name."
  value       = aws_msk_cluster.this.cluster_name
}

output "secret_arns" {
  description = "User → secret with its username and password."
  value       = { for user, secret in aws_secretsmanager_secret.sign_in : user => secret.arn }
}

output "kms_key_arn" {
  description = "Key of those secrets."
  value       = aws_kms_key.this.arn
}
