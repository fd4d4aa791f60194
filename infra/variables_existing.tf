# Networks, buckets and brokers that exist already, in place of those that this configuration makes.

variable "vpc_cidr" {
  description = "Addresses of the VPC that is made."
  type        = string
  default     = "10.40.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && can(cidrsubnet(var.vpc_cidr, 4, 15)) && tonumber(split("/", var.vpc_cidr)[1]) <= 22
    error_message = "vpc_cidr must be an IPv4 network of /22 or larger."
  }
}

variable "zones" {
  description = "Availability zones of the VPC that is made, by name, where the first ones do not offer what you want. null takes the region's first ones."
  type        = list(string)
  default     = null

  validation {
    condition     = var.zones == null || alltrue([for zone in coalesce(var.zones, []) : startswith(zone, var.region) && can(regex("^[a-z0-9-]+[a-z]$", zone))]) && length(distinct(coalesce(var.zones, []))) == length(coalesce(var.zones, []))
    error_message = "zones must be different zones of the region by name, such as us-east-1b."
  }
}

variable "existing_vpc" {
  description = "A VPC of yours: public subnets with a route to the internet (host, load balancer), private ones with a NAT (tasks, brokers, in three zones for MSK)."
  type = object({
    id                 = string
    public_subnet_ids  = list(string)
    private_subnet_ids = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.existing_vpc == null || length(try(var.existing_vpc.public_subnet_ids, [])) >= (var.deployment == "ecs" ? 2 : 1)
    error_message = "existing_vpc needs one public subnet on ec2, two on ecs."
  }

  validation {
    condition     = var.existing_vpc == null || var.deployment == "ec2" || length(try(var.existing_vpc.private_subnet_ids, [])) >= (var.kafka == null ? 3 : 2)
    error_message = "On ecs existing_vpc needs three private subnets in three zones for MSK, or two with brokers of your own."
  }
}

variable "existing_bucket" {
  description = "A bucket of yours for raw/. Its encryption, versioning, lifecycle and policy stay your own."
  type        = string
  default     = null

  validation {
    condition     = var.existing_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", coalesce(var.existing_bucket, "xxx")))
    error_message = "existing_bucket must be a bucket's name."
  }
}

variable "kafka" {
  description = "Brokers of yours in place of ours. Cidrs is where they are. With SASL the sign-in goes into the secret <name>/kafka."
  type = object({
    bootstrap_servers  = string
    cidrs              = list(string)
    security_protocol  = optional(string, "SASL_SSL")
    sasl_mechanism     = optional(string, "SCRAM-SHA-512")
    replication_factor = optional(number, 3)
  })
  default = null

  validation {
    condition     = var.kafka == null || alltrue([for server in split(",", try(var.kafka.bootstrap_servers, "")) : can(regex("^[A-Za-z0-9.-]+:[0-9]{2,5}$", trimspace(server)))])
    error_message = "kafka.bootstrap_servers must be host:port, more of them by commas."
  }

  validation {
    condition     = var.kafka == null || contains(["PLAINTEXT", "SSL", "SASL_SSL"], try(var.kafka.security_protocol, ""))
    error_message = "kafka.security_protocol must be SASL_SSL, SSL or PLAINTEXT: SASL_PLAINTEXT would send the password in the clear."
  }

  validation {
    condition     = var.kafka == null || length(try(var.kafka.cidrs, [])) > 0 && alltrue([for cidr in try(var.kafka.cidrs, []) : can(cidrnetmask(cidr)) && !endswith(cidr, "/0")])
    error_message = "kafka.cidrs must name the brokers' networks, not all the world."
  }
}

variable "msk_instance_type" {
  description = "Type of each of the three MSK brokers (ecs without brokers of your own)."
  type        = string
  default     = "kafka.t3.small"
  nullable    = false

  validation {
    condition     = startswith(var.msk_instance_type, "kafka.")
    error_message = "msk_instance_type must be a broker type, such as kafka.t3.small."
  }
}

variable "msk_kafka_version" {
  description = "MSK's version. 3.9.x is the last with ZooKeeper. MSK calls the KRaft variant 3.9.x.kraft."
  type        = string
  default     = "3.9.x"
  nullable    = false

  validation {
    condition     = contains(["3.9.x", "3.9.x.kraft"], var.msk_kafka_version)
    error_message = "msk_kafka_version must be 3.9.x (ZooKeeper) or, where that is not offered, 3.9.x.kraft."
  }
}
