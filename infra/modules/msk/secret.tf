# One sign-in a user: made here, written to Secrets Manager, and in neither plan nor state (ephemeral, write-only).
# MSK takes only secrets whose name begins with AmazonMSK_ and that are under a key of one's own.
ephemeral "random_password" "sign_in" {
  for_each = var.users
  length   = 40
  special  = false
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: the brokers' disks and the sign-ins"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  tags                    = { Name = "${var.name}-kafka" }

  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "TheAccountDecidesByIam"
    Effect    = "Allow"
    Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${var.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }] })
}

data "aws_partition" "current" {}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}-kafka"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_secretsmanager_secret" "sign_in" {
  #checkov:skip=CKV2_AWS_57: replaced by raising secret_string_wo_version, since tasks must be started again with it
  for_each                = var.users
  name                    = "AmazonMSK_${var.name}_${each.key}"
  description             = "Sign-in of ${each.key} to MSK: username and password as JSON"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_days
  tags                    = { Name = "AmazonMSK_${var.name}_${each.key}" }
}

# Raise secret_string_wo_version to make new passwords. The tasks take them when they are next started.
resource "aws_secretsmanager_secret_version" "sign_in" {
  for_each                 = var.users
  secret_id                = aws_secretsmanager_secret.sign_in[each.key].id
  secret_string_wo         = jsonencode({ username = each.key, password = ephemeral.random_password.sign_in[each.key].result })
  secret_string_wo_version = 1
}

# As MSK writes it itself: another text would be a change in every plan.
resource "aws_secretsmanager_secret_policy" "sign_in" {
  for_each   = var.users
  secret_arn = aws_secretsmanager_secret.sign_in[each.key].arn
  policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Sid       = "AWSKafkaResourcePolicy"
    Effect    = "Allow"
    Principal = { Service = "kafka.amazonaws.com" }
    Action    = "secretsmanager:getSecretValue"
    Resource  = aws_secretsmanager_secret.sign_in[each.key].arn
  }] })
}

resource "aws_msk_single_scram_secret_association" "this" {
  for_each    = var.users
  cluster_arn = aws_msk_cluster.this.arn
  secret_arn  = aws_secretsmanager_secret.sign_in[each.key].arn
  depends_on  = [aws_secretsmanager_secret_version.sign_in, aws_secretsmanager_secret_policy.sign_in]
}
