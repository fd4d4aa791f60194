variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "zones" {
  description = "Availability zones, one public and, where private, one private subnet in each."
  type        = list(string)
}

variable "private" {
  description = "Whether there are private subnets, with one NAT gateway and an endpoint for logs."
  type        = bool
}

variable "flow_log_role_arn" {
  description = "Role that flow logs are written with."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
}
