# Who reaches the dashboard, and by which sign-in.

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
  description = "Confirms that all the world may read the dashboard without signing in (ecs only)."
  type        = bool
  default     = false
  nullable    = false
}

variable "certificate_arn" {
  description = "ACM certificate of the dashboard's name, for HTTPS. Needed on ecs."
  type        = string
  default     = null

  validation {
    condition     = var.deployment != "ecs" || can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "On ecs certificate_arn must name an ACM certificate: the dashboard is served by HTTPS only."
  }
}

variable "dashboard_sign_in" {
  description = "Identity provider (OIDC) that the dashboard itself asks for a sign-in (ecs only). Its secrets go into <name>/dashboard-sign-in, not into the state. allowed: addresses and @domains, empty for all of the provider's."
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
  description = "Identity provider that the load balancer asks for a sign-in, before dashboard and Grafana (ecs only). null means dashboard_sign_in and allowed_cidrs decide."
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
  description = "The identity provider's client secret. It is the one secret in the state, because the load balancer takes it as an argument."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = (var.oidc == null) == (var.oidc_client_secret == null)
    error_message = "oidc and oidc_client_secret are given together, or neither."
  }
}
