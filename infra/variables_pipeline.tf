# What the pipeline does: symbols, plan, cadence.

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
  description = "Seconds between two loads into Snowflake. Each wakes the warehouse for at least a minute: docs/how-to/cost.md has the price."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.load_interval_seconds >= 5 && var.load_interval_seconds <= 86400
    error_message = "load_interval_seconds must be from 5 to 86400."
  }
}

variable "environment" {
  description = "More variables of a service, by its name: { \"s3-sink\" = { LOG_LEVEL = \"DEBUG\" } }. They win over ours. Secrets are refused."
  type        = map(map(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for service in keys(var.environment) : contains(keys(local.entries), service)])
    error_message = "environment takes the names of the services in services.yaml: ${join(", ", keys(local.entries))}."
  }

  validation {
    condition     = !anytrue(flatten([for variables in values(var.environment) : [for variable in keys(variables) : can(regex("PASSWORD|TOKEN|API_KEY$|SECRET|ACCESS_KEY", variable))]]))
    error_message = "environment must not hold secrets: they would be readable in the task definition. Put them into Secrets Manager."
  }
}
