"""Progress of long work: what is written where, how often, and that it disturbs nothing."""

import io
import json
import os
import sys
import time

import pytest

from pycode import progress


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """Seconds that the test sets, and files that go into a folder of the test."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "FOLDER", tmp_path / "build" / "progress")
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # no terminal
    return now


def written():
    return [json.loads(path.read_text(encoding="utf-8")) for path in progress.FOLDER.glob("*")]


def test_state_is_written_twice_a_second_and_removed(clock, monkeypatch):
    writes = []
    write = progress._write
    monkeypatch.setattr(progress, "_write", lambda path, state: (writes.append(clock[0]), write(path, state)))
    with progress.bar(400, "VAE") as step:
        for _ in range(300):
            clock[0] += 1 / 64
            step()
        assert written() == [{"name": "VAE", "done": 288, "total": 400}]
        (path,) = progress.FOLDER.iterdir()
        assert path.name.startswith(f"{os.getpid()}-")
    assert writes == [100.5 + i / 2 for i in range(9)]
    assert written() == []


def test_short_work_writes_nothing(clock):
    with progress.bar(3, "short") as step:
        for _ in range(3):
            clock[0] += 0.1
            step()
    assert not progress.FOLDER.exists()


def test_work_that_continues_begins_where_it_stopped(clock):
    with progress.bar(10, "VAE", done=6) as step:
        clock[0] += 1
        step()
        assert written() == [{"name": "VAE", "done": 7, "total": 10}]


def test_two_works_of_one_process_have_two_files(clock):
    with progress.bar(3, "outer") as outer, progress.bar(5, "inner") as inner:
        clock[0] += 1
        outer()
        inner()
        assert sorted(state["name"] for state in written()) == ["inner", "outer"]


def test_error_and_interruption_remove_the_file(clock):
    def interrupted():
        with progress.bar(3, "VAE") as step:
            clock[0] += 1
            step()
            assert len(written()) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert written() == []


def test_folder_that_vanishes_or_cannot_be_written_stops_nothing(clock, tmp_path):
    with progress.bar(3, "VAE") as step:
        clock[0] += 1
        step()
        (path,) = progress.FOLDER.iterdir()
        path.unlink()  # a new build has cleared the folder
        progress.FOLDER.rmdir()
        progress.FOLDER.write_text("a file in its place", encoding="utf-8")
        clock[0] += 1
        step()


def test_terminal_gets_a_bar_and_no_file(clock, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.bar(4, "VAE on MNIST, seed 1", done=1) as step:
        clock[0] += 5
        step()
        said = sys.stderr.getvalue()
    assert "VAE on MNIST, seed 1:  25%" in said
    assert not progress.FOLDER.exists()


@pytest.mark.parametrize("total", [0, -1])
def test_work_without_steps_is_refused(total):
    with pytest.raises(ValueError, match=f"the total of 'VAE' is {total}; give"), progress.bar(total, "VAE"):
        pass


def test_step_costs_nothing_beside_a_step_of_training():
    """Two milliseconds is the time of a minibatch of the document's VAE; a thousandth of it is not seen."""
    with progress.bar(10**5, "VAE") as step:
        start = time.process_time()
        for _ in range(10**5):
            step()
        assert (time.process_time() - start) / 10**5 < 2e-6
