# The bucket of raw/, and where they are wanted a second one for the access logs of the first and of the load
# balancer.
locals {
  buckets = merge({ data = var.bucket }, { for kind in ["logs"] : kind => var.log_bucket if var.log_bucket != null })
  arns    = { for kind, name in local.buckets : kind => "arn:${var.partition}:s3:::${name}" }

  tls_only = { for kind, arn in local.arns : kind => {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [arn, "${arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } }

  # An object of the chain is put once. Without If-None-Match a second writer could replace it.
  put_once = {
    Sid       = "PutOnceUnderRaw"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:PutObject"
    Resource  = "${local.arns.data}/raw/*"
    Condition = { Null = { "s3:if-none-match" = "true" } }
  }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html and
  # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
  # The load balancers' service sends no account: it is in the path.
  log_writers = [
    {
      Sid       = "WriteS3"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${lookup(local.arns, "logs", "")}/s3/*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
    {
      Sid       = "WriteAlb"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${lookup(local.arns, "logs", "")}/alb/AWSLogs/${var.account_id}/*"
    },
  ]

  policies = { for kind, statement in local.tls_only : kind => jsonencode({
    Version   = "2012-10-17"
    Statement = concat([statement], [for own in [local.put_once] : own if kind == "data"], [for own in local.log_writers : own if kind == "logs"])
  }) }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18: the data bucket's accesses are logged to the other one, whose own would log themselves
  #checkov:skip=CKV_AWS_144: raw/ can be fetched again for as long as Kafka keeps it. A second region is a choice with its own price
  #checkov:skip=CKV_AWS_145: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV2_AWS_61: both have one (lifecycle.tf), which the check does not find through for_each
  #checkov:skip=CKV2_AWS_62: the loader asks by itself. Nothing is to happen when an object comes
  for_each      = local.buckets
  bucket        = each.value
  force_destroy = var.force_destroy
  tags          = { Name = each.value }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = aws_s3_bucket.this
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each   = aws_s3_bucket.this
  bucket     = each.value.id
  policy     = local.policies[each.key]
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "data" {
  count         = var.log_bucket == null ? 0 : 1
  bucket        = aws_s3_bucket.this["data"].id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/"
  depends_on    = [aws_s3_bucket_policy.this]
}
