"""Set-up on machines that lack something: each is made of fake programs on the PATH."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEX = ["latexmk", "pdflatex", "pythontex", "bibtex", "pdftotext", "kpsewhich"]
# Runs set-up as another Python or another user would: what stands before the last line differs.
RUNNER = """
import os, runpy, sys
sys.executable = "bin/python"
os.geteuid = lambda: {user}
{patch}
runpy.run_path("tools/setup.py", run_name="__main__")
"""
LOGGED = '#!/bin/sh\necho "$(/usr/bin/basename "$0") $*" >> calls\n'
FAKES = {
    # finds every file but $MISSING
    "kpsewhich": 'for f in "$@"; do case $f in $MISSING) ;; *) echo "/texmf/$f" ;; esac; done',
    # makes an environment whose python is this same fake
    "python": """
case "$*" in
  "-m venv "*) /bin/rm -rf .venv; /bin/mkdir -p .venv/bin; /bin/cp bin/python .venv/bin/python ;;
  *"pip --version"*|*"pip --disable-pip-version-check --version"*) exit ${NO_PIP:-0} ;;
  *" install "*) echo "pip says so"; exit ${PIP_STATUS:-0} ;;
esac""",
    "apt-get": """
case "$*" in
  install*) [ -n "$BROKEN" ] || for p in $LACKING; do /bin/cp bin/kpsewhich bin/$p; done; exit ${APT_STATUS:-0} ;;
esac""",
    "true": "",
    "sudo": '[ -z "$NO_SUDO" ] || exit 1\nshift\nexec "$@"',
    "env": 'shift\nexec "$@"',
}


class Machine:
    """A project folder with a bin/ that holds all the programs there are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tools", "bin"):
            (folder / name).mkdir()
        for name in ("tools/setup.py", "requirements.lock"):
            (folder / name).write_bytes((ROOT / name).read_bytes())
        for name in [*FAKES, *TEX]:
            self.add(name, FAKES.get(name, ""))
        self.remove("apt-get", "sudo")

    def add(self, name: str, body: str | None = None) -> None:
        path = self.folder / "bin" / name
        path.write_text(LOGGED + (FAKES[name] if body is None else body) + "\n", encoding="utf-8")
        path.chmod(0o755)

    def remove(self, *names: str) -> None:
        for name in names:
            (self.folder / "bin" / name).unlink()

    def command(self, user: int = 1000, patch: str = "") -> list[str]:
        return [sys.executable, "-c", RUNNER.format(user=user, patch=patch)]

    def set_up(self, user: int = 1000, patch: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder / "bin"), "LC_ALL": "C.UTF-8"} | environment
        command = self.command(user, patch)
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )

    def calls(self, *programs: str) -> list[str]:
        """What the fakes were called with, in order."""
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [line for line in lines if line.split(" ")[0] in programs]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_complete_machine_gets_its_environment_from_the_lock_file(machine):
    run = machine.set_up()
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "Installing Python packages into .venv; PyTorch takes a few minutes\n"
    assert machine.calls("python")[0] == "python -m venv --clear .venv"
    assert machine.calls("python")[-1].endswith("install --quiet -r requirements.lock")


def test_second_run_does_nothing_and_takes_no_time(machine):
    machine.set_up()
    before = machine.calls("python", "kpsewhich", "apt-get")
    spent = os.times()
    run = machine.set_up()
    now = os.times()
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert machine.calls("python", "kpsewhich", "apt-get") == before
    assert now.children_user + now.children_system - spent.children_user - spent.children_system < 0.3


@pytest.mark.parametrize("change", [
    lambda machine: (machine.folder / "requirements.lock").write_text("numpy==2.4.6\n"),
    lambda machine: (machine.folder / ".venv/set-up").unlink(),
])  # fmt: skip
def test_other_lock_file_or_interrupted_set_up_installs_again_into_the_same_environment(machine, change):
    machine.set_up()
    change(machine)
    assert machine.set_up().returncode == 0
    assert sum("install" in call for call in machine.calls("python")) == 2
    assert sum("venv --clear" in call for call in machine.calls("python")) == 1


def test_half_made_environment_is_made_anew(machine):
    (machine.folder / ".venv" / "bin").mkdir(parents=True)
    (machine.folder / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (machine.folder / ".venv" / "bin" / "python").chmod(0o755)
    assert machine.set_up().returncode == 0
    assert "python -m venv --clear .venv" in machine.calls("python")


def test_root_installs_what_is_missing_after_one_line(machine):
    machine.remove("latexmk", "pdftotext")
    machine.add("apt-get")
    run = machine.set_up(user=0, LACKING="latexmk pdftotext")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "Installing Debian packages, up to 400 MB: latexmk poppler-utils"
    assert machine.calls("apt-get") == [
        "apt-get update",
        "apt-get install --no-install-recommends -y -q latexmk poppler-utils",
    ]
    assert machine.calls("sudo") == []


def test_user_with_passwordless_sudo_installs_through_it(machine):
    machine.remove("latexmk")
    machine.add("apt-get")
    machine.add("sudo")
    assert machine.set_up(LACKING="latexmk").returncode == 0
    assert machine.calls("sudo")[-1] == (
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends -y -q latexmk"
    )


@pytest.mark.parametrize("sudo", [False, True])
def test_user_without_right_to_install_is_told_the_command(machine, sudo):
    machine.remove("latexmk", "pdftotext")
    machine.add("apt-get")
    if sudo:
        machine.add("sudo")
    run = machine.set_up(NO_SUDO="1")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "Set-up stopped. Debian packages are missing. Type this, then repeat:\n"
        "  sudo apt-get install --no-install-recommends latexmk poppler-utils\n"
    )
    assert machine.calls("apt-get") == []


