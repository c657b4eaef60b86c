"""What is handed in, as one zip: tools/submission.py puts main.pdf, the flat source and the code in submission.zip."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import archive
import complete
import flat

TARGET = Path("submission.zip")
MADE = ("build", "results")  # what the build makes anew


def listed(*options: str) -> list[str]:
    """Files of this folder that git lists, as far as they are there; none where there is no git."""
    command = ["git", "ls-files", "-z", *options]
    try:
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, encoding="utf-8")
    except (OSError, subprocess.CalledProcessError):
        return []
    return [name for name in found.stdout.split("\0") if os.path.isfile(name)]


def present() -> list[str]:
    """All files of the folder, without those that .gitignore names and git's own."""
    lines = Path(".gitignore").read_text(encoding="utf-8").split() if Path(".gitignore").is_file() else []
    ignored = {line.strip("/") for line in lines} | {".git", ".venv", *MADE}
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = [name for name in folders if name not in ignored]
        found += [os.path.relpath(os.path.join(folder, name)) for name in names if name not in ignored]
    return [name for name in found if name not in (flat.PDF.name, TARGET.name)]


def code() -> tuple[list[str], list[str]]:
    """Files of the code: what git keeps and what the document reads; a remark on each that git does not keep."""
    names = listed("--cached")
    if not names:
        return present(), []
    read = [name for name in complete.sources(flat.BASE) if name not in names and not name.startswith(MADE)]
    remarks = [f"{name}: not yet in git, but the document reads it, so it is in the zip" for name in read]
    others = [name for name in listed("--others", "--exclude-standard") if name not in read]
    return names + read, remarks + [f"{name}: not in git and not read by the document, so left out" for name in others]


def main() -> int:
    """Write the zip and say what it is, or why not."""
    try:
        content = {f"flat/{name}": data for name, data in flat.files().items()}
        names, remarks = code()
        content |= {f"code/{name}": Path(name).read_bytes() for name in names}
        content[flat.PDF.name] = flat.PDF.read_bytes()
        archive.write(TARGET, content, frozenset(f"code/{name}" for name in names if os.access(name, os.X_OK)))
    except (flat.FlatError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for remark in remarks:
        print(remark)
    data = TARGET.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    print(f"{TARGET}: {len(content)} files, {len(data) / 1e6:.1f} MB, sha256 {sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
