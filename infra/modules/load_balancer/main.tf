# HTTPS in front of the dashboard. A viewer stays with one task: the page's session lives in its memory.
resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_28: allowed_cidrs and a sign-in stand in front of one page without forms. A WAF starts at five dollars a month
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.this.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  tags                       = { Name = var.name }

  dynamic "access_logs" {
    for_each = var.access_logs ? [var.log_bucket] : []

    content {
      bucket  = access_logs.value
      prefix  = "alb"
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each             = var.targets
  name                 = "${var.name}-${substr(each.key, 0, 7)}"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = each.value.port
  deregistration_delay = 30
  tags                 = { Name = "${var.name}-${each.key}" }

  health_check {
    path                = each.value.health
    interval            = 15
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 4
  }

  stickiness {
    type            = "lb_cookie"
    cookie_duration = 86400
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  tags              = { Name = "${var.name}-https" }

  dynamic "default_action" {
    for_each = var.oidc == null ? [] : [var.oidc]

    content {
      type  = "authenticate-oidc"
      order = 1

      authenticate_oidc {
        issuer                 = default_action.value.issuer
        authorization_endpoint = default_action.value.authorization_endpoint
        token_endpoint         = default_action.value.token_endpoint
        user_info_endpoint     = default_action.value.user_info_endpoint
        client_id              = default_action.value.client_id
        client_secret          = var.oidc_client_secret
        session_timeout        = 28800
      }
    }
  }

  default_action {
    type             = "forward"
    order            = var.oidc == null ? 1 : 2
    target_group_arn = one([for name, target in var.targets : aws_lb_target_group.this[name].arn if target.paths == null])
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  tags              = { Name = "${var.name}-http" }

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

# Pages besides the dashboard's, with the same sign-in.
resource "aws_lb_listener_rule" "path" {
  for_each     = { for name, target in var.targets : name => target if target.paths != null }
  listener_arn = aws_lb_listener.https.arn
  tags         = { Name = "${var.name}-${each.key}" }

  condition {
    path_pattern {
      values = each.value.paths
    }
  }

  dynamic "action" {
    for_each = var.oidc == null ? [] : [var.oidc]

    content {
      type  = "authenticate-oidc"
      order = 1

      authenticate_oidc {
        issuer                 = action.value.issuer
        authorization_endpoint = action.value.authorization_endpoint
        token_endpoint         = action.value.token_endpoint
        user_info_endpoint     = action.value.user_info_endpoint
        client_id              = action.value.client_id
        client_secret          = var.oidc_client_secret
        session_timeout        = 28800
      }
    }
  }

  action {
    type             = "forward"
    order            = var.oidc == null ? 1 : 2
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
}
