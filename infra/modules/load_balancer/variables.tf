variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the load balancer."
  type        = string
}

variable "subnet_ids" {
  description = "Two public subnets or more."
  type        = list(string)
}

variable "allowed_cidrs" {
  description = "Networks that may reach it."
  type        = list(string)
}

variable "certificate_arn" {
  description = "Its certificate."
  type        = string
}

variable "oidc" {
  description = "Identity provider. null means nobody signs in."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
  })
}

variable "oidc_client_secret" {
  description = "The identity provider's client secret."
  type        = string
  sensitive   = true
}

variable "task_security_group_id" {
  description = "Security group of the tasks that it forwards to."
  type        = string
}

variable "targets" {
  description = "Service → port, path of its health, and the paths that are its own. null paths: everything else (one service)."
  type = map(object({
    port   = number
    health = string
    paths  = list(string)
  }))
}

variable "log_bucket" {
  description = "Bucket of its access logs. null means none are written."
  type        = string
}

variable "access_logs" {
  description = "Whether there is such a bucket: known before it is made."
  type        = bool
}

variable "deletion_protection" {
  description = "Refuses to be deleted."
  type        = bool
}
