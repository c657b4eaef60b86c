"""The same bytes from the same sources: in other folders and surroundings, cold or after any history."""

import os
import shutil
import signal
import subprocess

import pytest

EDITS = [
    ("sections/line.tex", "is about", "treats of"),
    ("pycode/shapes.py", "# each side", "# every side"),
    ("pycode/experiments/circle.py", "12345", "12346"),
    ("pycode/style.py", '"#0072B2"', '"#0072B3"'),
    ("requirements.lock", "numpy", "# another\nnumpy"),
]
COLD = ("build", "results", "main.pdf", "main.synctex.gz")


def files(document):
    """Contents of all that is made for readers."""
    made = [document.pdf, document.build_folder / "results.json", *sorted(document.results.glob("figures/*.pdf"))]
    return {path.name: path.read_bytes() for path in made}


@pytest.mark.parametrize(
    ("folder", "leave", "before", "environment"),
    [
        ("Übung № 2 (fertig)/ä b", COLD, (), {"TZ": "Pacific/Auckland", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1"}),
        ("plain", COLD, ("sh", "-c", 'umask 077; exec "$@"', "sh"), {"PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8"}),
        ("a/b/c/d", COLD, ("taskset", "-c", "0"), {"HOME": "/nonexistent", "OMP_NUM_THREADS": "4", "TZ": "UTC+11"}),
        ("o'brien & co", ("build",), (), {"PYTHONHASHSEED": "random", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"}),
        ("ß", (), (), {"HOME": "/", "TZ": "America/New_York", "FORCE_SOURCE_DATE": "0"}),
    ],
    ids=["cold, other time and locale", "cold, other umask and hash seed", "cold, one core, no home",
         "results kept, odd folder", "moved as it was"],
)  # fmt: skip
def test_surroundings_do_not_show(small_built, tmp_path, folder, leave, before, environment):
    document, _ = small_built
    other = document.copy(tmp_path / folder, *leave)
    if not leave:
        other.edit(*EDITS[-1])  # else nothing would be built
    other.complete(*before, **environment)
    assert files(other) == files(document)


def test_history_does_not_show(small, small_built):
    for edit in EDITS:
        small.edit(*edit)
        small.complete()
    assert files(small)["main.pdf"] != files(small_built[0])["main.pdf"]
    small.mend()
    small.complete()
    assert files(small) == files(small_built[0])


def test_interruption_does_not_show(small, small_built, gate):
    small.edit("pycode/experiments/circle.py", "    sides = 12345", f"    {gate.statement}\n    sides = 12344")
    process = small.start()
    gate.wait()
    os.killpg(process.pid, signal.SIGINT)
    assert small.end(process).status == 130
    small.mend()
    small.complete()
    assert files(small) == files(small_built[0])


@pytest.mark.slow
@pytest.mark.parametrize("leave", [("build",), COLD], ids=["results kept", "cold"])
def test_homework_has_the_same_bytes_elsewhere(real, tmp_path, leave):
    """The second case computes everything once more: two or three minutes."""
    document, run = real
    assert run.status == 0, run.said
    others = (".git", ".venv", ".*_cache", ".hypothesis", "main.pdf", "main.synctex.gz")
    other = document.copy(tmp_path / "Hausübung № 2", *others, *leave)
    (other.folder / ".venv").symlink_to(document.folder / ".venv")
    other.complete(TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="7", HOME=str(tmp_path))
    assert files(other) == files(document)
    assert subprocess.run(["cmp", other.pdf, document.pdf], check=False).returncode == 0
    shutil.rmtree(other.folder)
