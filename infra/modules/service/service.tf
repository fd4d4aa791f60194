resource "aws_service_discovery_service" "this" {
  name = var.stage
  # A task that is still ending is no reason to keep the name.
  force_destroy = true
  tags          = { Name = "${var.name}-${var.stage}" }

  dns_config {
    namespace_id   = var.place.namespace_id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

resource "aws_ecs_service" "this" {
  name                               = var.stage
  cluster                            = var.place.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.tasks.min
  deployment_minimum_healthy_percent = var.one_at_a_time ? 0 : 100
  deployment_maximum_percent         = var.one_at_a_time ? 100 : 200
  health_check_grace_period_seconds  = var.behind_load_balancer ? 120 : null
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = true
  # ECS takes another capacity provider (spot) with a new deployment only.
  force_new_deployment = true
  tags                 = { Name = "${var.name}-${var.stage}" }

  capacity_provider_strategy {
    capacity_provider = var.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.place.subnet_ids
    security_groups  = var.place.security_group_ids
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this.arn
  }

  dynamic "load_balancer" {
    for_each = var.behind_load_balancer ? [var.target_group_arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = var.stage
      container_port   = var.target_port
    }
  }

  timeouts {
    create = "20m"
    update = "20m"
  }

  # Autoscaling moves it.
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "this" {
  count              = var.tasks.max > var.tasks.min ? 1 : 0
  service_namespace  = "ecs"
  resource_id        = "service/${var.place.cluster_name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
  tags               = { Name = "${var.name}-${var.stage}" }
}

# Slowly down: each move of the sink makes its group rebalance.
resource "aws_appautoscaling_policy" "cpu" {
  count              = var.tasks.max > var.tasks.min ? 1 : 0
  name               = "${var.name}-${var.stage}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 600
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
