# The one address that the pipeline calls from: the host's or the NAT's. A module of its own, so that it can be
# made first: Snowflake's network policy names it.
variable "name" {
  description = "Its name."
  type        = string
}

resource "aws_eip" "this" {
  #checkov:skip=CKV2_AWS_19: it is the host's or the NAT's, in modules that the check does not follow
  domain = "vpc"
  tags   = { Name = var.name }
}

output "allocation_id" {
  description = "What host or NAT is given."
  value       = aws_eip.this.id
}

output "public_ip" {
  description = "The address."
  value       = aws_eip.this.public_ip
}
