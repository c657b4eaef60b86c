"""Disks that are full or read-only: the build says so, and the published document stays."""

import os
import shutil
import subprocess

import pytest

BLOCK = 4096


@pytest.fixture
def mount(tex, tmp_path):
    """Mount something on a folder until the test ends; where that is not allowed the test is skipped, but not in CI."""
    admin = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mounted: list[str] = []

    def act(*arguments):
        done = subprocess.run([*admin, "mount", *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"mounting is not allowed here, so disks that are full or read-only are not tried: {done.stderr}"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message.strip())
        mounted.append(str(arguments[-1]))

    probe = tmp_path / "probe"
    probe.mkdir()
    if shutil.which("mount") is None or (admin and shutil.which("sudo") is None):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("mount or sudo is missing, so no disk is tried")
    act("-t", "tmpfs", "-o", "size=64k", "tmpfs", probe)
    yield act
    for folder in reversed(mounted):
        subprocess.run([*admin, "umount", "--lazy", folder], check=False)


@pytest.fixture
def on_small_disk(small, mount, tmp_path):
    """The small document on a disk of its own, and a function that leaves so many bytes of it free."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", f"size=48m,mode=777,uid={os.geteuid()}", "tmpfs", disk)
    document = small.copy(disk / "Übung")
    filler = disk / "filler"

    def leave(free):
        filler.unlink(missing_ok=True)
        state = os.statvfs(disk)
        filler.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - free)))

    return document, leave, filler


@pytest.fixture
def read_only(mount):
    """Make a folder read-only, for root too; gives a function that ends it."""

    def act(folder):
        mount("--bind", folder, folder)
        mount("-o", "remount,bind,ro", folder)
        return lambda: mount("-o", "remount,bind,rw", folder)

    return act


def change_all(document):
    """Another text, and everything is computed again."""
    document.edit("sections/line.tex", "is about", "treats of")
    document.edit("requirements.lock", "numpy", "# all runs again\nnumpy")


def test_full_disk_is_named_until_there_is_space(on_small_disk, small):
    document, leave, filler = on_small_disk
    change_all(small)
    expected = small.complete()
    change_all(document)
    for _ in range(2):
        leave(0)
        document.refuse("No space left on device")
    filler.unlink()
    assert document.complete() == expected


@pytest.mark.slow
def test_disk_that_fills_up_at_any_step_does_no_harm(on_small_disk, small):
    document, leave, filler = on_small_disk
    before = document.pdf.read_bytes()
    change_all(small)
    expected = small.complete()
    stopped = 0
    for blocks in (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96):  # of 4 kB: less and less of the build finds no space
        change_all(document)
        leave(blocks * BLOCK)
        run = document.build()
        assert run.status in (0, 1), run.said
        if run.status:
            stopped += 1
            assert "No space left on device" in run.last, f"{blocks} blocks free: {run.said}"
            assert document.pdf.read_bytes() == before
        else:
            assert document.pdf.read_bytes() == expected
        filler.unlink()
        assert document.complete() == expected
        document.mend()
        assert document.complete() == before
    assert stopped > 3


@pytest.mark.parametrize("name", ["build", "results", "results/values", "."])
def test_read_only_folder_is_named_until_it_is_writable(small, read_only, name):
    before = small.pdf.read_bytes()
    change_all(small)
    folder = small.folder / name
    write_again = read_only(folder)
    for _ in range(2):
        small.refuse("Read-only file system", "build" if name == "." else name)
    write_again()
    assert small.complete() != before
    small.mend()
    assert small.complete() == before
