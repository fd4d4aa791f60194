# The host (ec2).

variable "instance_type" {
  description = "Type of the host, x86-64. Kafka and five services want 4 GiB of memory."
  type        = string
  default     = "t3.medium"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]+[a-z0-9-]*\\.[a-z0-9]+$", var.instance_type)) && !can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type)) && !can(regex("\\.(nano|micro|small)$", var.instance_type))
    error_message = "instance_type must be an x86-64 type of at least 4 GiB, such as t3.medium: not Graviton (the images are x86-64), not nano, micro or small."
  }
}

variable "key_name" {
  description = "EC2 key pair for SSH from allowed_cidrs. null means no SSH, Session Manager only."
  type        = string
  default     = null
}

variable "data_volume_gb" {
  description = "Size in GiB of the host's data disk (Kafka, ZooKeeper, the producer's outbox), which outlives the host."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.data_volume_gb >= 10 && var.data_volume_gb <= 16384 && floor(var.data_volume_gb) == var.data_volume_gb
    error_message = "data_volume_gb must be a whole number from 10 to 16384."
  }
}
