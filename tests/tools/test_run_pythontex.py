"""The wrapper around PythonTeX, with a fake PythonTeX: what it runs, refuses and gathers."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = """=>PYTHONTEX#CC:py:begin#none#none#0#code#####7#
page.begin(pytex)
=>PYTHONTEX#py#vae#default#0#i####vae.tex#31#
page.result("elbo.draws", "")
=>PYTHONTEX#py#vae#default#1#i####vae.tex#32#
page.check("elbo.gap")
=>PYTHONTEX#py#pg#default#0#i#####5#
page.check("pg.#1")
=>PYTHONTEX:SETTINGS#
version=0.18
"""
FAKE = r"""
import json, pathlib, sys
folder = pathlib.Path("build/sessions")
folder.mkdir(parents=True)
script = json.loads(pathlib.Path("script.json").read_text())
(folder / "progress").write_text(script.get("progress", ""))
for name, content in script["sessions"].items():
    (folder / f"{name}.json").write_text(json.dumps(content))
pathlib.Path("build/main.pytxmcr").write_text("macros")
with open("runs", "a") as runs:
    runs.write("run\n")
print(script.get("output", ""))
sys.exit(script.get("status", 0))
"""
DRAWN = "8b6df8c11847ada8266bad5b8737f94c208c411a3ebe18e27aad31bfb7eb8767"  # sha256sum's of the figure
COMPLETE = {"vae": {"numbers": {"elbo.draws": 3, "elbo.gap": 0.1}, "files": {"figure.pdf": DRAWN}},
            "pg": {"numbers": {"pg.a": 0.1}, "files": {}}}  # fmt: skip


@pytest.fixture
def wrapper(tmp_path, monkeypatch):
    """The module, in a folder with two sessions and a fake PythonTeX that does what script.json says."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import run_pythontex

    monkeypatch.chdir(tmp_path)
    for folder in ("build", "pycode", "bin"):
        (tmp_path / folder).mkdir()
    Path("build/main.pytxcode").write_text(CODE, encoding="utf-8")
    Path("build/main.fls").write_text("INPUT /usr/share/texmf/vae.tex\nINPUT ./sections/vae.tex\n", encoding="utf-8")
    Path("pycode/a.py").write_text("a = 1\n", encoding="utf-8")
    Path("figure.pdf").write_text("drawn", encoding="utf-8")
    Path("results/values").mkdir(parents=True)
    Path("results/values/a.json").write_text("{}", encoding="utf-8")
    Path("bin/pythontex").write_text(FAKE, encoding="utf-8")
    Path("bin/pythontex").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("pycode.ahead.compute", Ahead())
    return run_pythontex


@pytest.fixture
def ahead(wrapper):
    """What stands in for the computing before the sessions."""
    from pycode import ahead

    return ahead.compute


def run(wrapper, sessions=COMPLETE, ahead=False, **script):
    Path("script.json").write_text(json.dumps({"sessions": sessions} | script), encoding="utf-8")
    return wrapper.main(Path("build/main"), ahead)


def runs():
    return Path("runs").read_text(encoding="utf-8").count("run")


def test_complete_sessions_are_gathered_and_not_run_again(wrapper):
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.UP_TO_DATE
    assert runs() == 1
    numbers = {"elbo.draws": 3, "elbo.gap": 0.1, "pg.a": 0.1}
    assert json.loads(Path("build/results.json").read_text(encoding="utf-8")) == numbers


@pytest.mark.parametrize("name", ["pycode/a.py", "pycode/b.py", "requirements.lock", "build/results.json",
                                  "build/main.pytxmcr", "tests/mutants/score.json",
                                  "results/values/a.json"])  # fmt: skip
def test_changed_input_or_output_runs_the_sessions_again(wrapper, name):
    run(wrapper)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("changed", encoding="utf-8")
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.UP_TO_DATE


