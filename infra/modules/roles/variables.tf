variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "arn" {
  description = "What ARNs here are made of. They are written, not read from resources, so that a plan shows every policy whole."
  type = object({
    partition = string
    region    = string
    account   = string
  })
}

variable "bucket" {
  description = "Bucket of raw/."
  type        = string
}

variable "flow_logs" {
  description = "Whether the VPC's refused packets are logged, which takes a role."
  type        = bool
}

variable "deployment" {
  description = "ec2: one role of the host, and one of each stage that calls AWS, which the host assumes for it. ecs: one task role and one execution role a stage."
  type        = string
}

variable "stages" {
  description = "Stage → what it may do on S3 (none, read, put), whether it calls AWS at all (role), and the full names of its secrets. topic is the ARN of an SNS topic that it publishes to."
  type = map(object({
    s3      = string
    role    = bool
    secrets = set(string)
    topic   = optional(string)
  }))
}

variable "state_access_points" {
  description = "Stage → ARN of the EFS access point that keeps its state (ecs)."
  type        = map(string)
}

variable "state_stages" {
  description = "Stages that have such an access point: known before it is made."
  type        = set(string)
}

variable "kms_key_arns" {
  description = "Keys that the secrets are encrypted with, besides Secrets Manager's own."
  type        = list(string)
}

variable "own_kms_key" {
  description = "Whether there is such a key: known before it is made."
  type        = bool
}

variable "snowflake_principal_arn" {
  description = "Who may assume the role for Snowflake. null means nobody."
  type        = string
}

variable "snowflake_external_id" {
  description = "External id that Snowflake must show."
  type        = string
}
