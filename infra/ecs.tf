# deployment = "ecs"
module "cluster" {
  source        = "./modules/cluster"
  count         = local.ecs && local.running ? 1 : 0
  name          = var.name
  vpc_id        = local.vpc_id
  subnet_ids    = local.private_subnet_ids
  subnet_count  = local.private_count
  state_stages  = local.state_stages
  metrics_ports = { from = 9090, to = max(values(local.services)[*].port...) }
  kafka_egress  = local.kafka_egress
}

module "msk" {
  source                   = "./modules/msk"
  count                    = local.msk_running ? 1 : 0
  name                     = var.name
  account_id               = local.account
  vpc_id                   = local.vpc_id
  subnet_ids               = slice(local.private_subnet_ids, 0, min(3, local.private_count))
  client_security_group_id = module.cluster[0].security_group_id
  kafka_version            = var.msk_kafka_version
  instance_type            = var.msk_instance_type
  log_group                = module.logs.names["msk"]
  recovery_days            = local.recovery_days
  users                    = local.kafka_users
}

module "load_balancer" {
  source                 = "./modules/load_balancer"
  count                  = local.ecs && local.running ? 1 : 0
  name                   = var.name
  vpc_id                 = local.vpc_id
  subnet_ids             = local.public_subnet_ids
  allowed_cidrs          = var.allowed_cidrs
  certificate_arn        = var.certificate_arn
  oidc                   = var.oidc
  oidc_client_secret     = var.oidc_client_secret
  task_security_group_id = module.cluster[0].security_group_id
  targets                = local.targets
  log_bucket             = one(module.storage[*].log_bucket)
  access_logs            = local.access_logs && var.existing_bucket == null
  deletion_protection    = var.deletion_protection
}

locals {
  running_on_ecs = { for name, service in local.services : name => service if local.ecs && local.running }

  # ECS takes ARN:key:: for one key of a JSON secret.
  secret_arns = merge(
    { for name, arn in module.secrets.arns : "${var.name}/${name}" => arn },
    { for user, arn in merge({}, module.msk[*].secret_arns...) : "AmazonMSK_${var.name}_${user}" => arn },
  )
  reference_of = { for secret in distinct(flatten(values(local.all_secrets))) : secret =>
    strcontains(secret, "#") ? "${local.secret_arns[split("#", secret)[0]]}:${split("#", secret)[1]}::" : local.secret_arns[secret] if local.ecs && local.running
  }
  secret_references = { for name, service in local.running_on_ecs : name => { for variable, secret in service.secrets : variable => local.reference_of[secret] } }
  ecs_jobs = { for name, service in local.running_on_ecs : name => [for job in local.jobs[name] :
    merge(job, { secrets = { for variable, secret in job.secrets : variable => local.reference_of[secret] } })
  ] }

  place = {
    region             = var.region
    cluster_arn        = one(module.cluster[*].arn)
    cluster_name       = one(module.cluster[*].name)
    namespace_id       = one(module.cluster[*].namespace_id)
    subnet_ids         = local.private_subnet_ids
    security_group_ids = module.cluster[*].security_group_id
  }

  targets = merge({ for name, service in local.services : name => merge(service.page, { paths = null }) if service.page != null }, local.monitoring_targets)
}

module "service" {
  source             = "./modules/service"
  for_each           = { for name, service in local.running_on_ecs : name => service if !service.reads }
  name               = var.name
  stage              = each.key
  image              = local.images[each.key]
  jobs               = local.ecs_jobs[each.key]
  cpu                = each.value.cpu
  memory             = each.value.memory
  tasks              = each.value.tasks
  spot               = each.value.spot
  one_at_a_time      = each.value.state
  ports              = [tonumber(local.environment[each.key].METRICS_PORT)]
  environment        = local.environment[each.key]
  secrets            = local.secret_references[each.key]
  secret_files       = { for file, secret in local.key_secrets[each.key] : file => local.secret_arns[secret] }
  state              = each.value.state ? module.cluster[0].state[each.key] : null
  health_command     = local.health[each.key]
  log_group          = module.logs.names[each.key]
  place              = local.place
  task_role_arn      = module.roles.task_role_arns[each.key]
  execution_role_arn = module.roles.execution_role_arns[each.key]
}

module "reader" {
  source               = "./modules/service"
  for_each             = { for name, service in local.running_on_ecs : name => service if service.reads }
  name                 = var.name
  stage                = each.key
  image                = local.images[each.key]
  jobs                 = local.ecs_jobs[each.key]
  cpu                  = each.value.cpu
  memory               = each.value.memory
  tasks                = each.value.tasks
  spot                 = each.value.spot
  ports                = concat([tonumber(local.environment[each.key].METRICS_PORT)], [for name, target in local.targets : target.port if name == each.key])
  environment          = local.environment[each.key]
  secrets              = local.secret_references[each.key]
  secret_files         = { for file, secret in local.key_secrets[each.key] : file => local.secret_arns[secret] }
  health_command       = local.health[each.key]
  log_group            = module.logs.names[each.key]
  place                = local.place
  task_role_arn        = module.roles.task_role_arns[each.key]
  execution_role_arn   = module.roles.execution_role_arns[each.key]
  behind_load_balancer = contains(keys(local.targets), each.key)
  target_group_arn     = lookup(module.load_balancer[0].target_group_arns, each.key, null)
  target_port          = try(local.targets[each.key].port, null)
  depends_on           = [module.service]
}
