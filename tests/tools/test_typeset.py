"""A pass with a fake pdflatex: what it keeps, restores and says."""

import os
import re
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = Path("build/main")
LOG = r"""This is pdfTeX
./sections/a.tex:12: Undefined control sequence.
<recently read> \foo

l.12 so \foo
            is it
./sections/a.tex:12:  ==> Fatal error occurred
"""


COMPLETE = "\\relax\n\\newlabel{a}\n\\newlabel{b}"  # an .aux that pdflatex wrote
ran = []  # what each pass asked of the sessions, before and after pdflatex


def sessions(base, ahead=False):
    """Stands in for the sessions, which are up to date; what pdflatex has written by then is noted."""
    ran.append((ahead, content(".pytxcode")))
    return 0


@pytest.fixture
def typeset(tmp_path, monkeypatch):
    """The module, in a folder with a first pass behind it; the sessions are up to date."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import typeset

    ran.clear()
    monkeypatch.chdir(tmp_path)
    for folder in ("build", "bin"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(typeset.run_pythontex, "main", sessions)
    monkeypatch.setattr(typeset.run_pythontex, "up_to_date", lambda base, code_file: True)
    for suffix in (".aux", ".pytxcode", ".pdf"):
        BASE.with_suffix(suffix).write_text(COMPLETE, encoding="utf-8")
    Path("log").write_text(LOG, encoding="utf-8")
    return typeset


def pdflatex(body):
    path = Path("bin/pdflatex")
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def code(*calls):
    """What pdflatex writes for PythonTeX when it meets these calls."""
    return "".join(f"=>PYTHONTEX#py#vae#default#{i}#i####a.tex#{i}#\n{call}\n" for i, call in enumerate(calls))


def calls(*known):
    """Let a pass before have met these calls, and Python have answered them."""
    BASE.with_suffix(".pytxcode").write_text(code(*known), encoding="utf-8")
    macros = BASE.with_suffix(".pytxmcr")
    macros.write_text("answers", encoding="utf-8")
    return macros


def wait_for(path):
    """Until pdflatex has come so far."""
    end = time.monotonic() + 30
    while not (path.is_file() and path.read_bytes()):
        assert time.monotonic() < end
        time.sleep(0.01)


def content(suffix):
    path = BASE.with_suffix(suffix)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def test_good_pass_ends_with_the_sessions(typeset):
    pdflatex('echo "$*" > arguments; echo new > build/main.aux')
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.UP_TO_DATE
    arguments = Path("arguments").read_text(encoding="utf-8")
    assert arguments == "-halt-on-error -interaction=nonstopmode -file-line-error -synctex=1 main.tex\n"
    assert content(".aux") == "new"
    assert not list(Path("build").glob("kept*"))


def test_sessions_run_before_and_after_pdflatex_and_the_time_is_told(typeset, capsys, monkeypatch):
    monkeypatch.setattr(typeset.run_pythontex, "up_to_date", lambda base, code_file: False)
    pdflatex("echo new > build/main.pytxcode")
    typeset.main(BASE, ["main.tex"])
    assert ran == [(True, COMPLETE), (False, "new")]
    assert re.fullmatch(r"pdflatex +\d+\.\d s\n", capsys.readouterr().out)


def test_first_pass_is_a_draft_that_another_one_follows(typeset):
    BASE.with_suffix(".aux").write_text("\\relax \n\\gdef \\@abspage@last{1}\n", encoding="utf-8")  # as latexmk does
    pdflatex('echo "$*" > arguments; seq 9 > build/main.aux')
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.RAN
    assert "-draftmode" in Path("arguments").read_text(encoding="utf-8")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.UP_TO_DATE
    assert "-draftmode" not in Path("arguments").read_text(encoding="utf-8")


def test_calls_of_the_last_complete_document_serve_where_build_was_removed(typeset):
    for suffix in (".aux", ".pytxcode"):
        BASE.with_suffix(suffix).unlink()
    Path("results/printed").mkdir(parents=True)
    Path("results/printed/main.pytxcode").write_text("kept", encoding="utf-8")
    pdflatex("echo new > build/main.pytxcode")
    typeset.main(BASE, ["main.tex"])
    assert ran == [(True, None), (False, "new")]  # publish.py was stopped before it had kept all
    Path("results/printed/pythontex.json").write_text("{}", encoding="utf-8")
    BASE.with_suffix(".pytxcode").unlink()
    ran.clear()
    pdflatex("echo new > build/main.pytxcode")
    typeset.main(BASE, ["main.tex"])
    assert ran == [(True, "kept"), (False, "new")]


def test_failing_pass_tells_the_first_error_and_restores_what_was(typeset, capsys):
    pdflatex("echo half > build/main.aux; echo half > build/main.toc; cp log build/main.log; exit 1")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.FAILED
    assert capsys.readouterr().err == "sections/a.tex:12: Undefined control sequence.\nl.12 so \\foo\n"
    assert (content(".aux"), content(".toc"), content(".pdf")) == (COMPLETE, None, None)


def test_what_python_printed_for_an_earlier_text_does_not_stop_the_pass(typeset):
    macros = calls("first", "second")
    Path("moved").write_text(code("new", "first", "second"), encoding="utf-8")
    pdflatex("cp moved build/main.pytxcode; [ ! -e build/main.pytxmcr ] || exit 1; echo new > build/main.aux")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.RAN
    assert (content(".aux"), macros.exists()) == ("new", False)


@pytest.mark.parametrize("cut", [0, 9])
def test_error_in_the_text_leaves_what_python_printed(typeset, cut):
    macros = calls("first", "second", "third")
    written = code("first", "second")
    Path("cut").write_text(written[: len(written) - cut], encoding="utf-8")
    pdflatex("echo x >> passes; cp cut build/main.pytxcode; cp log build/main.log; exit 1")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.FAILED
    assert (content(".aux"), macros.exists()) == (COMPLETE, True)
    assert Path("passes").read_text(encoding="utf-8").count("x") == 1
    assert content(".pytxcode") == code("first", "second", "third").strip()


@pytest.mark.parametrize(
    "error", ["build/main.aux:1: Undefined control sequence.", "main.tex:7: File ended while scanning"]
)
def test_error_in_a_generated_file_is_mended_by_a_pass_without_it(typeset, error):
    macros = calls("first")
    Path("log").write_text(f"./{error}\n", encoding="utf-8")
    pdflatex("[ -e build/main.aux ] || exec touch build/main.aux; cp log build/main.log; exit 1")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.RAN
    assert not macros.exists()


@pytest.mark.parametrize("log", ["", "This is pdfTeX\n"])
def test_death_without_a_message_names_the_log_and_no_earlier_error(typeset, capsys, log):
    BASE.with_suffix(".log").write_text(LOG, encoding="utf-8")
    pdflatex(f"[ -z '{log}' ] || echo '{log}' > build/main.log; kill -9 $$")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.FAILED
    assert capsys.readouterr().err == "pdflatex stopped without a message; see build/main.log\n"


def test_pass_that_was_killed_with_its_wrapper_is_undone_by_the_next(typeset):
    typeset.keep(BASE)
    for suffix in (".aux", ".toc", ".pdf"):
        BASE.with_suffix(suffix).write_text("half", encoding="utf-8")
    assert typeset.main(BASE, ["--restore"]) == 0
    assert (content(".aux"), content(".toc"), content(".pdf")) == (COMPLETE, None, None)
    assert not list(Path("build").glob("kept*"))


def test_incomplete_set_is_not_restored(typeset):
    (Path("build") / "kept.new").mkdir()
    pdflatex("echo new > build/main.aux")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.UP_TO_DATE
    assert (content(".aux"), content(".pytxcode")) == ("new", COMPLETE)


def test_pdflatex_is_at_work_while_python_compares(typeset, monkeypatch):
    def compare(base, code_file):
        wait_for(base.with_suffix(".toc"))
        assert code_file.read_text(encoding="utf-8") == COMPLETE
        return True

    monkeypatch.setattr(typeset.run_pythontex, "up_to_date", compare)
    pdflatex("echo new > build/main.pytxcode; echo new > build/main.toc")
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.UP_TO_DATE
    assert ran == [(False, "new")]


def test_pass_that_began_too_early_is_undone_before_the_sessions_run(typeset, monkeypatch, capsys):
    def compare(base, code_file):
        wait_for(base.with_suffix(".toc"))
        return False

    monkeypatch.setattr(typeset.run_pythontex, "up_to_date", compare)
    pdflatex(
        "[ -e again ] && exec cp build/main.aux seen; touch again; "
        "echo half | tee build/main.aux build/main.pytxcode > build/main.toc; exec sleep 60"
    )
    assert typeset.main(BASE, ["main.tex"]) == typeset.run_pythontex.UP_TO_DATE
    assert ran == [(True, COMPLETE), (False, COMPLETE)]
    assert Path("seen").read_text(encoding="utf-8") == COMPLETE
    assert content(".toc") is None
    assert capsys.readouterr().out.count("pdflatex") == 1


def test_interrupt_restores_and_goes_on(typeset, monkeypatch):
    def interrupt(base, code_file):
        wait_for(base.with_suffix(".toc"))
        raise KeyboardInterrupt

    monkeypatch.setattr(typeset.run_pythontex, "up_to_date", interrupt)
    pdflatex("echo $$ > number; echo half | tee build/main.aux > build/main.toc; exec sleep 60")
    with pytest.raises(KeyboardInterrupt):
        typeset.main(BASE, ["main.tex"])
    assert content(".aux") == COMPLETE
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("number").read_text(encoding="utf-8")), 0)
