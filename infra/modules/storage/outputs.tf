output "bucket" {
  description = "The bucket of raw/, once its policy and encryption are in force."
  value       = aws_s3_bucket.this["data"].id
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this]
}

output "log_bucket" {
  description = "The bucket of access logs, once the load balancer may write to it. null without one."
  value       = one([for kind, bucket in aws_s3_bucket.this : bucket.id if kind == "logs"])
  depends_on  = [aws_s3_bucket_policy.this]
}