@pytest.mark.parametrize("torn", ['{"inputs":', "[]", "{}", '{"inputs": {}, "outputs": 3}'])
def test_torn_stamp_counts_as_none(wrapper, torn):
    run(wrapper)
    Path("build/pythontex.json").write_text(torn, encoding="utf-8")
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.UP_TO_DATE


@pytest.mark.parametrize("name", ["build/results.json", "build/main.pytxmcr", "results/values/a.json"])
def test_deleted_output_runs_the_sessions_again(wrapper, name):
    run(wrapper)
    Path(name).unlink()
    assert run(wrapper) == wrapper.RAN


def test_figure_that_is_not_there_when_the_sessions_end_is_named_until_it_is(wrapper, capsys):
    Path("figure.pdf").unlink()
    for _ in range(2):
        assert run(wrapper) == wrapper.FAILED
        assert capsys.readouterr().err == "figure.pdf was deleted while Python ran\n"
    Path("figure.pdf").write_text("drawn", encoding="utf-8")
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.UP_TO_DATE


def test_other_python_runs_the_sessions_again(wrapper, monkeypatch):
    run(wrapper)
    monkeypatch.setattr("sys.version", "3.99")
    assert run(wrapper) == wrapper.RAN


def test_figure_replaced_while_sessions_run_runs_them_again(wrapper):
    Path("figure.pdf").write_text("another", encoding="utf-8")
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.RAN
    Path("figure.pdf").write_text("drawn", encoding="utf-8")
    assert run(wrapper) == wrapper.UP_TO_DATE


def test_calls_that_only_moved_run_nothing(wrapper):
    run(wrapper)
    Path("build/main.pytxcode").write_text(CODE.replace("vae.tex#31#", "new.tex#44#"), encoding="utf-8")
    assert run(wrapper) == wrapper.UP_TO_DATE


def test_other_code_runs_the_sessions_again(wrapper):
    run(wrapper)
    Path("build/main.pytxcode").write_text(CODE.replace("elbo.gap", "elbo.other"), encoding="utf-8")
    assert run(wrapper) == wrapper.RAN


def test_reason_of_a_session_is_told_with_its_place(wrapper, capsys):
    sessions = COMPLETE | {"vae": {"error": "check failed: elbo.gap", "instance": "1"}}
    assert run(wrapper, sessions, status=1, output="* PythonTeX error") == wrapper.FAILED
    assert capsys.readouterr().err == "sections/vae.tex:32: check failed: elbo.gap\n"


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        ("", "session vae died"),
        ("vae 0\npg 0\n", 'sections/vae.tex:31: session vae died in page.result("elbo.draws", "")'),
        ("vae 0\nvae 1\nvae 9\n", 'sections/vae.tex:32: session vae died in page.check("elbo.gap")'),
    ],
)
def test_session_without_its_mark_is_dead_even_if_pythontex_is_content(wrapper, capsys, progress, message):
    assert run(wrapper, {"pg": COMPLETE["pg"]}, progress=progress) == wrapper.FAILED
    assert (
        capsys.readouterr().err
        == f"{message}: it left no word (killed with the process that watched it, or the disk is full)\n"
    )


def test_all_failing_sessions_are_told(wrapper, capsys):
    sessions = {"vae": {"error": "first", "instance": "0"}, "pg": {"error": "second", "instance": "0"}}
    assert run(wrapper, sessions) == wrapper.FAILED
    assert capsys.readouterr().err == "sections/vae.tex:31: first\nmain.tex:5: second\n"


def test_error_that_names_its_places_is_told_as_it_is_and_once(wrapper, capsys):
    wrong = {"error": "sections/vae.tex:3: false: a\nmain.tex:9: bare: b"}
    assert (
        run(wrapper, {"vae": wrong, "pg": {"error": "main.tex:9: bare: b"}}, progress="vae 0\npg 0\n") == wrapper.FAILED
    )
    assert capsys.readouterr().err == "sections/vae.tex:3: false: a\nmain.tex:9: bare: b\n"


def test_inputs_do_not_depend_on_the_folder(wrapper):
    assert not any(Path(name).is_absolute() for name in wrapper.inputs.inputs(Path("build/main.pytxcode")))


