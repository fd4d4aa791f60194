"""The host's set-up: first boot, half made, again, upgraded, with a larger disk. And what heals it."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

import pytest
from botocore.session import get_session
from conftest import INFRA, Plan
from host import COMMANDS, FILES, Host, make_host

UP = "docker compose --file"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


def size(host: Host) -> int:
    """Bytes that the file system has of its disk."""
    return int((host.folder / "file-system").read_text())


def test_a_first_boot_goes_in_order(host: Host) -> None:
    done = host.run()
    assert done.returncode == 0, done.stderr
    calls = host.calls()
    marks = (
        "dnf",
        "mkfs.xfs",
        "mount ",
        "kafka ",
        "iptables --wait --insert",
        "get-secret",
        "assume-role",
        " pull ",
        " up ",
    )
    order = [next(at for at, call in enumerate(calls) if mark in f"{call} ") for mark in marks]
    assert order == sorted(order)
    assert any(call.endswith("/var/lib/stock-pipeline uid 10092") for call in calls)
    assert calls[-1] == "docker image prune --all --force"
    assert (host.folder / "run/producer.env").read_text() == "ALPHA_VANTAGE_API_KEY=key-1\n"
    assert (host.folder / "etc/fstab").read_text().count("LABEL=stock-data") == 1
    assert "the services are healthy" in host.log()


def test_again_installs_formats_restarts_and_makes_nothing(host: Host) -> None:
    host.run()
    host.calls()
    done = host.run()
    assert done.returncode == 0, done.stderr
    calls = host.calls()
    never = ("dnf", "mkfs", "mount ", "daemon-reload", "agent-ctl", "--insert", "--force-recreate", "stop")
    assert not [call for call in calls if any(mark in f"{call} " for mark in never)]
    assert (host.folder / "etc/fstab").read_text().count("LABEL=stock-data") == 1
    assert any(f"{UP} {host.set_up}/compose.yaml up --detach" in call for call in calls)


@pytest.mark.parametrize("command", sorted({*COMMANDS, "aws"} - {"rpm", "blkid", "mountpoint", "systemctl"}))
def test_a_half_made_host_is_finished_by_the_next_run(command: str, host: Host) -> None:
    """Each command fails once. What came before it is not done twice, and the end is the same."""
    first = host.run(FAIL=command)
    assert first.returncode != 0
    if command not in {"aws", "iptables"}:
        assert "ERROR set_up: ended at line" in host.log()
    formatted = "mkfs.xfs" in " ".join(host.calls()) and command != "mkfs.xfs"
    assert host.run().returncode == 0
    again = host.calls()
    assert sum("mkfs.xfs" in call for call in again) == (0 if formatted else 1)
    assert any(" up --detach" in call and "--force-recreate" in call for call in again)
    assert host.run().returncode == 0


def test_a_download_that_ends_early_leaves_what_was_there(host: Host) -> None:
    host.run()
    host.calls()
    host.put("host.env", "BUCKET=other\n")
    (host.folder / "bucket/set_up.sh").unlink()
    assert host.run().returncode != 0
    assert "BUCKET=stocks" in (host.set_up / "host.env").read_text()
    assert not host.calls("docker")


def test_later_versions_arrive(host: Host) -> None:
    host.run()
    host.calls()
    script = (FILES / "set_up.sh").read_text()
    host.put("set_up.sh", script.replace("docker-compose-plugin-2.35.1", "docker-compose-plugin-2.99.0"))
    host.put("cloudwatch.json", '{"agent": {}}\n')
    host.put("stock-pipeline.service", (FILES / "stock-pipeline.service").read_text() + "# new\n")
    host.put("begin.sh", (FILES / "begin.sh").read_text() + "# new\n")
    host.put("setup_kafka.sh", 'echo "kafka new" >>"$R/calls"\n')
    assert host.run().returncode == 0
    calls = host.calls()
    for mark in (
        "dnf -q -y install",
        "docker-compose-plugin-2.99.0",
        "daemon-reload",
        "agent-ctl",
        "kafka new",
    ):
        assert any(mark in call for call in calls), mark
    assert (host.folder / "etc/systemd/system/stock-pipeline.service").read_text().endswith("# new\n")
    assert (host.set_up / "begin.sh").read_text().endswith("# new\n")


def test_a_larger_disk_is_used_and_a_late_one_named(host: Host) -> None:
    host.run()
    device = next((host.folder / "dev/disk/by-id").iterdir())
    assert size(host) == device.stat().st_size
    device.write_bytes(device.read_bytes() + bytes(900))
    host.run()
    assert size(host) == device.stat().st_size > 900
    device.unlink()
    assert host.run().returncode != 0
    assert "ERROR set_up: the data disk vol-0a1b did not appear" in host.log()


def test_changed_secrets_make_the_containers_again_once(host: Host) -> None:
    host.run()
    (host.folder / "secret").write_text("key-2\n")
    host.calls()
    assert host.run(FAIL="docker").returncode != 0
    host.calls()
    assert host.run().returncode == 0
    assert host.calls("--force-recreate")
    assert host.run().returncode == 0
    assert not host.calls("--force-recreate")
    assert (host.folder / "run/producer.env").read_text() == "ALPHA_VANTAGE_API_KEY=key-2\n"


@pytest.mark.parametrize(
    ("state", "call"),
    [
        pytest.param("s3-sink running unhealthy", " restart --timeout 40 s3-sink", id="unhealthy"),
        pytest.param("s3-sink exited ", " up --detach --no-deps s3-sink", id="ended"),
        pytest.param("", " up --detach --no-deps s3-sink", id="not there"),
    ],
)
def test_what_is_unhealthy_is_started_again_and_logged(state: str, call: str, host: Host) -> None:
    host.run()
    (host.folder / "states").write_text(f"producer running healthy\ntopics exited \n{state}\n")
    host.calls()
    assert host.run("heal.sh").returncode == 0 and not host.calls("docker"), "the unit is not active"
    (host.folder / "active-stock-pipeline").touch()
    assert host.run("heal.sh").returncode == 0
    assert [made.endswith(call) for made in host.calls("docker") if " ps " not in made] == [True]
    assert "ERROR heal: s3-sink" in host.log()


def test_healing_waits_while_the_set_up_runs_and_leaves_the_healthy(host: Host) -> None:
    host.run()
    (host.folder / "active-stock-pipeline").touch()
    (host.folder / "states").write_text("producer running healthy\ns3-sink running starting\n")
    host.calls()
    assert host.run("heal.sh").returncode == 0
    assert not [call for call in host.calls("docker") if " ps " not in call]
    (host.folder / "states").write_text("")
    with (host.set_up / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert host.run("heal.sh").returncode == 0 and not host.calls()


def test_the_units_are_right(tmp_path: Path) -> None:
    # Docker is not on every machine that runs this: a stand-in for its unit and its command.
    names = ("stock-pipeline.service", "stock-heal.service", "stock-heal.timer")
    for name in names:
        text = (FILES / name).read_text().replace("/usr/bin/docker", "/bin/echo")
        (tmp_path / name).write_text(text)
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    command = ["systemd-analyze", "verify", *(tmp_path / name for name in (*names, "docker.service"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_first_boot_leaves_the_unit_and_the_bucket_has_the_rest(ec2: Plan) -> None:
    (instance,) = ec2.of_type("aws_instance").values()
    for name in ("begin.sh", "stock-pipeline.service"):
        assert (FILES / name).read_text() in instance["user_data"]
    objects = {
        values["key"].removeprefix("deploy/"): values for values in ec2.of_type("aws_s3_object").values()
    }
    files = set(objects["files"]["content"].split())
    assert files == set(objects) - {"files"}
    assert files >= {path.name for path in FILES.iterdir()} - {"user_data.sh.tftpl"}
    assert (INFRA / "scripts/setup_kafka.sh").read_text() == objects["setup_kafka.sh"]["content"]


def test_a_service_reads_its_own_role_and_the_next_one_before_it_ends(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the file that its container has, and botocore as the services and Snowflake's connector use it."""
    host.take_role("A1", 300)
    assert host.run().returncode == 0
    place = host.folder / "identities/s3-sink"
    config = tmp_path / "config"
    config.write_text((place / "config").read_text().replace("/run/identity", str(place)))
    assert (place / "credentials.json").stat().st_mode & 0o077 == 0
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials = get_session().get_credentials()
    assert credentials.get_frozen_credentials().access_key == "A1"
    host.take_role("A2", 3_600)
    assert host.run("identities.sh").returncode == 0
    assert credentials.get_frozen_credentials().access_key == "A2"


def test_a_role_that_is_refused_is_logged_and_keeps_the_others(host: Host) -> None:
    host.run()
    host.take_role("A2", 3_600)
    done = host.run("identities.sh", REFUSED="role/auditor")
    assert done.returncode == 1
    assert "ERROR identities: the role arn:role/auditor of auditor cannot be assumed" in host.log()
    found = {path.parent.name: path.read_text() for path in host.folder.glob("identities/*/*.json")}
    assert "A1" in found["auditor"] and "A2" in found["s3-sink"]
    assert not list(host.folder.glob("identities/*/.*"))
