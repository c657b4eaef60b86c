"""What the build says on its way: a bar on a terminal, a line for each step."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def steps(monkeypatch, capsys):
    """The module; stderr is a terminal 101 columns wide."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import steps

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "101")
    return steps


def show(steps, folder, *work):
    """Show the second of three calls, beside files of long work."""
    for number, content in enumerate(work):
        (folder / f"{number}.json").write_text(content, encoding="utf-8")
    with steps.bar(folder) as bar:
        bar.move(1, 3, ['check("elbo.gap")'])


def test_step_is_told_in_columns(steps, capsys):
    steps.tell("pdflatex", 2.345)
    steps.tell("Python", 123.0, "7 results")
    assert capsys.readouterr().out == "pdflatex     2.3 s\nPython     123.0 s  7 results\n"


def test_bar_names_what_runs(steps, tmp_path, capsys):
    show(steps, tmp_path)
    shown = capsys.readouterr().err
    assert 'check("elbo.gap")' in shown
    assert "1/3" in shown


def test_bar_says_how_far_long_work_is(steps, tmp_path, capsys):
    show(steps, tmp_path, '{"name": "VAE on MNIST, seed 1", "done": 5, "total": 8}', '{"name": "half wri', "{}", "[]")
    assert 'VAE on MNIST, seed 1: 62 %; check("elbo.gap")' in capsys.readouterr().err


def test_nothing_is_shown_where_there_is_no_terminal(steps, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    show(steps, tmp_path, '{"name": "VAE", "done": 5, "total": 8}')
    assert capsys.readouterr().err == ""