def test_failure_is_tried_and_told_again(wrapper, capsys):
    for _ in range(2):
        assert run(wrapper, {}) == wrapper.FAILED
        assert "session vae died" in capsys.readouterr().err
    assert runs() == 2
    assert run(wrapper) == wrapper.RAN


def test_failure_keeps_the_results_of_the_complete_build(wrapper):
    run(wrapper)
    before = Path("build/results.json").read_bytes()
    Path("pycode/a.py").write_text("a = 2\n", encoding="utf-8")
    assert run(wrapper, {"pg": COMPLETE["pg"]}) == wrapper.FAILED
    assert Path("build/results.json").read_bytes() == before


def test_error_of_pythontex_itself_is_told(wrapper, capsys):
    assert run(wrapper, status=1, output="no such interpreter") == wrapper.FAILED
    assert capsys.readouterr().err == "PythonTeX failed; see build/pythontex.log\nno such interpreter\n"


def test_one_key_with_two_values_is_refused(wrapper, capsys):
    sessions = COMPLETE | {"pg": {"numbers": {"elbo.gap": 0.2}, "files": {}}}
    assert run(wrapper, sessions) == wrapper.FAILED
    assert capsys.readouterr().err == "elbo.gap: session vae prints 0.1, another one 0.2\n"


def test_half_written_record_of_pythontex_is_removed(wrapper):
    data = Path("build/pythontex_data.pkl")
    data.write_bytes(b"half")
    run(wrapper)
    assert not data.exists()


def test_missing_pythontex_is_told_with_the_way_out(wrapper, capsys):
    shutil.rmtree("bin")
    assert run(wrapper) == wrapper.FAILED
    assert capsys.readouterr().err.startswith("PythonTeX is not installed; type: make pdf")


def test_document_without_python_is_complete(wrapper):
    Path("build/main.pytxcode").write_text("=>PYTHONTEX:SETTINGS#\n", encoding="utf-8")
    assert run(wrapper, {}) == wrapper.RAN
    assert run(wrapper, {}) == wrapper.UP_TO_DATE


@pytest.fixture
def own_files(wrapper, tmp_path, monkeypatch):
    """A folder of the user's that a module names, with one file that it reads."""
    folder = tmp_path / "own files"
    folder.mkdir()
    (folder / "a.dat").write_text("a", encoding="utf-8")
    Path("pycode/a.py").write_text('EXTERNAL = "OWN_FILES/*.dat"\n', encoding="utf-8")
    return folder


def test_files_of_the_user_are_inputs(wrapper, own_files, monkeypatch):
    statuses = [run(wrapper), run(wrapper)]
    monkeypatch.setenv("OWN_FILES", str(own_files))
    statuses += [run(wrapper), run(wrapper)]
    (own_files / "a.dat").write_text("b", encoding="utf-8")
    statuses += [run(wrapper), run(wrapper)]
    (own_files / "other.txt").write_text("not read", encoding="utf-8")
    monkeypatch.setenv("OWN_FILES", str(own_files.rename(own_files.with_name("moved"))))
    statuses += [run(wrapper)]
    monkeypatch.setenv("OWN_FILES", "")
    statuses += [run(wrapper), run(wrapper)]
    again, not_again = wrapper.RAN, wrapper.UP_TO_DATE
    assert statuses == [again, not_again, again, not_again, again, not_again, not_again, again, not_again]


def test_progress_of_a_killed_process_is_removed(wrapper):
    left = Path("build/progress/7-7.json")
    left.parent.mkdir()
    left.write_text("{}", encoding="utf-8")
    run(wrapper)
    assert not left.exists()


class Ahead:
    """Stands in for the computing before the sessions: notes what it was asked, and says what it took."""

    def __init__(self):
        self.asked = []
        self.took = []

    def __call__(self, codes, log, tick, least):
        self.asked.append(codes)
        tick(0, len(codes), ["first"])
        return self.took


