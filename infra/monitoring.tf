# monitoring = true (ecs): Prometheus, and Grafana under /grafana of the dashboard's address, behind the same sign-in. Prometheus keeps
# its series on the task's own disk: they are gone when the task is replaced, the logs and CloudWatch's metrics are not.
locals {
  monitoring = var.monitoring && local.ecs
  monitors = { for name, monitor in {
    prometheus = {
      image   = "prom/prometheus:v3.5.0", cpu = 256, memory = 1024, port = 9090, user = "65534:65534", targets = {}, secrets = {}
      command = ["--config.file=/run/stock/prometheus.yml", "--storage.tsdb.path=/tmp/prometheus", "--storage.tsdb.retention.time=15d"]
      health  = ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/healthy"]
      files = { "prometheus.yml" = yamlencode({
        global = { scrape_interval = "15s" }
        scrape_configs = [for service in sort(keys(local.services)) : {
          job_name       = service
          dns_sd_configs = [{ names = ["${service}.${var.name}.internal"], type = "A", port = local.services[service].port, refresh_interval = "15s" }]
        }]
      }) }
      environment = {}
    }
    grafana = {
      image   = "grafana/grafana:12.2.0", cpu = 256, memory = 512, port = 3000, user = "472:0", command = null
      targets = { grafana = { port = 3000, health = "/api/health", paths = ["/grafana", "/grafana/*"] } }
      secrets = { GF_SECURITY_ADMIN_PASSWORD = "${var.name}/grafana" }
      health  = ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"]
      files = { "datasources/prometheus.yml" = yamlencode({
        apiVersion  = 1
        datasources = [{ name = "Prometheus", type = "prometheus", url = "http://prometheus.${var.name}.internal:9090", isDefault = true }]
      }) }
      environment = {
        GF_PATHS_PROVISIONING          = "/run/stock"
        GF_PATHS_DATA                  = "/tmp/grafana"
        GF_SERVER_ROOT_URL             = "%(protocol)s://%(domain)s/grafana/"
        GF_SERVER_SERVE_FROM_SUB_PATH  = "true"
        GF_ANALYTICS_REPORTING_ENABLED = "false"
      }
    }
  } : name => monitor if local.monitoring }

  monitoring_targets = merge([for monitor in values(local.monitors) : monitor.targets]...)
  monitoring_stages  = { for name, monitor in local.monitors : name => { s3 = "none", secrets = toset(values(monitor.secrets)) } }
  monitoring_secrets = local.monitoring ? { grafana = "Password of Grafana's administrator" } : {}
}

module "monitor" {
  source               = "./modules/service"
  for_each             = { for name, monitor in local.monitors : name => monitor if local.running }
  name                 = var.name
  stage                = each.key
  image                = each.value.image
  command              = each.value.command
  cpu                  = each.value.cpu
  memory               = each.value.memory
  user                 = each.value.user
  ports                = [each.value.port]
  environment          = each.value.environment
  secrets              = { for variable, secret in each.value.secrets : variable => local.secret_arns[secret] }
  files                = each.value.files
  health_command       = each.value.health
  log_group            = module.logs.names[each.key]
  place                = local.place
  task_role_arn        = module.roles.task_role_arns[each.key]
  execution_role_arn   = module.roles.execution_role_arns[each.key]
  behind_load_balancer = length(each.value.targets) > 0
  target_group_arn     = lookup(module.load_balancer[0].target_group_arns, each.key, null)
  target_port          = each.value.port
}
