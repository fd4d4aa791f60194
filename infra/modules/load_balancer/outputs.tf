output "target_group_arns" {
  description = "Service → target group, once the listener forwards to it: ECS refuses a target group without a listener."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn }
  depends_on  = [aws_lb_listener.https, aws_lb_listener_rule.path]
}

output "dns_name" {
  description = "Name that the certificate's name is pointed to (CNAME or alias)."
  value       = aws_lb.this.dns_name
}
