# One host: Kafka and ZooKeeper under systemd, the services in containers, data on a disk that
# outlives it.
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

data "aws_subnet" "this" {
  id = var.subnet_id
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_126: the CloudWatch agent already sends memory and disk each minute. Detailed monitoring would bill the rest twice
  #checkov:skip=CKV_AWS_88: it asks Alpha Vantage and Snowflake itself, which spares a NAT of 33 dollars a month. Nothing may come in
  ami                    = data.aws_ssm_parameter.ami.insecure_value
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  vpc_security_group_ids = [aws_security_group.this.id]
  # For the first boot. From then on it has an address that stays.
  associate_public_ip_address = true
  iam_instance_profile        = var.instance_profile
  key_name                    = var.key_name
  ebs_optimized               = true
  tags                        = { Name = var.name }

  # Nothing secret, and nothing that changes with a setting: those are in deploy/ of the bucket, and the host
  # takes them at each boot and each deploy.
  user_data = templatefile("${path.module}/files/user_data.sh.tftpl", {
    bucket = var.bucket
    region = var.region
    begin  = file("${path.module}/files/begin.sh")
    unit   = file("${path.module}/files/stock-pipeline.service")
  })

  # Containers share the host's network, so one hop is enough. Those that need no role are kept from it by their
  # group: stock-pipeline.service.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 20
    tags        = merge(var.tags, { Name = "${var.name}-system" })
  }

  dynamic "instance_market_options" {
    for_each = var.spot ? ["spot"] : []

    content {
      market_type = "spot"

      spot_options {
        spot_instance_type             = "persistent"
        instance_interruption_behavior = "stop"
      }
    }
  }

  # A newer AMI is no reason to replace the host. To take one:
  # terraform apply -replace='module.host[0].aws_instance.this'
  # A stopped host has no public address, which is no reason either. What user_data leaves is renewed by set_up.sh.
  lifecycle {
    ignore_changes = [ami, associate_public_ip_address, user_data]
  }

  depends_on = [aws_s3_object.deploy]
}

resource "aws_eip_association" "this" {
  allocation_id = var.address_allocation_id
  instance_id   = aws_instance.this.id
}

resource "aws_ebs_volume" "data" {
  #checkov:skip=CKV_AWS_189: AWS's own key encrypts it. A key of ours costs a dollar a month and keeps out nobody who is not in the account already
  availability_zone = data.aws_subnet.this.availability_zone
  size              = var.data_volume_gb
  type              = "gp3"
  encrypted         = true
  # With deletion_protection, whatever deletes it leaves a snapshot.
  final_snapshot = var.final_snapshot
  tags           = { Name = "${var.name}-data" }

  # It stays where it is, whatever the subnet is.
  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.data.id
  instance_id                    = aws_instance.this.id
  stop_instance_before_detaching = true
}

resource "aws_security_group" "this" {
  name        = "${var.name}-host"
  description = "The pipeline's host"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-host" }
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = { for rule in setproduct(var.allowed_cidrs, concat([8501], [for port in [22] : port if var.key_name != null])) :
  "${rule[0]}:${rule[1]}" => { cidr = rule[0], port = rule[1] } }
  security_group_id = aws_security_group.this.id
  description       = each.value.port == 22 ? "SSH" : "Dashboard"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = { Name = "${var.name}-host" }
}

# Alpha Vantage, Snowflake and the AWS APIs have no fixed addresses to name here. HTTPS is all that goes
# out.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "HTTPS to the APIs and package repositories"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = { Name = "${var.name}-host" }
}

resource "aws_vpc_security_group_egress_rule" "kafka" {
  for_each          = { for place in var.kafka_egress : "${place.cidr}:${place.port}" => place }
  security_group_id = aws_security_group.this.id
  description       = "Brokers"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = { Name = "${var.name}-kafka" }
}
