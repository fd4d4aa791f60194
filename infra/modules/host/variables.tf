variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "region" {
  description = "Region of bucket, registry and secrets."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the host."
  type        = string
}

variable "subnet_id" {
  description = "Public subnet: the host asks the internet, nobody asks it."
  type        = string
}

variable "instance_type" {
  description = "Its type."
  type        = string
}

variable "address_allocation_id" {
  description = "Its address."
  type        = string
}

variable "instance_profile" {
  description = "Its instance profile."
  type        = string
}

variable "key_name" {
  description = "Key pair for SSH. null means none."
  type        = string
}

variable "spot" {
  description = "Whether it is a spot instance, stopped and resumed with its disks."
  type        = bool
}

variable "data_volume_gb" {
  description = "GiB of the data disk."
  type        = number
}

variable "final_snapshot" {
  description = "Whether a snapshot of it is left when it is deleted."
  type        = bool
}

variable "allowed_cidrs" {
  description = "Networks that may reach the dashboard and, with a key pair, SSH."
  type        = list(string)
}

variable "kafka_egress" {
  description = "Brokers of the user's: networks and ports that the host may reach."
  type        = list(object({ cidr = string, port = number }))
}

variable "own_kafka" {
  description = "Whether Kafka and ZooKeeper run on the host."
  type        = bool
}

variable "bucket" {
  description = "Name of the bucket whose deploy/ the host takes its set-up from."
  type        = string
}

variable "made_bucket" {
  description = "The same, known once the bucket is there."
  type        = string
}

variable "services" {
  description = "Service → image, environment, secrets (variable → secret name, or name#key), secret files (name → secret name), memory in MiB, state, jobs, metrics port, and the role that the host hands it."
  type = map(object({
    image        = string
    memory       = number
    metrics_port = number
    environment  = map(string)
    secrets      = map(string)
    secret_files = map(string)
    state        = bool
    role_arn     = optional(string)
    jobs         = list(object({ name = string, command = list(string), environment = optional(map(string), {}) }))
    health       = list(string)
  }))
}

variable "log_groups" {
  description = "Log file under /var/log/stock-pipeline → log group."
  type        = map(string)
}

variable "scripts" {
  description = "File name → contents of set_up scripts and units that are not the host's own (Kafka's)."
  type        = map(string)
}

variable "tags" {
  description = "Tags of the disks, which the provider's defaults do not reach."
  type        = map(string)
}
