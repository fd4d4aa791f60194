variable "bucket" {
  description = "Name of the bucket of raw/."
  type        = string
}

variable "log_bucket" {
  description = "Name of the bucket of access logs. null means none."
  type        = string
}

variable "account_id" {
  description = "The account, which alone may send access logs."
  type        = string
}

variable "partition" {
  description = "The partition of ARNs, aws as a rule."
  type        = string
}

variable "raw_retention_days" {
  description = "Days that raw/ is kept. null keeps it for ever."
  type        = number
}

variable "force_destroy" {
  description = "Whether the buckets may be deleted with what they hold."
  type        = bool
}
