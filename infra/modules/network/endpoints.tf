# S3 by a gateway endpoint (free). Logs by an interface endpoint, where they would otherwise pay for crossing the NAT.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([aws_route_table.public.id], aws_route_table.private[*].id)
  tags              = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "logs" {
  count               = var.private ? 1 : 0
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.current.region}.logs"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [aws_subnet.private[var.zones[0]].id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  tags                = { Name = "${var.name}-logs" }
}

resource "aws_security_group" "endpoints" {
  count       = var.private ? 1 : 0
  name        = "${var.name}-endpoints"
  description = "HTTPS from the VPC to interface endpoints"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count             = var.private ? 1 : 0
  security_group_id = aws_security_group.endpoints[0].id
  description       = "From the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = { Name = "${var.name}-endpoints" }
}

# Who talked to whom, refusals only: enough to see a probe, little enough to cost cents.
resource "aws_cloudwatch_log_group" "flow" {
  #checkov:skip=CKV_AWS_158: AWS's own key encrypts it; a key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV_AWS_338: log_retention_days says how long; a year of refused packets is worth nothing to us
  name              = "/${var.name}/vpc-flow"
  retention_in_days = var.log_retention_days
  tags              = { Name = "${var.name}-flow" }
}

resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow.arn
  iam_role_arn         = var.flow_log_role_arn
  tags                 = { Name = var.name }
}
