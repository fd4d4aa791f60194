"""An AWS that records: moto for what deploy.sh and the host ask, and a small Session Manager beside it."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from botocore.session import get_session
from botocore.validate import ParamValidator
from moto.moto_api import recorder
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

READS = re.compile(r"Describe|List|Get|BatchGet|Head|AssumeRole")
Run = Callable[[list[str]], int]


class Cloud:
    """`run` is what the host does with the lines that Session Manager sends it: its exit code comes back."""

    def __init__(self, moto: ThreadedMotoServer, manager: ThreadingHTTPServer) -> None:
        _host, port = moto.get_host_and_port()
        self.url = f"http://127.0.0.1:{port}"
        self.manager_url = f"http://127.0.0.1:{manager.server_port}"
        self.run: Run = lambda lines: 0
        self.sent: list[list[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        """Where the AWS CLI and boto3 find it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_SSM": self.manager_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def recorded(self) -> list[str]:
        """Operations since the last look, such as secretsmanager.ListSecrets."""
        found = [operation(json.loads(line)) for line in recorder.download_recording().splitlines()]
        recorder.reset_recording()
        return found

    def changes(self) -> list[str]:
        """What of it is not only a question."""
        return [name for name in self.recorded() if not READS.match(name.split(".")[-1])]


def operation(call: dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in dict(call["headers"]).items()}
    if target := headers.get("x-amz-target"):
        return target
    body = base64.b64decode(call["body"] or "") if call["body_encoded"] else (call["body"] or "").encode()
    if found := re.search(rb"Action=(\w+)", body):
        return found[1].decode()
    return {"GET": "Get", "HEAD": "HeadBucket"}.get(call["method"], f"{call['method']} {call['url']}")


class _Manager(BaseHTTPRequestHandler):
    """ssm: DescribeInstanceInformation, SendCommand, GetCommandInvocation, by botocore's models."""

    cloud: Cloud
    codes: ClassVar[dict[str, int | None]] = {}

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.headers["X-Amz-Target"].split(".")[-1]
        model = get_session().get_service_model("ssm").operation_model(name)
        answer = getattr(self, f"_{name}")(given)
        for data, shape in ((given, model.input_shape), (answer, model.output_shape)):
            faults = ParamValidator().validate(data, shape)
            assert not faults.has_errors(), faults.generate_report()
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _DescribeInstanceInformation(self, given: dict[str, Any]) -> dict[str, Any]:
        (asked,) = given["Filters"]
        return {"InstanceInformationList": [{"InstanceId": name} for name in asked["Values"]]}

    def _SendCommand(self, given: dict[str, Any]) -> dict[str, Any]:
        lines = given["Parameters"]["commands"]
        self.cloud.sent.append(lines)
        name = f"00000000-0000-0000-0000-{len(self.cloud.sent):012}"
        self.codes[name] = None

        def work() -> None:
            code = 1
            try:
                code = self.cloud.run(lines)
            finally:
                self.codes[name] = code

        threading.Thread(target=work, daemon=True).start()
        return {"Command": {"CommandId": name}}

    def _GetCommandInvocation(self, given: dict[str, Any]) -> dict[str, Any]:
        code = self.codes[given["CommandId"]]
        return {"Status": "InProgress" if code is None else "Failed" if code else "Success"}

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    """An empty account. What it is asked is noted in the folder."""
    os.environ["MOTO_ECS_SERVICE_RUNNING"] = "1"
    recorder._location = str(folder / "requests")
    recorder.start_recording()
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    moto_api_backend.reset()
    manager = ThreadingHTTPServer(("127.0.0.1", 0), _Manager)
    threading.Thread(target=manager.serve_forever, daemon=True).start()
    _Manager.cloud = Cloud(moto, manager)
    try:
        yield _Manager.cloud
    finally:
        manager.shutdown()
        manager.server_close()
        moto.stop()
        recorder.stop_recording()