def test_results_are_computed_for_all_calls_before_the_sessions_run(wrapper, ahead, capsys):
    ahead.took = [("a", 0.25), ("b", 3.0), ("c", 1.0), ("d", 2.0)]
    run(wrapper)
    assert ahead.asked == [['page.result("elbo.draws", "")', 'page.check("elbo.gap")', 'page.check("pg.#1")']]
    line = r"Python +\d+\.\d s  4 results computed, the longest: b 3\.0 s, d 2\.0 s, c 1\.0 s\n"
    assert re.fullmatch(line, capsys.readouterr().out)


def test_run_before_pdflatex_says_nothing_of_a_failure_and_the_one_after_it_does(wrapper, capsys):
    assert run(wrapper, {"pg": COMPLETE["pg"]}, progress="vae 0\n", ahead=True) == wrapper.FAILED
    assert capsys.readouterr().err == ""
    moved = CODE.replace("vae.tex#31#", "vae.tex#77#")
    Path("build/main.pytxcode").write_text(moved, encoding="utf-8")
    assert run(wrapper) == wrapper.FAILED
    assert "sections/vae.tex:77: session vae died" in capsys.readouterr().err
    assert runs() == 1  # not again for the same calls
    assert run(wrapper) == wrapper.RAN  # but in the next pass


def test_failure_before_pdflatex_is_forgotten_when_something_changes(wrapper, capsys):
    run(wrapper, {}, ahead=True)
    Path("pycode/a.py").write_text("a = 2\n", encoding="utf-8")
    assert run(wrapper) == wrapper.RAN
    assert runs() == 2


def test_first_build_knows_no_calls_before_pdflatex(wrapper):
    Path("build/main.pytxcode").unlink()
    assert run(wrapper, ahead=True) == wrapper.UP_TO_DATE
    assert not Path("runs").exists()


@pytest.fixture
def displays(wrapper, tmp_path, monkeypatch):
    """A document with one display whose checker counts how often it reads."""
    import inputs

    for name in ("sections", "pycode/proofread"):
        Path(name).mkdir(parents=True)
    Path("main.tex").write_text("text", encoding="utf-8")
    Path("sections/a.tex").write_text("display", encoding="utf-8")
    read = []

    def reader(path):
        text = Path("sections/a.tex").read_text(encoding="utf-8")
        read.append(text)
        if text == "saved":  # by an editor, while the file is read
            Path("sections/a.tex").write_text("saved again", encoding="utf-8")
        display = SimpleNamespace(file="sections/a.tex", ordinal=1, environment="checked")
        lines, messages = {"main.tex": ["text"], "sections/a.tex": [text]}, ["wrong"] if "wrong" in text else []
        return SimpleNamespace(displays=[display], messages=messages, lines=lines, key=lambda d: text)

    monkeypatch.setattr("pycode.proofread.document.read", reader)
    return lambda: (inputs.displays(Path("build/displays.json")), len(read))


def test_displays_are_read_again_only_when_a_text_or_the_checker_changed(displays):
    first, reads = displays()
    assert reads == 1
    assert displays() == (first, 1)
    Path("sections/a.tex").write_text("another", encoding="utf-8")
    second, reads = displays()
    assert second != first
    assert reads == 2
    Path("pycode/proofread/new.py").write_text("", encoding="utf-8")
    assert displays() == (second, 3)
    Path("build/displays.json").write_text("{", encoding="utf-8")
    assert displays() == (second, 4)


def test_name_of_a_text_is_not_kept_for_one_that_was_saved_meanwhile(displays):
    Path("sections/a.tex").write_text("saved", encoding="utf-8")
    (saved, _), (again, _) = displays(), displays()
    Path("sections/a.tex").write_text("saved again", encoding="utf-8")
    Path("build/displays.json").unlink()
    assert displays()[0] == again != saved


def test_displays_with_a_message_are_read_every_time(displays):
    Path("sections/a.tex").write_text("wrong", encoding="utf-8")
    assert displays()[1] == 1
    assert displays()[1] == 2
