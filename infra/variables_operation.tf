# Retention, alarms, budget, monitoring, protection.

variable "raw_retention_days" {
  description = "Days that raw/ is kept. null keeps it for ever. The warehouse can be rebuilt for no longer than this, and the audit needs it to outlive Kafka's 7 days."
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

variable "access_logs" {
  description = "Access logs of the bucket and the load balancer, and the VPC's refused packets. null means on ecs only."
  type        = bool
  default     = null
}

variable "alarm_email" {
  description = "Address that alarms and budget warnings are sent to. null means a topic without subscribers."
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
  description = "Monthly budget of what has our tags, in US dollars. A warning comes at 80 % spent and at 100 % forecast. null means 60 on ec2, 350 on ecs, 390 with monitoring. Snowflake and Alpha Vantage send bills apart."
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
