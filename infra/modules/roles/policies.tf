# What each stage does on S3 (libs/objects), and nothing else: no delete, no other prefix, no second put of
# one key.
locals {
  bucket_arn = "arn:${var.arn.partition}:s3:::${var.bucket}"
  raw_arn    = "${local.bucket_arn}/raw/*"

  # A request that names no prefix is refused too: it would list everything.
  list = {
    Sid       = "ListRaw"
    Effect    = "Allow"
    Action    = "s3:ListBucket"
    Resource  = local.bucket_arn
    Condition = { StringLike = { "s3:prefix" = "raw/*" } }
  }
  get = { Sid = "GetRaw", Effect = "Allow", Action = "s3:GetObject", Resource = local.raw_arn }
  put = { Sid = "PutRaw", Effect = "Allow", Action = "s3:PutObject", Resource = local.raw_arn }

  # The bucket's policy says so too. A bucket of the user's own may not.
  put_once = {
    Sid       = "PutOnce"
    Effect    = "Deny"
    Action    = "s3:PutObject"
    Resource  = local.raw_arn
    Condition = { Null = { "s3:if-none-match" = "true" } }
  }

  s3 = {
    none = []
    read = [local.list, local.get]
    put  = [local.list, local.get, local.put, local.put_once]
  }

  # https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration, without what unloading
  # and purging need
  snowflake = [
    local.list,
    { Sid = "GetRaw", Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = local.raw_arn },
    { Sid = "LocateBucket", Effect = "Allow", Action = "s3:GetBucketLocation", Resource = local.bucket_arn },
  ]

  # Secrets Manager ends an ARN with a hyphen and six random characters.
  secret_arns = { for stage, needs in var.stages : stage => [
    for secret in sort(needs.secrets) : "arn:${var.arn.partition}:secretsmanager:${var.arn.region}:${var.arn.account}:secret:${secret}-??????"
  ] }

  pull = [
    { Sid = "SignInToRegistry", Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
    {
      Sid      = "PullImages"
      Effect   = "Allow"
      Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
      Resource = "arn:${var.arn.partition}:ecr:${var.arn.region}:${var.arn.account}:repository/${var.name}/*"
    },
  ]

  write_logs = {
    Sid      = "WriteLogs"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    Resource = "arn:${var.arn.partition}:logs:${var.arn.region}:${var.arn.account}:log-group:/${var.name}/*"
  }

  # What Session Manager's agent calls. None of it takes a resource. Of AmazonSSMManagedInstanceCore only this
  # is needed, not its reading of every parameter.
  session_manager = {
    Sid    = "SessionManager"
    Effect = "Allow"
    Action = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
      "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
      "ec2messages:GetMessages", "ec2messages:SendReply",
    ]
    Resource = "*"
  }

  host_metrics = {
    Sid       = "HostMetrics"
    Effect    = "Allow"
    Action    = "cloudwatch:PutMetricData"
    Resource  = "*"
    Condition = { StringEquals = { "cloudwatch:namespace" = var.name } }
  }

  # It hands out the services' roles, and has none of their rights itself.
  host = concat(
    [
      {
        Sid      = "HandOutRoles"
        Effect   = "Allow"
        Action   = "sts:AssumeRole"
        Resource = [for stage in sort(keys(local.tasks)) : "arn:${var.arn.partition}:iam::${var.arn.account}:role/${var.name}-${stage}-task-role"]
      },
      { Sid = "GetSetup", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.bucket_arn}/deploy/*" },
      { Sid = "ReadSecrets", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = sort(distinct(flatten(values(local.secret_arns)))) },
    ],
    local.pull, [local.write_logs, local.session_manager, local.host_metrics],
  )
}
