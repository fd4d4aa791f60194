# The deployment as a whole. The other variables stand in variables_*.tf, by subject.

variable "name" {
  description = "Prefix of every name. The default gives stock-pipeline-ec2-role and stock-pipeline-snowflake-role."
  type        = string
  default     = "stock-pipeline"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 24 lower-case letters, digits and hyphens, beginning with a letter: load balancers and buckets allow no more."
  }
}

variable "name_suffix" {
  description = "Ends the bucket's name, which must be unique in the world. null means eight random digits, kept in the state."
  type        = string
  default     = null

  validation {
    condition     = var.name_suffix == null || can(regex("^[a-z0-9]{4,16}$", coalesce(var.name_suffix, "x")))
    error_message = "name_suffix must have 4 to 16 lower-case letters and digits."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region's code, such as us-east-1."
  }
}

variable "deployment" {
  description = "ec2: everything on one host. ecs: Fargate tasks, a load balancer and MSK."
  type        = string
  default     = "ec2"
  nullable    = false

  validation {
    condition     = contains(["ec2", "ecs"], var.deployment)
    error_message = "deployment must be ec2 or ecs."
  }
}

variable "image_tag" {
  description = "Tag of the services' images in ECR, by deploy.sh. null makes network, bucket, roles, registry and empty secrets only, and deletes what runs. So it has no default: an apply by hand is asked for it."
  type        = string

  validation {
    condition     = var.image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", coalesce(var.image_tag, "x"))) && var.image_tag != "latest"
    error_message = "image_tag must be a fixed tag, such as a commit's. With latest, what runs would depend on when it started."
  }
}

variable "spot" {
  description = "Spare capacity at a lower price: the host on ec2 (stopped and resumed with its disks), sink and auditor on ecs."
  type        = bool
  default     = false
  nullable    = false
}
