variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "stage" {
  description = "The stage's name: producer, s3-sink …"
  type        = string
}

variable "image" {
  description = "Image with its tag."
  type        = string
}

variable "command" {
  description = "Command in place of the image's. null means the image's."
  type        = list(string)
  default     = null
}

variable "jobs" {
  description = "Commands that must end with success before the service starts, in order, in the service's image, with its environment and secrets and their own, which win."
  type = list(object({
    name        = string
    command     = list(string)
    environment = optional(map(string), {})
    secrets     = optional(map(string), {})
  }))
  default = []
}

variable "cpu" {
  description = "Fargate's CPU units of the task. 1024 are one core."
  type        = number
}

variable "memory" {
  description = "MiB of memory of the task."
  type        = number
}

variable "user" {
  description = "User and group that the container runs as."
  type        = string
  default     = "10001:10001"
}

variable "environment" {
  description = "Variable → value. Nothing secret: they stand in the task definition."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Variable → ARN of a secret, or ARN:key:: for one key of a JSON secret."
  type        = map(string)
  default     = {}
}

variable "files" {
  description = "Path under /run/stock → contents, written before the start. Nothing secret."
  type        = map(string)
  default     = {}
}

variable "secret_files" {
  description = "Path under /run/stock → ARN of a secret whose value is written there, readable by the container's user only."
  type        = map(string)
  default     = {}
}

variable "ports" {
  description = "Ports that the container listens on, the one of its health first."
  type        = list(number)
}

variable "health_command" {
  description = "Command that ends with success while the service is healthy."
  type        = list(string)
}

variable "log_group" {
  description = "Log group that it writes to."
  type        = string
}

variable "place" {
  description = "Where it runs, the same for every stage: cluster, Cloud Map namespace (found as <stage>.<namespace>), subnets, security groups."
  type = object({
    region             = string
    cluster_arn        = string
    cluster_name       = string
    namespace_id       = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
}

variable "task_role_arn" {
  description = "Role of the code."
  type        = string
}

variable "execution_role_arn" {
  description = "Role that starts it."
  type        = string
}

variable "tasks" {
  description = "How many tasks: min at first, up to max by CPU where max is greater."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 1 }
}

variable "one_at_a_time" {
  description = "Whether the old task must end before the new one starts: for a service that owns files."
  type        = bool
  default     = false
}

variable "spot" {
  description = "Whether it runs on Fargate Spot."
  type        = bool
  default     = false
}

variable "state" {
  description = "EFS file system and access point mounted at /state. null means none."
  type        = object({ file_system_id = string, access_point_id = string })
  default     = null
}

variable "target_group_arn" {
  description = "Load balancer's target group. null means none."
  type        = string
  default     = null
}

variable "behind_load_balancer" {
  description = "Whether there is a target group: known before it is made."
  type        = bool
  default     = false
}

variable "target_port" {
  description = "Port that the load balancer talks to."
  type        = number
  default     = null
}
