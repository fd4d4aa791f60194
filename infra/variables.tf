variable "name" {
  description = "Prefix of every name; the default gives stock-pipeline-ec2-role and stock-pipeline-snowflake-role."
  type        = string
  default     = "stock-pipeline"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 24 lower-case letters, digits and hyphens, beginning with a letter: load balancers and buckets allow no more."
  }
}

variable "name_suffix" {
  description = "Ends the bucket's name, which is one of all the world's; null: eight random digits, kept in the state."
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
  description = "ec2: everything on one host. ecs: Fargate tasks behind a load balancer, with MSK."
  type        = string
  default     = "ec2"
  nullable    = false

  validation {
    condition     = contains(["ec2", "ecs"], var.deployment)
    error_message = "deployment must be ec2 or ecs."
  }
}

variable "image_tag" {
  description = "Tag of the services' images in ECR. null: lays the ground only (network, bucket, roles, registry, empty secrets), nothing runs yet."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", coalesce(var.image_tag, "x"))) && var.image_tag != "latest"
    error_message = "image_tag must be a fixed tag, such as a commit's; latest would make what runs depend on when it started."
  }
}

variable "spot" {
  description = "Spare capacity at a lower price: the host on ec2 (stopped and resumed with its disks), sink and auditor on ecs."
  type        = bool
  default     = false
  nullable    = false
}

# The host (ec2)

variable "instance_type" {
  description = "Type of the host, x86-64; Kafka and five services want 4 GiB of memory."
  type        = string
  default     = "t3.medium"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]+[a-z0-9-]*\\.[a-z0-9]+$", var.instance_type)) && !can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type)) && !can(regex("\\.(nano|micro|small)$", var.instance_type))
    error_message = "instance_type must be an x86-64 type of at least 4 GiB, such as t3.medium: not Graviton (the images are x86-64), not nano, micro or small."
  }
}

variable "key_name" {
  description = "EC2 key pair for SSH from allowed_cidrs; null: no SSH, Session Manager only."
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

# Who reaches the dashboard

variable "allowed_cidrs" {
  description = "Networks that may reach the dashboard (8501 on ec2, HTTPS on ecs) and, with key_name, SSH. Empty: nobody but Session Manager."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "allowed_cidrs must be networks such as 203.0.113.7/32."
  }

  validation {
    condition     = var.deployment == "ecs" || !anytrue([for cidr in var.allowed_cidrs : endswith(cidr, "/0")])
    error_message = "On ec2 the dashboard has no sign-in and no TLS: name your own networks in allowed_cidrs, or leave it empty and use Session Manager."
  }

  validation {
    condition     = !anytrue([for cidr in var.allowed_cidrs : endswith(cidr, "/0")]) || var.oidc != null || var.dashboard_sign_in != null || var.allow_public_dashboard
    error_message = "allowed_cidrs has all the world, and nobody would have to sign in: set dashboard_sign_in or oidc, or say allow_public_dashboard = true."
  }
}

variable "allow_public_dashboard" {
  description = "Says that a dashboard that all the world can read without signing in is meant (ecs only)."
  type        = bool
  default     = false
  nullable    = false
}

variable "certificate_arn" {
  description = "ACM certificate of the dashboard's name, for HTTPS; needed on ecs."
  type        = string
  default     = null

  validation {
    condition     = var.deployment != "ecs" || can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "On ecs certificate_arn must name an ACM certificate: the dashboard is served by HTTPS only."
  }
}

variable "dashboard_sign_in" {
  description = "Identity provider (OIDC) that the dashboard itself asks for a sign-in (ecs only); its secrets go into <name>/dashboard-sign-in, not into the state. allowed: addresses and @domains, empty for all of the provider's."
  type = object({
    metadata_url = string
    client_id    = string
    redirect_url = string
    allowed      = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.dashboard_sign_in == null || var.deployment == "ecs"
    error_message = "dashboard_sign_in needs deployment = \"ecs\": on ec2 the dashboard has no TLS, and a sign-in would travel in the clear."
  }

  validation {
    condition     = var.dashboard_sign_in == null || startswith(try(var.dashboard_sign_in.metadata_url, ""), "https://") && can(regex("^https://.+/oauth2callback$", var.dashboard_sign_in.redirect_url))
    error_message = "dashboard_sign_in.metadata_url must be an https address, and redirect_url the dashboard's https address with /oauth2callback."
  }

  validation {
    condition     = alltrue([for name in try(var.dashboard_sign_in.allowed, []) : strcontains(name, "@") && !strcontains(name, ",")])
    error_message = "dashboard_sign_in.allowed must be addresses (ann@example.com) or domains (@example.com)."
  }
}

variable "oidc" {
  description = "Identity provider that the load balancer asks for a sign-in, before dashboard and Grafana (ecs only); null: dashboard_sign_in and allowed_cidrs decide."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
  default = null

  validation {
    condition     = var.oidc == null || alltrue([for name, value in coalesce(var.oidc, {}) : startswith(value, "https://") if name != "client_id"])
    error_message = "The issuer and the endpoints of oidc must be https addresses."
  }
}

variable "oidc_client_secret" {
  description = "The identity provider's client secret. The one secret that ends up in the state: the load balancer takes it in no other way."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = (var.oidc == null) == (var.oidc_client_secret == null)
    error_message = "oidc and oidc_client_secret are given together, or neither."
  }
}

