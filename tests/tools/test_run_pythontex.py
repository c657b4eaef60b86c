"""The wrapper around PythonTeX, with a fake PythonTeX: what it runs, refuses and gathers."""

import json
import shutil
from pathlib import Path

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
COMPLETE = {"vae": {"numbers": {"elbo.draws": 3, "elbo.gap": 0.1}, "files": ["figure.pdf"]},
            "pg": {"numbers": {"pg.a": 0.1}, "files": []}}  # fmt: skip


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
    Path("bin/pythontex").write_text(FAKE, encoding="utf-8")
    Path("bin/pythontex").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return run_pythontex


def run(wrapper, sessions=COMPLETE, **script):
    Path("script.json").write_text(json.dumps({"sessions": sessions} | script), encoding="utf-8")
    return wrapper.main(Path("build/main"))


def runs():
    return Path("runs").read_text(encoding="utf-8").count("run")


def test_complete_sessions_are_gathered_and_not_run_again(wrapper):
    assert run(wrapper) == wrapper.RAN
    assert run(wrapper) == wrapper.UP_TO_DATE
    assert runs() == 1
    numbers = {"elbo.draws": 3, "elbo.gap": 0.1, "pg.a": 0.1}
    assert json.loads(Path("build/results.json").read_text(encoding="utf-8")) == numbers


@pytest.mark.parametrize("name", ["pycode/a.py", "pycode/b.py", "requirements.lock", "figure.pdf", "build/results.json",
                                  "build/main.pytxmcr", "tests/mutants/score.json"])  # fmt: skip
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


@pytest.mark.parametrize("name", ["figure.pdf", "build/results.json", "build/main.pytxmcr"])
def test_deleted_output_runs_the_sessions_again(wrapper, name):
    run(wrapper)
    Path(name).unlink()
    assert run(wrapper) == wrapper.RAN


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
        ("", "session vae died without a message"),
        ("vae 0\npg 0\n", 'sections/vae.tex:31: session vae died without a message in page.result("elbo.draws", "")'),
        ("vae 0\nvae 1\nvae 9\n", 'sections/vae.tex:32: session vae died without a message in page.check("elbo.gap")'),
    ],
)
def test_session_without_its_mark_is_dead_even_if_pythontex_is_content(wrapper, capsys, progress, message):
    assert run(wrapper, {"pg": COMPLETE["pg"]}, progress=progress) == wrapper.FAILED
    assert capsys.readouterr().err == f"{message}\n"


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
    assert not any(Path(name).is_absolute() for name in wrapper.inputs(Path("build/main.pytxcode")))


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
    sessions = COMPLETE | {"pg": {"numbers": {"elbo.gap": 0.2}, "files": []}}
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


def show(wrapper, tmp_path, *work):
    """Let the bar look twice, at the second of three calls and at files of long work."""
    import calls

    class Process:
        """A process that runs until it was asked twice."""

        asked = 0

        def poll(self):
            self.asked += 1
            return None if self.asked <= 2 else 0

        def wait(self, timeout):
            return 0

    progress, long_work = tmp_path / "progress", tmp_path / "long"
    progress.write_text("vae 0\nvae 1\n", encoding="utf-8")
    long_work.mkdir()
    for number, content in enumerate(work):
        (long_work / f"{number}.json").write_text(content, encoding="utf-8")
    wrapper.show_progress(Process(), calls.read_calls(Path("build/main.pytxcode")), progress, long_work)


def test_progress_bar_names_the_call_that_runs(wrapper, tmp_path, capsys):
    show(wrapper, tmp_path)
    shown = capsys.readouterr().err
    assert 'check("elbo.gap")' in shown
    assert "1/3" in shown


def test_progress_bar_says_how_far_long_work_is(wrapper, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "101")
    show(wrapper, tmp_path, '{"name": "VAE on MNIST, seed 1", "done": 5, "total": 8}', '{"name": "half wri', "{}", "[]")
    assert 'VAE on MNIST, seed 1: 62 %; check("elbo.gap")' in capsys.readouterr().err


def test_progress_bar_leaves_out_the_call_where_work_takes_the_room(wrapper, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "101")
    show(wrapper, tmp_path, *['{"name": "a rather long name", "done": 1, "total": 3}'] * 2)
    assert "a rather long name: 33 %; a rather long name: 33" in capsys.readouterr().err
