output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Public subnets, in the order of the zones, once the internet is reached from them."
  value       = aws_subnet.public[*].id
  depends_on  = [aws_route.internet, aws_route_table_association.public]
}

output "private_subnet_ids" {
  description = "Private subnets, in the order of the zones, once the internet is reached from them. Empty without them."
  value       = aws_subnet.private[*].id
  depends_on  = [aws_route.nat, aws_route_table_association.private]
}
