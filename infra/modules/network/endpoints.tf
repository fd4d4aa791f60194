# S3 by a gateway endpoint (free). An interface endpoint for logs would cost more than they pay for crossing the
# NAT.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([aws_route_table.public.id], aws_route_table.private[*].id)
  tags              = { Name = "${var.name}-s3" }
}

# Who talked to whom, refusals only: enough to see a probe, little enough to cost cents.
resource "aws_cloudwatch_log_group" "flow" {
  count = var.flow_logs ? 1 : 0
  #checkov:skip=CKV_AWS_158: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  #checkov:skip=CKV_AWS_338: log_retention_days says how long. A year of refused packets is worth nothing to us
  name              = "/${var.name}/vpc-flow"
  retention_in_days = var.log_retention_days
  tags              = { Name = "${var.name}-flow" }
}

resource "aws_flow_log" "this" {
  count                = var.flow_logs ? 1 : 0
  vpc_id               = aws_vpc.this.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn         = var.flow_log_role_arn
  tags                 = { Name = var.name }
}