@pytest.mark.parametrize(
    ("file", "package"), [("texgyrepagella-*", "fonts-texgyre"), ("cleveref.sty", "texlive-latex-extra")]
)
def test_missing_font_or_style_counts_as_missing(machine, file, package):
    machine.add("apt-get")
    run = machine.set_up(MISSING=file)
    assert run.stderr.splitlines()[-1].endswith(f"--no-install-recommends {package}")


def test_without_any_tex_every_package_is_named(machine):
    machine.remove(*TEX)
    machine.add("apt-get")
    command = machine.set_up().stderr.splitlines()[-1]
    for package in ("latexmk", "texlive-latex-extra", "texlive-extra-utils", "poppler-utils", "fonts-texgyre",
                    "latex-cjk-chinese-arphic-gbsn00lp", "texlive-pictures"):  # fmt: skip
        assert f" {package}" in command


def test_python_without_venv_needs_debians_package(machine):
    machine.add("apt-get")
    run = machine.set_up(patch="sys.modules['ensurepip'] = None")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert run.stderr.splitlines()[-1].endswith(f" python{version}-venv")


def test_machine_without_apt_is_told_for_dnf_and_macos(machine):
    machine.remove("latexmk")
    run = machine.set_up(user=0)
    assert run.returncode == 1
    assert run.stderr.startswith("Set-up stopped. Not found: latexmk (Debian's names).")
    assert "sudo dnf install latexmk" in run.stderr
    assert "'tex(cleveref.sty)'" in run.stderr
    assert "brew install --cask mactex" in run.stderr


def test_failing_apt_stops_with_one_line_and_a_log(machine):
    machine.remove("latexmk")
    machine.add("apt-get", 'echo "E: no such host"; exit 100')
    run = machine.set_up(user=0)
    assert run.returncode == 1
    assert run.stderr == (
        "Set-up stopped. apt-get failed: is there a network, and is no other apt running? Then repeat. "
        "What it said is in build/setup.log.\n"
    )
    assert "no such host" in (machine.folder / "build/setup.log").read_text(encoding="utf-8")


def test_what_is_missing_after_installing_is_named(machine):
    machine.remove("latexmk")
    machine.add("apt-get")
    run = machine.set_up(user=0, BROKEN="1")
    assert run.stderr == "Set-up stopped. Still not found after installing: latexmk\n"


def test_old_python_is_told_what_to_do(machine):
    run = machine.set_up(patch="sys.version_info = (3, 9, 2)")
    assert run.returncode == 1
    assert run.stderr == (
        "Set-up stopped. Python 3.9 is too old: 3.11 or newer is needed. "
        "Install one, or say where it is: make PYTHON=/path/to/python3 pdf\n"
    )


def test_old_python_gives_over_to_a_newer_one_that_works(machine):
    machine.add("python3.13", "exit 1")  # a shim without its Python
    machine.add("python3.12", "")
    assert machine.set_up(patch="sys.version_info = (3, 9, 2)").returncode == 0
    assert machine.calls("python3.12")[-1] == f"python3.12 {machine.folder / 'tools/setup.py'}"


def test_syntax_is_that_of_an_old_python():
    import ast

    ast.parse((ROOT / "tools/setup.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_without_network_set_up_stops_soon_with_one_line_and_a_log(machine):
    (machine.folder / "requirements.lock").write_text("no-such-package-of-this-homework==1.0\n", encoding="utf-8")
    (machine.folder / ".venv" / "bin").mkdir(parents=True)
    machine.add("python", "")
    real = machine.folder / ".venv" / "bin" / "python"
    real.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    real.chmod(0o755)
    start = time.monotonic()
    run = machine.set_up(PIP_INDEX_URL="http://127.0.0.1:9/", PIP_DRY_RUN="1", PIP_CONFIG_FILE="/dev/null")
    assert time.monotonic() - start < 20
    assert run.returncode == 1
    assert run.stderr == (
        "Set-up stopped. pip could not install requirements.lock: is there a network? "
        "Then repeat; what was fetched is kept. What it said is in build/setup.log.\n"
    )
    assert "no-such-package-of-this-homework" in (machine.folder / "build/setup.log").read_text(encoding="utf-8")
    assert not (machine.folder / ".venv" / "set-up").exists()


def test_interrupt_ends_set_up_and_the_next_run_continues(machine):
    wait = '[ -n "$FAST" ] || { echo > started; exec /bin/sleep 60; }'
    machine.add("python", FAKES["python"].replace("exit ${PIP_STATUS:-0}", wait))
    process = subprocess.Popen(
        machine.command(), cwd=machine.folder, env={"PATH": str(machine.folder / "bin")}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    end = time.monotonic() + 20
    while not (machine.folder / "started").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (130, "\nStopped; the next make continues here.\n")
    assert machine.set_up(FAST="1").returncode == 0
    assert sum("venv --clear" in call for call in machine.calls("python")) == 1
