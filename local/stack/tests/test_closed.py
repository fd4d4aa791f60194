"""The stand-in for S3 keeps its objects for whoever signs. Its other ports are SeaweedFS's own."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from stock_stack.bucket import s3_client
from stock_stack.layout import BUCKET, Layout, objects
from stock_stack.ports import HOST, free
from stock_stack.stack import Stack

KEY, BODY = "raw/object", b"a" * 10_000


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    layout = Layout(tmp_path_factory.mktemp("s3"), free())
    stack = Stack(layout, lambda text: None)
    try:
        stack.start("bucket")
        yield layout
    finally:
        stack.close()


def test_with_a_signature_objects_are_written_and_read(layout: Layout) -> None:
    client = s3_client(objects(layout))
    client.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
    assert client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == BODY


@pytest.mark.parametrize(
    ("part", "method", "path"),
    [
        ("s3", "GET", f"/{BUCKET}/{KEY}"),
        ("s3-filer", "GET", f"/buckets/{BUCKET}/{KEY}"),
        ("s3-filer", "GET", "/buckets/"),
        ("s3-filer", "PUT", f"/buckets/{BUCKET}/{KEY}"),
        ("s3-filer", "DELETE", f"/buckets/{BUCKET}?recursive=true"),
        ("s3-master", "GET", "/dir/assign"),
        ("s3-master", "GET", f"/col/delete?collection={BUCKET}"),
        ("s3-volume", "GET", "/1,01637037d6"),
        ("s3-volume", "PUT", "/1,01637037d6"),
        ("s3-volume", "DELETE", "/1,01637037d6"),
        ("s3-volume", "GET", "/ui/index.html"),
        ("s3-admin", "GET", "/"),
    ],
)
def test_without_one_every_port_refuses(layout: Layout, part: str, method: str, path: str) -> None:
    request = urllib.request.Request(f"http://{HOST}:{layout.ports[part]}{path}", method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code in (401, 403, 404)
