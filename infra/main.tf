# Wiring only: which module gets what. What each service is given stands in services.tf.
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394: zones are taken in the order of their names, and a new zone comes last; existing_vpc pins subnets
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "random_id" "suffix" {
  count       = var.name_suffix == null ? 1 : 0
  byte_length = 4
}

resource "random_uuid" "external_id" {
  count = var.snowflake_external_id == null ? 1 : 0
}

locals {
  ec2     = var.deployment == "ec2"
  ecs     = var.deployment == "ecs"
  running = var.image_tag != null
  # Brokers of our own: on the host, or MSK.
  msk = local.ecs && var.kafka == null

  tags = { Project = var.name, ManagedBy = "terraform", Deployment = var.deployment }

  account       = data.aws_caller_identity.current.account_id
  partition     = data.aws_partition.current.partition
  suffix        = var.name_suffix != null ? var.name_suffix : random_id.suffix[0].hex
  external_id   = var.snowflake_external_id != null ? var.snowflake_external_id : random_uuid.external_id[0].result
  bucket        = var.existing_bucket != null ? var.existing_bucket : "${var.name}-${local.suffix}"
  recovery_days = var.deletion_protection ? 7 : 0

  zones              = slice(data.aws_availability_zones.available.names, 0, local.ecs ? 3 : 1)
  vpc_id             = var.existing_vpc != null ? var.existing_vpc.id : module.network[0].vpc_id
  public_subnet_ids  = var.existing_vpc != null ? var.existing_vpc.public_subnet_ids : module.network[0].public_subnet_ids
  private_subnet_ids = var.existing_vpc != null ? var.existing_vpc.private_subnet_ids : module.network[0].private_subnet_ids
  private_count      = var.existing_vpc != null ? length(var.existing_vpc.private_subnet_ids) : length(local.zones)

  # Where clients may go, when the brokers are the user's: each network, each port of the list.
  kafka_egress = var.kafka == null ? [] : [for pair in setproduct(var.kafka.cidrs, distinct([for server in split(",", var.kafka.bootstrap_servers) : split(":", trimspace(server))[1]])) :
    { cidr = pair[0], port = tonumber(pair[1]) }
  ]
}

module "network" {
  source             = "./modules/network"
  count              = var.existing_vpc == null ? 1 : 0
  name               = var.name
  cidr               = var.vpc_cidr
  zones              = local.zones
  private            = local.ecs
  flow_log_role_arn  = module.roles.flow_log_role_arn
  log_retention_days = var.log_retention_days
}

module "storage" {
  source             = "./modules/storage"
  count              = var.existing_bucket == null ? 1 : 0
  bucket             = local.bucket
  log_bucket         = "${local.bucket}-logs"
  account_id         = local.account
  partition          = local.partition
  raw_retention_days = var.raw_retention_days
  force_destroy      = !var.deletion_protection
}

module "roles" {
  source                  = "./modules/roles"
  name                    = var.name
  arn                     = { partition = local.partition, region = var.region, account = local.account }
  bucket                  = local.bucket
  deployment              = var.deployment
  stages                  = local.stages
  state_stages            = local.state_stages
  state_access_points     = local.ecs ? module.cluster[0].state_access_point_arns : {}
  own_kms_key             = local.msk
  kms_key_arns            = module.msk[*].kms_key_arn
  snowflake_principal_arn = var.snowflake_principal_arn
  snowflake_external_id   = local.external_id
}

module "secrets" {
  source        = "./modules/secrets"
  name          = var.name
  secrets       = local.secrets
  recovery_days = local.recovery_days
}

module "registry" {
  source       = "./modules/registry"
  name         = var.name
  services     = toset(keys(local.services))
  force_delete = !var.deletion_protection
}

module "logs" {
  source         = "./modules/logs"
  name           = var.name
  groups         = toset(concat(keys(local.services), local.ec2 ? ["kafka", "zookeeper"] : local.msk ? ["msk"] : [], keys(local.monitors)))
  retention_days = var.log_retention_days
}

module "alarms" {
  source            = "./modules/alarms"
  name              = var.name
  email             = var.alarm_email
  account_id        = local.account
  budget_usd        = var.budget_usd != null ? var.budget_usd : local.ec2 ? 60 : 320
  freshness_minutes = local.running && var.alpha_vantage_plan != "free" ? var.freshness_minutes : null
  watch_host        = local.ec2 && local.running
  instance_id       = one(module.host[*].instance_id)
  data_device_path  = "/var/lib/stock-pipeline"
  ecs_services      = local.ecs && local.running ? { for name in keys(local.services) : name => { cluster = var.name, service = name } } : {}
  msk_cluster       = local.msk ? var.name : null
}