# Things of yours in place of ours

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

variable "existing_vpc" {
  description = "A VPC of yours: public subnets with a route to the internet (host, load balancer), private ones with a NAT (tasks, brokers; three zones for MSK)."
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
  description = "Brokers of yours in place of ours; cidrs is where they are. With SASL the sign-in goes into the secret <name>/kafka."
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
  description = "MSK's version. 3.9.x is the last with ZooKeeper; MSK calls the KRaft variant 3.9.x.kraft."
  type        = string
  default     = "3.9.x"
  nullable    = false

  validation {
    condition     = contains(["3.9.x", "3.9.x.kraft"], var.msk_kafka_version)
    error_message = "msk_kafka_version must be 3.9.x (ZooKeeper) or, where that is not offered, 3.9.x.kraft."
  }
}

# What the pipeline does

variable "symbols" {
  description = "Symbols to watch, such as AAPL and TSCO.LON."
  type        = list(string)
  default     = ["AAPL", "GOOG", "IBM", "MSFT"]
  nullable    = false

  validation {
    condition     = length(var.symbols) > 0 && alltrue([for symbol in var.symbols : can(regex("^[A-Z0-9][A-Z0-9.-]{0,31}$", symbol))])
    error_message = "symbols must have at least one symbol, each of capitals, digits, dots and hyphens."
  }
}

variable "alpha_vantage_plan" {
  description = "The key's plan, by calls a minute."
  type        = string
  default     = "free"
  nullable    = false

  validation {
    condition     = contains(["free", "75", "150", "300", "600", "1200"], var.alpha_vantage_plan)
    error_message = "alpha_vantage_plan must be free, 75, 150, 300, 600 or 1200."
  }
}

variable "poll_interval_seconds" {
  description = "Seconds between two quotes of a symbol, where the plan carries it."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.poll_interval_seconds > 0 && var.poll_interval_seconds <= 86400
    error_message = "poll_interval_seconds must be above 0 and at most 86400."
  }
}

variable "flush_seconds" {
  description = "Greatest age of a quote that is not on S3 yet."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.flush_seconds > 0 && var.flush_seconds <= 3600
    error_message = "flush_seconds must be above 0 and at most 3600."
  }
}

variable "load_interval_seconds" {
  description = "Seconds between two loads into Snowflake. Each wakes the warehouse for at least a minute: docs/cost.md has the price."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.load_interval_seconds >= 5 && var.load_interval_seconds <= 86400
    error_message = "load_interval_seconds must be from 5 to 86400."
  }
}

variable "environment" {
  description = "Further variables of a service, by its name: { \"s3-sink\" = { LOG_LEVEL = \"DEBUG\" } }. They win over ours; secrets are refused."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for service in keys(var.environment) : contains(["producer", "s3-sink", "sf-loader", "dashboard", "auditor"], service)])
    error_message = "environment takes the names producer, s3-sink, sf-loader, dashboard and auditor."
  }

  validation {
    condition     = !anytrue(flatten([for variables in values(var.environment) : [for variable in keys(variables) : can(regex("PASSWORD|TOKEN|API_KEY$|SECRET|ACCESS_KEY", variable))]]))
    error_message = "environment must not hold secrets: they would be readable in the task definition. Put them into Secrets Manager."
  }
}

# Snowflake

variable "snowflake_account" {
  description = "Account identifier, organisation-account; needed as soon as image_tag is given."
  type        = string
  default     = null

  validation {
    condition     = var.snowflake_account == null || can(regex("^[A-Za-z0-9_.-]+$", coalesce(var.snowflake_account, "x")))
    error_message = "snowflake_account must be an account identifier such as myorg-myaccount, without https:// and .snowflakecomputing.com."
  }

  validation {
    condition     = var.image_tag == null || var.snowflake_account != null
    error_message = "snowflake_account is needed to run the services."
  }
}

