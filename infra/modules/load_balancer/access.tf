# Who reaches the load balancer, and what it reaches.
resource "aws_security_group" "this" {
  name        = "${var.name}-dashboard"
  description = "HTTPS to the dashboard's load balancer"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-dashboard" }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  for_each          = toset(var.allowed_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "Dashboard"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = { Name = "${var.name}-dashboard" }
}

resource "aws_vpc_security_group_ingress_rule" "http" {
  #checkov:skip=CKV_AWS_260: it answers with the address of HTTPS and nothing else
  for_each          = toset(var.allowed_cidrs)
  security_group_id = aws_security_group.this.id
  description       = "To be sent to HTTPS"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  tags              = { Name = "${var.name}-dashboard" }
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  for_each                     = var.targets
  security_group_id            = aws_security_group.this.id
  description                  = "To ${each.key}"
  referenced_security_group_id = var.task_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = { Name = "${var.name}-dashboard" }
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  for_each                     = var.targets
  security_group_id            = var.task_security_group_id
  description                  = "From the load balancer to ${each.key}"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = { Name = "${var.name}-dashboard" }
}

# Signing in: the load balancer itself asks the identity provider.
resource "aws_vpc_security_group_egress_rule" "identity_provider" {
  count             = var.oidc == null ? 0 : 1
  security_group_id = aws_security_group.this.id
  description       = "To the identity provider"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = { Name = "${var.name}-sign-in" }
}
