"""system.sh, on a PATH that has the fakes below and nothing of this machine but a few tools."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "system.sh"
TOOLS = ("bash", "cp", "echo", "sed", "tail", "true", "xargs")
BRINGS = {
    "python3": "python3",
    "python3.12": "python3",
    "python@3.12": "python3",
    "default-jre-headless": "java",
    "java-latest-openjdk-headless": "java",
    "openjdk": "java",
    "maven": "mvn",
    "chromium": "chromium",
    "google-chrome": "google-chrome",
    "libatomic1": "libatomic",
}
"""Package → the command that it brings."""
MANAGER = """\
echo "{name} $*" >>"$CALLS"
for package in "$@"; do [ ! -e "$STORE/$package" ] || cp "$STORE/$package"/* "$COMMANDS"; done
"""
SUDO = """\
if [ "$1" = -n ]; then shift; {password}; fi
echo "sudo $*" >>"$CALLS"
exec "$@"
"""


def command(folder: Path, name: str, body: str = ":") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
    path.chmod(0o755)


class Machine:
    """A machine with these commands. Its package managers bring what BRINGS says."""

    def __init__(self, folder: Path, has: tuple[str, ...], root: bool) -> None:
        self._folder, self.commands = folder, folder / "bin"
        for name in has:
            command(
                self.commands, name, MANAGER.format(name=name) if name in ("apt-get", "dnf", "brew") else ":"
            )
        for package, brought in BRINGS.items():
            command(folder / "store" / package, brought)
        command(self.commands, "id", f"echo {0 if root else 1000}")
        for name in TOOLS:
            (self.commands / name).symlink_to(shutil.which(name) or name)

    def run(self, kind: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.commands),
            "TMPDIR": str(self._folder),
            "CALLS": str(self._folder / "calls"),
            "STORE": str(self._folder / "store"),
            "COMMANDS": str(self.commands),
            "HOMEBREW_PREFIX": str(self._folder / "homebrew"),
        }
        return subprocess.run(
            [self.commands / "bash", SCRIPT, kind],
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        path = self._folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


MakeMachine = Callable[..., Machine]


@pytest.fixture
def machine(tmp_path: Path) -> MakeMachine:
    return lambda *has, root=False: Machine(tmp_path, has, root)


EVERYTHING = ("python3", "java", "mvn", "chromium")


@pytest.mark.parametrize("kind", ["demo", "test"])
def test_where_nothing_is_missing_it_prints_nothing(machine: MakeMachine, kind: str) -> None:
    here = machine(*EVERYTHING, "apt-get", "sudo", root=True)
    done = here.run(kind)
    assert (done.returncode, done.stdout, done.stderr, here.calls) == (0, "", "", [])


ROOT = {
    "apt-get, the demo": (
        ("apt-get", "python3"),
        "demo",
        ["apt-get update", "apt-get install -y --no-install-recommends default-jre-headless maven"],
    ),
    "apt-get, the tests": (
        ("apt-get", "python3", "java"),
        "test",
        ["apt-get update", "apt-get install -y --no-install-recommends maven chromium"],
    ),
    "apt-get, no Python": (
        ("apt-get", "java", "mvn"),
        "demo",
        ["apt-get update", "apt-get install -y --no-install-recommends python3 python3-venv"],
    ),
    "dnf": (("dnf", "python3"), "test", ["dnf install -y java-latest-openjdk-headless maven chromium"]),
}


@pytest.mark.parametrize("case", ROOT)
def test_root_installs_what_is_missing_and_shows_the_commands(machine: MakeMachine, case: str) -> None:
    has, kind, calls = ROOT[case]
    here = machine(*has, root=True)
    done = here.run(kind)
    assert (done.returncode, here.calls) == (0, calls), done.stderr
    assert done.stderr.splitlines() == [f"+ {call}" for call in calls]
    assert here.run(kind).stderr == "", "the second time nothing is missing"


def test_the_library_of_node_is_installed_where_it_does_not_load(machine: MakeMachine) -> None:
    here = machine("apt-get", "java", "mvn", "chromium", root=True)
    loads = 'case "$2" in *libatomic*) [ -e "$COMMANDS/libatomic" ] ;; esac'
    command(here.commands, "python3", loads)
    assert here.run("demo").stderr == "", "only the tests need it"
    assert here.run("test").returncode == 0
    assert here.calls == ["apt-get update", "apt-get install -y --no-install-recommends libatomic1"]


def test_brew_installs_as_the_user(machine: MakeMachine) -> None:
    here = machine("brew", "python3")
    done = here.run("test")
    assert (done.returncode, here.calls) == (0, ["brew install openjdk maven google-chrome"]), done.stderr


def test_the_java_of_homebrew_need_not_be_on_the_path(machine: MakeMachine, tmp_path: Path) -> None:
    here = machine("brew", "python3", "mvn")
    command(here.commands, "java", "exit 1")  # as macOS has it, where no Java is installed
    assert "Missing" in machine_without_manager(here).run("demo").stderr
    command(tmp_path / "homebrew/opt/openjdk/bin", "java")
    done = here.run("demo")
    assert (done.returncode, done.stderr) == (0, "")


def machine_without_manager(here: Machine) -> Machine:
    for name in ("apt-get", "dnf", "brew"):
        (here.commands / name).unlink(missing_ok=True)
    return here


def test_sudo_without_a_password_is_used(machine: MakeMachine) -> None:
    here = machine("apt-get", "python3", "java")
    command(here.commands, "sudo", SUDO.format(password=":"))
    done = here.run("demo")
    install = "apt-get install -y --no-install-recommends maven"
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["+ sudo apt-get update", f"+ sudo {install}"]
    assert [call for call in here.calls if call.startswith("apt-get")] == ["apt-get update", install]


@pytest.mark.parametrize("sudo", [True, False], ids=["sudo wants a password", "no sudo"])
def test_without_permission_it_prints_one_command_and_ends(machine: MakeMachine, sudo: bool) -> None:
    here = machine("apt-get", "python3")
    if sudo:
        command(here.commands, "sudo", SUDO.format(password="exit 1"))
    done = here.run("test")
    assert (done.returncode, done.stdout, here.calls) == (2, "", [])
    assert done.stderr.splitlines() == [
        "Missing: java maven browser. Run this once, then the same make command again:",
        "  sudo apt-get install -y --no-install-recommends default-jre-headless maven chromium",
    ]


def test_without_a_manager_it_says_what_is_needed(machine: MakeMachine) -> None:
    done = machine("python3", root=True).run("demo")
    assert done.returncode == 2
    assert done.stderr.startswith("Missing: java maven. Install Python 3.11 to 3.14, Java 17 or newer, Maven")


def test_a_command_that_fails_is_shown_with_its_output(machine: MakeMachine) -> None:
    here = machine("python3", root=True)
    command(here.commands, "dnf", "echo no network; exit 1")
    done = here.run("demo")
    assert done.returncode == 2
    assert "no network" in done.stderr and "Its whole output is in" in done.stderr


def test_what_an_installation_did_not_bring_is_named(machine: MakeMachine) -> None:
    here = machine("python3", "java", root=True)
    command(here.commands, "dnf")
    done = here.run("demo")
    assert done.returncode == 2
    assert "Still missing after the installation: maven." in done.stderr


def test_a_java_home_that_does_not_run_counts_as_missing(machine: MakeMachine, tmp_path: Path) -> None:
    done = machine(*EVERYTHING, root=True).run("demo", JAVA_HOME=str(tmp_path / "gone"))
    assert (done.returncode, done.stderr[:14]) == (2, "Missing: java.")


@pytest.mark.parametrize(("has", "path"), [(("google-chrome",), "/bin/google-chrome"), ((), "")])
def test_the_browser_is_printed(
    machine: MakeMachine, has: tuple[str, ...], path: str, tmp_path: Path
) -> None:
    done = machine(*has).run("browser")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}{path}\n" if path else "")


def test_without_an_argument_it_shows_its_usage(machine: MakeMachine) -> None:
    done = machine().run("")
    assert done.returncode == 2 and "system.sh demo" in done.stdout
