"""What the build says on its way: a bar on a terminal, a line for each step."""

import io
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def steps(monkeypatch):
    """The module, where lines have 101 columns."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import steps

    monkeypatch.setenv("COLUMNS", "101")
    return steps


class Screen(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


def show(steps, folder, *work, terminal=True):
    """What is seen of the second of three calls, beside files of long work."""
    for number, content in enumerate(work):
        (folder / f"{number}.json").write_text(content, encoding="utf-8")
    screen = Screen(terminal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", screen)
        with steps.bar(folder) as bar:
            bar.move(1, 3, ['check("elbo.gap")'])
    return screen.getvalue()


def test_step_is_told_in_columns(steps, capsys):
    steps.tell("pdflatex", 2.345)
    steps.tell("Python", 123.0, "7 results")
    assert capsys.readouterr().out == "pdflatex     2.3 s\nPython     123.0 s  7 results\n"


def test_bar_names_what_runs(steps, tmp_path):
    shown = show(steps, tmp_path)
    assert 'check("elbo.gap")' in shown
    assert "1/3" in shown


def test_bar_says_how_far_long_work_is(steps, tmp_path):
    work = '{"name": "VAE on MNIST, seed 1", "done": 5, "total": 8}'
    assert 'VAE on MNIST, seed 1: 62 %; check("elbo.gap")' in show(
        steps, tmp_path, work, '{"name": "half wri', "{}", "[]"
    )


def test_nothing_is_shown_where_there_is_no_terminal(steps, tmp_path):
    assert show(steps, tmp_path, '{"name": "VAE", "done": 5, "total": 8}', terminal=False) == ""
