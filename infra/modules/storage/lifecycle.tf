# No tiers: objects under 128 KB are never moved (S3 user guide, "Intelligent-Tiering"), and at one a minute
# nearly all of ours are smaller. No rule for uploads in parts: everything is put whole.
resource "aws_s3_bucket_lifecycle_configuration" "data" {
  #checkov:skip=CKV_AWS_300: nothing is uploaded in parts
  bucket = aws_s3_bucket.this["data"].id

  dynamic "rule" {
    for_each = var.raw_retention_days == null ? [] : [var.raw_retention_days]

    content {
      id     = "raw"
      status = "Enabled"

      filter {
        prefix = "raw/"
      }

      expiration {
        days = rule.value
      }
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  #checkov:skip=CKV_AWS_300: nothing is uploaded in parts
  count  = var.log_bucket == null ? 0 : 1
  bucket = aws_s3_bucket.this["logs"].id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}

    expiration {
      days = 90
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
