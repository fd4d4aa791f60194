variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "account_id" {
  description = "The account, whose root administers the key."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the brokers."
  type        = string
}

variable "subnet_ids" {
  description = "Three private subnets in three zones, one broker in each."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Security group that may reach the brokers."
  type        = string
}

variable "users" {
  description = "Names of the users that sign in, one a service and one for the topic job."
  type        = set(string)
}

variable "kafka_version" {
  description = "MSK's name of the version."
  type        = string
}

variable "instance_type" {
  description = "Type of each broker."
  type        = string
}

variable "volume_gb" {
  description = "GiB of each broker's disk."
  type        = number
  default     = 50
}

variable "log_group" {
  description = "Log group of the brokers' logs."
  type        = string
}

variable "recovery_days" {
  description = "Days in which a deleted sign-in can be brought back. 0 deletes at once."
  type        = number
}
