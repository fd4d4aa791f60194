"""Settings of the S3 client.

Credentials come from boto3's own chain: environment, profile, or the role of the host or task.
"""

from pydantic import Field

from stock_common.settings import OptionalText, Settings


class ObjectSettings(Settings):
    s3_bucket: str = Field(min_length=3, max_length=63, description="Bucket of raw/.")
    s3_endpoint_url: OptionalText = Field(None, description="Address of another S3 server. Empty: AWS.")
    aws_region: str = Field("us-east-1", min_length=1, description="The bucket's region.")
