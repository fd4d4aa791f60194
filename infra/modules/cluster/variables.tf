variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks, one mount target of the file system in each."
  type        = list(string)
}

variable "subnet_count" {
  description = "How many subnets there are: known before they are made."
  type        = number
}

variable "state_stages" {
  description = "Stages that keep files, each under an access point of its own."
  type        = set(string)
}

variable "metrics_ports" {
  description = "First and last of the metrics ports, which tasks reach on each other."
  type        = object({ from = number, to = number })
}

variable "kafka_egress" {
  description = "Brokers of the user's: networks and ports that tasks may reach. Empty with MSK, whose module says so itself."
  type        = list(object({ cidr = string, port = number }))
}
