# Where tasks run, how they find each other, and what they may reach.
resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65: see the setting
  name = var.name
  tags = { Name = var.name }

  # Its metrics cost 12 to 32 dollars, and no alarm reads them.
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "${var.name}.internal"
  description = "Tasks as stage.${var.name}.internal"
  vpc         = var.vpc_id
  tags        = { Name = "${var.name}.internal" }
}

resource "aws_security_group" "tasks" {
  #checkov:skip=CKV2_AWS_5: it is the tasks' (modules/service), by a variable that the check does not follow
  name        = "${var.name}-tasks"
  description = "The pipeline's tasks"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-tasks" }
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "Metrics, from one task to another"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.metrics_ports.from
  to_port                      = var.metrics_ports.to
  tags                         = { Name = "${var.name}-metrics" }
}

resource "aws_vpc_security_group_egress_rule" "metrics" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "Metrics, from one task to another"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.metrics_ports.from
  to_port                      = var.metrics_ports.to
  tags                         = { Name = "${var.name}-metrics" }
}

# Alpha Vantage, Snowflake, S3 and the AWS APIs have no fixed addresses to name here. HTTPS is all that
# goes out.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.tasks.id
  description       = "HTTPS to the APIs"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = { Name = "${var.name}-https" }
}

resource "aws_vpc_security_group_egress_rule" "kafka" {
  for_each          = { for place in var.kafka_egress : "${place.cidr}:${place.port}" => place }
  security_group_id = aws_security_group.tasks.id
  description       = "Brokers"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = { Name = "${var.name}-kafka" }
}
