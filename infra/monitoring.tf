# monitoring = true (ecs): Prometheus, Alertmanager, and Grafana under /grafana of the dashboard's address,
# at the same load balancer. Their configuration is that of ../monitoring, as in compose.yaml. Only addresses
# and paths differ. Prometheus keeps its series on the task's own disk: they are gone when the task is
# replaced, the logs and CloudWatch's metrics are not.
locals {
  monitoring = var.monitoring && local.ecs
  configured = "${path.root}/../monitoring"
  domain     = "${var.name}.internal"

  # A service that may run more than once has an address a task. Of the others the one name is the target:
  # when nobody answers to it, it is down, and not forgotten.
  targets_of = { for name, service in local.services : name => { for kind, targets in {
    dns_sd_configs = [{ names = ["${name}.${local.domain}"], type = "A", port = service.port, refresh_interval = "10s" }]
    static_configs = [{ targets = ["${name}.${local.domain}:${service.port}"] }]
  } : kind => targets if(kind == "dns_sd_configs") == (service.tasks.max > 1) } }

  prometheus = merge(yamldecode(file("${local.configured}/prometheus.yml")), {
    rule_files = ["/run/stock/rules/*.yml"]
    alerting   = { alertmanagers = [{ static_configs = [{ targets = ["alertmanager.${local.domain}:9093"] }] }] }
    scrape_configs = concat([for name in sort(keys(local.services)) : merge({ job_name = name }, local.targets_of[name])], [
      { job_name = "prometheus", static_configs = [{ targets = ["localhost:9090"] }] },
      { job_name = "alertmanager", static_configs = [{ targets = ["alertmanager.${local.domain}:9093"] }] },
    ])
  })

  # Alerts go where CloudWatch's alarms go.
  topic_arn = "arn:${local.partition}:sns:${var.region}:${local.account}:${var.name}-alarms"
  alertmanager = merge(yamldecode(file("${local.configured}/alertmanager.yml")), {
    receivers = [for name in ["pages", "tickets"] : { name = name, sns_configs = [{ topic_arn = local.topic_arn, sigv4 = { region = var.region } }] }]
  })

  sources = yamldecode(file("${local.configured}/grafana/provisioning/datasources/prometheus.yml"))
  boards  = yamldecode(file("${local.configured}/grafana/provisioning/dashboards/stock.yml"))

  monitors = { for name, monitor in {
    prometheus = {
      image   = "prom/prometheus:v3.13.4", cpu = 256, memory = 1024, port = 9090, user = "65534:65534", targets = {}, secrets = {}, topic = null
      command = ["--config.file=/run/stock/prometheus.yml", "--storage.tsdb.path=/tmp/prometheus", "--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=10GB"]
      health  = ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/healthy"]
      files = merge({ "prometheus.yml" = yamlencode(local.prometheus) }, {
        for path in fileset("${local.configured}/rules", "*.yml") : "rules/${path}" => file("${local.configured}/rules/${path}")
      })
      environment = {}
    }
    alertmanager = {
      image       = "prom/alertmanager:v0.34.1", cpu = 256, memory = 512, port = 9093, user = "65534:65534", targets = {}, secrets = {}, topic = local.topic_arn
      command     = ["--config.file=/run/stock/alertmanager.yml", "--storage.path=/tmp/alertmanager", "--cluster.listen-address="]
      health      = ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9093/-/healthy"]
      files       = { "alertmanager.yml" = yamlencode(local.alertmanager) }
      environment = {}
    }
    grafana = {
      image   = "grafana/grafana:13.3.0", cpu = 256, memory = 512, port = 3000, user = "472:0", command = null, topic = null
      targets = { grafana = { port = 3000, health = "/api/health", paths = ["/grafana", "/grafana/*"] } }
      secrets = { GF_SECURITY_ADMIN_PASSWORD = "${var.name}/grafana" }
      health  = ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"]
      files = merge({
        "datasources/prometheus.yml" = yamlencode(merge(local.sources, { datasources = [for source in local.sources.datasources : merge(source, { url = "http://prometheus.${local.domain}:9090" })] }))
        "dashboards/stock.yml"       = yamlencode(merge(local.boards, { providers = [for provider in local.boards.providers : merge(provider, { options = { path = "/run/stock/boards" } })] }))
        }, {
        for path in fileset("${local.configured}/grafana/dashboards", "*.json") : "boards/${path}" => jsonencode(jsondecode(file("${local.configured}/grafana/dashboards/${path}")))
      })
      environment = {
        GF_PATHS_PROVISIONING                     = "/run/stock"
        GF_PATHS_DATA                             = "/tmp/grafana"
        GF_SERVER_ROOT_URL                        = "%(protocol)s://%(domain)s/grafana/"
        GF_SERVER_SERVE_FROM_SUB_PATH             = "true"
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH = "/run/stock/boards/overview.json"
        GF_ANALYTICS_REPORTING_ENABLED            = "false"
        GF_ANALYTICS_CHECK_FOR_UPDATES            = "false"
        GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES     = "false"
        GF_PLUGINS_PREINSTALL_DISABLED            = "true"
        GF_LOG_MODE                               = "console"
      }
    }
  } : name => monitor if local.monitoring }

  monitoring_targets = merge([for monitor in values(local.monitors) : monitor.targets]...)
  monitoring_stages  = { for name, monitor in local.monitors : name => { s3 = "none", role = monitor.topic != null, secrets = toset(values(monitor.secrets)), topic = monitor.topic } }
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
