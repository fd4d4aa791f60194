# The bucket of raw/, and a second one for the access logs of the first and of the load balancer.
locals {
  buckets = { data = var.bucket, logs = var.log_bucket }
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
  log_writers = [for service, prefix in { "logging.s3.amazonaws.com" = "s3", "logdelivery.elasticloadbalancing.amazonaws.com" = "alb" } : {
    Sid       = "Write${title(prefix)}"
    Effect    = "Allow"
    Principal = { Service = service }
    Action    = "s3:PutObject"
    Resource  = "${local.arns.logs}/${prefix}/*"
    Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  }]

  policies = {
    data = [local.tls_only.data, local.put_once]
    logs = concat([local.tls_only.logs], local.log_writers)
  }
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18: the data bucket's accesses are logged to the other one, whose own would log themselves
  #checkov:skip=CKV_AWS_144: raw/ can be fetched again for as long as Kafka keeps it; a second region is a choice with its own price
  #checkov:skip=CKV_AWS_145: AWS's own key encrypts it; a key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV2_AWS_61: both have one (lifecycle.tf), which the check does not find behind for_each
  #checkov:skip=CKV2_AWS_62: the loader asks by itself; nothing is to happen when an object comes
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
  policy     = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "data" {
  bucket        = aws_s3_bucket.this["data"].id
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "s3/"
}
