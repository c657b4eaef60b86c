"""Degrees that are kept: measured once for a text and a checker, and again where what is kept cannot be believed."""

import sqlite3

import pytest

from pycode.proofread import degrees
from pycode.proofread.arithmetic.modular import prime
from pycode.proofread.arithmetic.named import RedrawError
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import power
from pycode.proofread.limits import LINE_POINTS, LINES


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Folder of a store of its own, that is opened anew by ``reopen``."""
    monkeypatch.setattr(degrees, "KEPT", tmp_path / "kept")
    degrees._store.cache_clear()
    yield tmp_path / "kept" / "degrees.sqlite"
    reopen()


def reopen():
    if degrees._store.cache_info().currsize and (store := degrees._store()):
        store.close()
    degrees._store.cache_clear()


class Counted:
    """The sides x^3 and x·x² of a text; how often they were computed."""

    def __init__(self):
        self.runs = 0

    def __call__(self, points, draw):
        self.runs += 1
        x = Field([prime(f"line {draw}", 31)], "line", points).letter()
        return [{"left": power(x, 3), "right": x * (x * x), "other": power(x, 7)}]


PAIRS = [("left", "right"), ("left", "other")]


def measured(text="text", pairs=PAIRS):
    """Whether the degrees had to be measured; they are right in any case."""
    compute = Counted()
    assert degrees.measured(text, compute, pairs) == [{"right": 3, "other": 7}[b] for _, b in pairs]
    return compute.runs > 0


def test_a_degree_is_measured_once(store):
    assert measured()
    assert not measured()
    reopen()
    assert not measured()  # another process
    assert measured("another text")
    assert measured(pairs=PAIRS[:1])  # of another number of relations
    assert not measured()


def test_another_checker_measures_again(store, monkeypatch):
    assert measured()
    reopen()
    monkeypatch.setattr(degrees, "checker_hash", lambda *worlds: "another checker")
    assert measured()
    assert not measured()
    with sqlite3.connect(store) as kept:
        assert kept.execute("select distinct checker from degrees").fetchall() == [("another checker",)]


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_store_costs_time_only(store, content):
    store.parent.mkdir()
    store.write_bytes(content)
    assert measured()
    assert measured() == bool(content)  # an empty file is a new store


def test_a_store_that_is_damaged_later_costs_time_only(store):
    assert measured()
    with sqlite3.connect(store) as kept:
        kept.execute("update degrees set found = '[3'")
    assert measured()
    with sqlite3.connect(store) as kept:
        kept.execute("drop table degrees")
    assert measured()
    assert measured()


@pytest.mark.parametrize("found", ["[3]", "[3, 7, 7]", "[]"])
def test_degrees_of_other_relations_are_not_taken(store, found):
    assert measured()
    with sqlite3.connect(store) as kept:
        kept.execute("update degrees set found = ?", (found,))
    assert measured()
    assert not measured()


def test_where_nothing_can_be_written_degrees_are_measured(store, monkeypatch):
    store.parent.write_text("a file where the folder would be")
    assert measured()
    assert measured()
    store.parent.unlink()
    reopen()
    assert measured()
    reopen()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **more: connect(f"file:{store}?mode=ro", uri=True, **more))
    assert measured("another text")
    assert measured("another text")


def test_what_is_not_seen_is_kept_too(store):
    runs = []

    def never(points, draw):
        runs.append((points, draw))
        raise RedrawError

    for _ in range(2):
        assert degrees.measured("text", never, PAIRS) == [None, None]
    assert runs == [(points, draw) for points in LINE_POINTS for draw in range(LINES)]
