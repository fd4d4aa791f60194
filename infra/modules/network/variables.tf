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
  description = "Whether there are private subnets."
  type        = bool
}

variable "nat" {
  description = "Whether they reach the internet, by one NAT gateway: not before something runs in them."
  type        = bool
}

variable "nat_allocation_id" {
  description = "The NAT gateway's address."
  type        = string
}

variable "flow_logs" {
  description = "Whether refused packets are logged."
  type        = bool
}

variable "flow_log_role_arn" {
  description = "Role that flow logs are written with. null without them."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
}
