variable "name" {
  description = "Prefix of names and namespace of the metrics."
  type        = string
}

variable "email" {
  description = "Address that gets the alarms. null means nobody yet."
  type        = string
}

variable "account_id" {
  description = "The account, whose alarms and budgets alone may publish."
  type        = string
}

variable "budget_usd" {
  description = "Monthly budget in US dollars."
  type        = number
}

variable "freshness_minutes" {
  description = "Minutes of market hours without a new object. null means no such alarm."
  type        = number
}

variable "instance_id" {
  description = "The host. null on ecs."
  type        = string
}

variable "watch_host" {
  description = "Whether there is a host: known before it is made."
  type        = bool
}

variable "data_device_path" {
  description = "Mount point of the host's data disk."
  type        = string
}

variable "ecs_services" {
  description = "Stage → { cluster, service } of the tasks to watch."
  type        = map(object({ cluster = string, service = string }))
}

variable "watch_msk" {
  description = "Whether there are brokers of MSK: known before they are made."
  type        = bool
}

variable "running" {
  description = "Whether there are services, whose logs are watched."
  type        = bool
}

variable "msk_cluster" {
  description = "Name of the MSK cluster. null without one."
  type        = string
}
