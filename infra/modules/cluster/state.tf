# Files that outlive a task: the producer's outbox and its use of the quota.
resource "aws_efs_file_system" "state" {
  #checkov:skip=CKV_AWS_184: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  encrypted = true
  tags      = { Name = "${var.name}-state" }

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
}

resource "aws_efs_backup_policy" "state" {
  file_system_id = aws_efs_file_system.state.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "state" {
  count           = var.subnet_count
  file_system_id  = aws_efs_file_system.state.id
  subnet_id       = var.subnet_ids[count.index]
  security_groups = [aws_security_group.state.id]
}

resource "aws_efs_access_point" "state" {
  for_each       = var.state_stages
  file_system_id = aws_efs_file_system.state.id
  tags           = { Name = "${var.name}-${each.key}" }

  posix_user {
    uid = 10001
    gid = 10001
  }

  root_directory {
    path = "/${each.key}"

    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0700"
    }
  }
}

resource "aws_security_group" "state" {
  name        = "${var.name}-state"
  description = "NFS from the tasks"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-state" }
}

resource "aws_vpc_security_group_ingress_rule" "state" {
  security_group_id            = aws_security_group.state.id
  description                  = "NFS from the tasks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = { Name = "${var.name}-state" }
}

resource "aws_vpc_security_group_egress_rule" "state" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "NFS to the state"
  referenced_security_group_id = aws_security_group.state.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = { Name = "${var.name}-state" }
}
