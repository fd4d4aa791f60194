# The account, its users, roles and the storage integration.

variable "snowflake_account" {
  description = "Account identifier, organisation-account. Needed as soon as image_tag is given."
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
  description = "STORAGE_AWS_IAM_USER_ARN from DESC INTEGRATION. null means the role for Snowflake exists and trusts nobody yet."
  type        = string
  default     = null

  validation {
    condition     = var.snowflake_principal_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", coalesce(var.snowflake_principal_arn, "x")))
    error_message = "snowflake_principal_arn must be the ARN of one IAM user or role, as DESC INTEGRATION shows it."
  }
}

variable "snowflake_external_id" {
  description = "External id that the integration is pinned to. null means a random one, kept in the state and shown as an output."
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
  description = "Virtual warehouse of the loader and the auditor."
  type        = string
  default     = "STOCK_WH"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", var.snowflake_warehouse))
    error_message = "snowflake_warehouse must be a plain identifier."
  }
}

variable "snowflake_reader_warehouse" {
  description = "Virtual warehouse of the dashboard, so that its questions do not wait for loads. snowflake_warehouse's name makes it one for all."
  type        = string
  default     = "STOCK_READ_WH"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_$]{0,254}$", var.snowflake_reader_warehouse))
    error_message = "snowflake_reader_warehouse must be a plain identifier."
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

variable "snowflake_sign_in" {
  description = "How the services sign in. identity: each as its own role on AWS, without a key. key: each by a key pair, whose private key is a secret."
  type        = string
  default     = "identity"
  nullable    = false

  validation {
    condition     = contains(["identity", "key"], var.snowflake_sign_in)
    error_message = "snowflake_sign_in must be identity (the services' roles on AWS) or key (key pairs)."
  }
}

variable "snowflake_users" {
  description = "The services' users in Snowflake, each of TYPE = SERVICE."
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
