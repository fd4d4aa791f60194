# deployment = "ec2"
module "host" {
  source           = "./modules/host"
  count            = local.ec2 && local.running ? 1 : 0
  name             = var.name
  region           = var.region
  vpc_id           = local.vpc_id
  subnet_id        = local.public_subnet_ids[0]
  instance_type    = var.instance_type
  instance_profile = module.roles.instance_profile
  key_name         = var.key_name
  spot             = var.spot
  data_volume_gb   = var.data_volume_gb
  allowed_cidrs    = var.allowed_cidrs
  kafka_egress     = local.kafka_egress
  own_kafka        = local.own_broker
  bucket           = local.bucket
  made_bucket      = var.existing_bucket != null ? var.existing_bucket : module.storage[0].bucket
  tags             = local.tags

  services = { for name, service in local.services : name => {
    image        = local.images[name]
    memory       = local.host_memory[name]
    metrics_port = service.port
    environment  = local.environment[name]
    secrets      = service.secrets
    secret_files = local.key_secrets[name]
    state        = service.state
    jobs         = local.jobs[name]
    health       = local.health[name]
  } }

  log_groups = {
    "producer.log"         = module.logs.names["producer"]
    "consumer.log"         = module.logs.names["s3-sink"]
    "snowflake_loader.log" = module.logs.names["sf-loader"]
    "streamlit.log"        = module.logs.names["dashboard"]
    "auditor.log"          = module.logs.names["auditor"]
    "kafka.log"            = module.logs.names["kafka"]
    "zookeeper.log"        = module.logs.names["zookeeper"]
  }

  scripts = { for script in ["setup_kafka.sh", "systemd/kafka.service", "systemd/zookeeper.service"] : basename(script) => file("${path.root}/scripts/${script}") }
}

locals {
  # MiB of the containers; Kafka and ZooKeeper take about 1,100 of a t3.medium's 4,096.
  host_memory = { producer = 384, s3-sink = 640, sf-loader = 512, dashboard = 640, auditor = 512 }
}
