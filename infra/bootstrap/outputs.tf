output "bucket" {
  description = "Bucket of the state."
  value       = aws_s3_bucket.state.id
}

output "backend" {
  description = "What infra/backend.tf has to say: terraform output -raw backend > ../backend.tf"
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket       = "${aws_s3_bucket.state.id}"
        key          = "pipeline.tfstate"
        region       = "${var.region}"
        encrypt      = true
        use_lockfile = true
      }
    }
  EOT
}
