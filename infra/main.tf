# Wiring only: which module gets what. What each service is given stands in services.tf.
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394: a subnet keeps the zone that it was made in (modules/network), whatever is available later
  state = "available"
  # MSK and t3 are not offered there: https://docs.aws.amazon.com/msk/latest/developerguide/msk-create-cluster.html
  exclude_zone_ids = ["use1-az3"]

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = var.existing_vpc != null || length(var.zones != null ? var.zones : self.names) >= local.fewest_zones
      error_message = "${var.region} offers this account ${length(self.names)} availability zones, and zones may name some of them. This deployment needs ${local.fewest_zones}: MSK three, ecs with brokers of your own (kafka) two, ec2 one. Take another region, or ec2."
    }
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
  msk         = local.ecs && var.kafka == null
  msk_running = local.msk && local.running

  # On one host that nobody reaches they would say little.
  access_logs = var.access_logs != null ? var.access_logs : local.ecs

  tags = { Project = var.name, ManagedBy = "terraform", Deployment = var.deployment }

  account       = data.aws_caller_identity.current.account_id
  partition     = data.aws_partition.current.partition
  suffix        = var.name_suffix != null ? var.name_suffix : random_id.suffix[0].hex
  external_id   = var.snowflake_external_id != null ? var.snowflake_external_id : random_uuid.external_id[0].result
  bucket        = var.existing_bucket != null ? var.existing_bucket : "${var.name}-${local.suffix}"
  recovery_days = var.deletion_protection ? 7 : 0

  offered            = var.zones != null ? var.zones : data.aws_availability_zones.available.names
  fewest_zones       = local.msk ? 3 : local.ecs ? 2 : 1
  zones              = slice(local.offered, 0, min(local.ecs ? 3 : 1, length(local.offered)))
  vpc_id             = var.existing_vpc != null ? var.existing_vpc.id : module.network[0].vpc_id
  public_subnet_ids  = var.existing_vpc != null ? var.existing_vpc.public_subnet_ids : module.network[0].public_subnet_ids
  private_subnet_ids = var.existing_vpc != null ? var.existing_vpc.private_subnet_ids : module.network[0].private_subnet_ids
  private_count      = var.existing_vpc != null ? length(var.existing_vpc.private_subnet_ids) : length(local.zones)

  # Where clients may go, when the brokers are the user's: each network, each port of the list.
  kafka_egress = var.kafka == null ? [] : [for pair in setproduct(var.kafka.cidrs, distinct([for server in split(",", var.kafka.bootstrap_servers) : split(":", trimspace(server))[1]])) :
    { cidr = pair[0], port = tonumber(pair[1]) }
  ]
}

# It stays when the host is stopped or replaced.
module "address" {
  source = "./modules/address"
  count  = local.running && (local.ec2 || var.existing_vpc == null) ? 1 : 0
  name   = "${var.name}-${local.ec2 ? "host" : "nat"}"
}

module "network" {
  source             = "./modules/network"
  count              = var.existing_vpc == null ? 1 : 0
  name               = var.name
  cidr               = var.vpc_cidr
  zones              = local.zones
  private            = local.ecs
  nat                = local.ecs && local.running
  nat_allocation_id  = one(module.address[*].allocation_id)
  flow_logs          = local.access_logs
  flow_log_role_arn  = module.roles.flow_log_role_arn
  log_retention_days = var.log_retention_days
}

module "storage" {
  source             = "./modules/storage"
  count              = var.existing_bucket == null ? 1 : 0
  bucket             = local.bucket
  log_bucket         = local.access_logs ? "${local.bucket}-logs" : null
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
  flow_logs               = local.access_logs && var.existing_vpc == null
  deployment              = var.deployment
  stages                  = local.stages
  state_stages            = local.state_stages
  state_access_points     = local.ecs && local.running ? module.cluster[0].state_access_point_arns : {}
  own_kms_key             = local.msk_running
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
  groups         = toset(concat(keys(local.services), local.ec2 ? ["host", "kafka", "zookeeper"] : local.msk ? ["msk"] : [], keys(local.monitors)))
  watched        = toset(concat(keys(local.services), local.ec2 ? ["host"] : []))
  retention_days = var.log_retention_days
}

module "alarms" {
  source            = "./modules/alarms"
  name              = var.name
  email             = var.alarm_email
  account_id        = local.account
  budget_usd        = var.budget_usd != null ? var.budget_usd : local.ec2 ? 60 : var.monitoring ? 390 : 350
  running           = local.running
  freshness_minutes = local.running && var.alpha_vantage_plan != "free" ? var.freshness_minutes : null
  watch_host        = local.ec2 && local.running
  instance_id       = one(module.host[*].instance_id)
  data_device_path  = "/var/lib/stock-pipeline"
  # By the services and not by their names: an alarm that is there first would mail.
  ecs_services = { for name, service in merge(module.service, module.reader) : name => { cluster = var.name, service = service.service_name } }
  watch_msk    = local.msk_running
  msk_cluster  = one(module.msk[*].cluster_name)
}