variable "snowflake_principal_arn" {
  description = "STORAGE_AWS_IAM_USER_ARN from DESC INTEGRATION; null: the role for Snowflake exists and trusts nobody yet."
  type        = string
  default     = null

  validation {
    condition     = var.snowflake_principal_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", coalesce(var.snowflake_principal_arn, "x")))
    error_message = "snowflake_principal_arn must be the ARN of one IAM user or role, as DESC INTEGRATION shows it."
  }
}

variable "snowflake_external_id" {
  description = "External id that the integration is pinned to; null: a random one, kept in the state and shown as an output."
  type        = string
  default     = null

  validation {
    condition     = var.snowflake_external_id == null || can(regex("^[A-Za-z0-9+=,.@:/_-]{8,}$", coalesce(var.snowflake_external_id, "x")))
    error_message = "snowflake_external_id must have at least 8 letters, digits and +=,.@:/_-."
  }
}

variable "snowflake_database" {
  description = "Database of the schemas RAW and ANALYTICS."
  type        = string
  default     = "STOCKS"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", var.snowflake_database))
    error_message = "snowflake_database must be a plain identifier."
  }
}

variable "snowflake_warehouse" {
  description = "Virtual warehouse of all services."
  type        = string
  default     = "STOCK_WH"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", var.snowflake_warehouse))
    error_message = "snowflake_warehouse must be a plain identifier."
  }
}

variable "snowflake_integration" {
  description = "Storage integration of the stage, as stock-sf-loader setup names it."
  type        = string
  default     = "STOCK_S3"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", var.snowflake_integration))
    error_message = "snowflake_integration must be a plain identifier."
  }
}

variable "snowflake_users" {
  description = "The services' users in Snowflake, each of TYPE = SERVICE with a key pair of its own."
  type = object({
    loader    = optional(string, "STOCK_LOADER")
    auditor   = optional(string, "STOCK_AUDITOR")
    dashboard = optional(string, "STOCK_DASHBOARD")
  })
  default  = {}
  nullable = false
}

variable "snowflake_roles" {
  description = "Roles of the sessions: owner runs the migrations, loader loads, auditor reads RAW, reader sees ANALYTICS only."
  type = object({
    owner   = optional(string, "STOCK_OWNER")
    loader  = optional(string, "STOCK_LOADER")
    auditor = optional(string, "STOCK_AUDITOR")
    reader  = optional(string, "STOCK_READER")
  })
  default  = {}
  nullable = false
}

# Keeping, watching, spending

variable "raw_retention_days" {
  description = "Days that raw/ is kept; null: for ever. The warehouse can be rebuilt for no longer than this, and the audit needs it to outlive Kafka's 7 days."
  type        = number
  default     = null

  validation {
    condition     = var.raw_retention_days == null || coalesce(var.raw_retention_days, 30) >= 30
    error_message = "raw_retention_days must be at least 30: raw/ has to outlive the topics' retention with room for repairs."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept in CloudWatch."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a retention that CloudWatch knows: 7, 14, 30, 60, 90, 180, 365 …"
  }
}

variable "alarm_email" {
  description = "Address that alarms and budget warnings are sent to; null: a topic without subscribers."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", coalesce(var.alarm_email, "x")))
    error_message = "alarm_email must be an e-mail address."
  }
}

variable "freshness_minutes" {
  description = "Minutes of market hours without a new object on S3 that raise the alarm. On the free plan, whose data come after the close, there is no such alarm."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.freshness_minutes >= 5 && var.freshness_minutes <= 240 && floor(var.freshness_minutes) == var.freshness_minutes
    error_message = "freshness_minutes must be a whole number from 5 to 240."
  }
}

variable "budget_usd" {
  description = "Monthly budget of what carries our tags, in US dollars; warned at 80 % spent and at 100 % forecast. null: 60 on ec2, 320 on ecs. Snowflake and Alpha Vantage bill apart."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.budget_usd, 1) > 0
    error_message = "budget_usd must be above 0."
  }
}

variable "monitoring" {
  description = "Prometheus and Grafana as services of their own (ecs only)."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_protection" {
  description = "Refuses to delete the load balancer, and a bucket that holds data, until this is false."
  type        = bool
  default     = true
  nullable    = false
}
