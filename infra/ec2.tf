# deployment = "ec2"
module "host" {
  source                = "./modules/host"
  count                 = local.ec2 && local.running ? 1 : 0
  name                  = var.name
  region                = var.region
  vpc_id                = local.vpc_id
  subnet_id             = local.public_subnet_ids[0]
  instance_type         = var.instance_type
  address_allocation_id = module.address[0].allocation_id
  instance_profile      = module.roles.instance_profile
  key_name              = var.key_name
  spot                  = var.spot
  data_volume_gb        = var.data_volume_gb
  final_snapshot        = var.deletion_protection
  allowed_cidrs         = var.allowed_cidrs
  kafka_egress          = local.kafka_egress
  own_kafka             = local.own_broker
  bucket                = local.bucket
  made_bucket           = var.existing_bucket != null ? var.existing_bucket : module.storage[0].bucket
  tags                  = local.tags

  services = { for name, service in local.services : name => {
    image        = local.images[name]
    memory       = service.host_memory
    metrics_port = service.port
    environment  = local.environment[name]
    secrets      = service.secrets
    secret_files = local.key_secrets[name]
    state        = service.state
    role_arn     = lookup(local.role_arns, name, null)
    jobs         = local.jobs[name]
    health       = local.health[name]
  } }

  log_groups = merge(
    { for name, service in local.services : service.log_file => module.logs.names[name] },
    { for name in ["host", "kafka", "zookeeper"] : "${name}.log" => module.logs.names[name] },
  )

  scripts = { for script in ["setup_kafka.sh", "systemd/kafka.service", "systemd/zookeeper.service"] : basename(script) => file("${path.root}/scripts/${script}") }
}
