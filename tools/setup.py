"""Set up what the document needs, once: TeX packages and .venv. Standard library only; Python 3.6 can read it too."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

OLDEST = (3, 11)
LOCK, VENV, STAMP, LOG = "requirements.lock", ".venv", ".venv/set-up", "build/setup.log"
PYTHON = os.path.join(VENV, "bin", "python")
SEEN = sys.stdout.isatty()  # then programs show their own progress; elsewhere they write into the log
# What is looked for, and the Debian package that holds it.
PROGRAMS = {
    "latexmk": "latexmk",
    "pdflatex": "texlive-latex-base",
    "pythontex": "texlive-extra-utils",
    "bibtex": "texlive-binaries",
    "pdftotext": "poppler-utils",
    "kpsewhich": "texlive-binaries",
}
TEX_FILES = {
    "caption.sty": "texlive-latex-recommended",
    "cleveref.sty": "texlive-latex-extra",
    "tikz.sty": "texlive-pictures",
    "natbib.sty": "texlive-latex-base",
    "uplr8a.pfb": "texlive-fonts-recommended",
    "lmtt10.pfb": "lmodern",
    "tgpagella.sty": "tex-gyre",
    "texgyrepagella-regular.otf": "fonts-texgyre",
    "CJKutf8.sty": "latex-cjk-chinese",
    "gbsnu4e.pfb": "latex-cjk-chinese-arphic-gbsn00lp",
}


class SetUpError(Exception):
    """Set-up cannot go on; the message says what to do."""


def newer_python() -> str:
    """Path of a Python that is new enough, where this one is not."""
    for minor in range(20, OLDEST[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        if path and not subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            return path
    raise SetUpError(
        f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: 3.{OLDEST[1]} or newer is needed. "
        "Install one, or say where it is: make PYTHON=/path/to/python3 pdf"
    )


def wanted() -> bytes:
    """What a finished set-up answers to: .venv's Python, the lock file, this file; the Makefile compares it too."""
    with open(LOCK, "rb") as lock, open(__file__, "rb") as own:
        return os.fsencode(os.path.realpath(PYTHON)) + b"\n" + lock.read() + own.read()


def is_done() -> bool:
    """Whether an earlier run finished with this lock file, and the programs are still there."""
    if not (os.path.isfile(STAMP) and os.access(PYTHON, os.X_OK) and all(map(shutil.which, PROGRAMS))):
        return False
    with open(STAMP, "rb") as stamp:
        return stamp.read() == wanted()


def missing_packages() -> "list[str]":
    """Debian packages of what is not found."""
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    names = set()
    if shutil.which("kpsewhich"):
        found = subprocess.run(["kpsewhich", *TEX_FILES], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        names = {os.path.basename(line) for line in found.stdout.decode().splitlines()}
    missing |= {package for file, package in TEX_FILES.items() if file not in names}
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        missing.add("python{}.{}-venv".format(*sys.version_info))
    return sorted(missing)


def run(command: "list[str]", advice: str) -> None:
    """Run a program, in view on a terminal, else into the log; when it fails, stop with the advice."""
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    with open(LOG, "ab") as log:
        output = None if SEEN else log
        status = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if status:
        raise SetUpError(advice + ("" if SEEN else f" What it said is in {LOG}."))


def install_packages(packages: "list[str]") -> None:
    """Install Debian packages, or stop with the command that does."""
    if not shutil.which("apt-get"):
        styles = " ".join(f"'tex({file})'" for file in TEX_FILES if file.endswith(".sty"))
        raise SetUpError(
            "Not found: " + ", ".join(packages) + " (Debian's names). Install them, then repeat:\n"
            "  Fedora: sudo dnf install latexmk poppler-utils texlive-scheme-medium texlive-pythontex "
            f"texlive-tex-gyre texlive-arphic {styles}\n"
            "  macOS:  brew install --cask mactex && brew install poppler"
        )
    admin = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = ["apt-get", "install", "--no-install-recommends"]
    if admin and (not shutil.which("sudo") or subprocess.call([*admin, "true"], stderr=subprocess.DEVNULL)):
        raise SetUpError(
            "Debian packages are missing. Type this, then repeat:\n  " + " ".join(["sudo", *install, *packages])
        )
    print("Installing Debian packages, up to 400 MB:", *packages, flush=True)
    admin += ["env", "DEBIAN_FRONTEND=noninteractive"]
    advice = "apt-get failed: is there a network, and is no other apt running? Then repeat."
    run([*admin, "apt-get", "update"], advice)
    run([*admin, *install, "-y", *(["-o", "Dpkg::Progress-Fancy=1"] if SEEN else ["-q"]), *packages], advice)


def make_environment() -> None:
    """Make .venv, or mend one that is half made or whose Python is another now, and install the lock file into it."""
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    nothing = subprocess.DEVNULL
    if not os.access(PYTHON, os.X_OK) or subprocess.call([*pip, "--version"], stdout=nothing, stderr=nothing):
        run([sys.executable, "-m", "venv", "--clear", VENV], f"Python could not make {VENV}.")
    print(f"Installing Python packages into {VENV}; PyTorch takes a few minutes", flush=True)
    os.environ.setdefault("PIP_RETRIES", "2")
    advice = f"pip could not install {LOCK}: is there a network? Then repeat; what was fetched is kept."
    run([*pip, "install", *([] if SEEN else ["--quiet"]), "-r", LOCK], advice)


def main() -> None:
    """Set up what is missing; nothing at all when nothing is."""
    if sys.version_info < OLDEST:
        python = newer_python()
        os.execv(python, [python, os.path.abspath(__file__)])
    if is_done():
        return
    with alone():
        if not is_done():
            install()


@contextlib.contextmanager
def alone() -> "Iterator[None]":
    """Let another set-up in this folder finish first."""
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    with open(os.path.join(os.path.dirname(LOG), "setup.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is setting up this folder; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Install what is missing and stamp it."""
    packages = missing_packages()
    if packages:
        install_packages(packages)
        packages = missing_packages()
    if packages:
        raise SetUpError("Still not found after installing: " + " ".join(packages))
    make_environment()
    with open(STAMP, "wb") as stamp:
        stamp.write(wanted())


if __name__ == "__main__":
    try:
        main()
    except SetUpError as error:
        sys.exit(f"Set-up stopped. {error}")
    except KeyboardInterrupt:
        print("\nStopped; the next make continues here.", file=sys.stderr)
        sys.exit(130)
