"""Results that are computed ahead: which, in which order, on which processes, and what stops nothing."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pycode import ahead, page, results

ROOT = Path(__file__).resolve().parents[1]
CODES = [
    'page.result("circle.sides", "")',
    'page.check("circle.gap_small")',
    'page.result("line.slope_exact", "")',
    'page.figure("circle.perimeters", 4.0)',
    'page.excerpt("pycode.shapes.perimeter")',
]
NAMES = {"experiment circle", "experiment line", "check circle.gap_small", "check line.slope_exact",
         "figure circle.perimeters", "excerpt pycode.shapes.perimeter"}  # fmt: skip


def names(codes=CODES):
    return [unit.name for unit in ahead.missing(codes)]


@pytest.fixture
def compute(package, tmp_path):
    """Compute calls; gives the names of what succeeded, ``compute.ticks`` and ``compute.log``."""

    def act(codes=CODES):
        act.ticks = []
        act.log = tmp_path / "ahead.log"
        done = ahead.compute(codes, act.log, lambda *state: act.ticks.append(state))
        return [name for name, _ in done]

    return act


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")


def experiment(package, name, body, imports=""):
    write(package / f"experiments/{name}.py", f"import os, sys, time\n{imports}\n\ndef measure():\n    {body}\n")


def test_all_that_the_calls_need_is_computed_once(compute, restart):
    assert set(compute()) == NAMES
    restart()
    assert names() == compute() == []
    assert compute.ticks == []


def test_sessions_read_what_was_computed(compute, restart, pytex, monkeypatch):
    compute()
    restart()

    def refuse(*_):
        raise AssertionError("computed")

    monkeypatch.setattr(results.importlib, "import_module", refuse)
    monkeypatch.setattr(page, "highlighted", refuse)
    for code in CODES:
        assert eval(code)


@pytest.mark.parametrize(
    ("harm", "again"),
    [
        ("figures/circle.perimeters.pdf", {"figure circle.perimeters"}),
        ("values/pycode.checks.circle.gap_small.json", {"check circle.gap_small"}),
        ("values/pycode.experiments.line.measure.json", {"experiment line"}),
    ],
)
def test_what_is_gone_or_edited_is_computed_again_alone(compute, restart, harm, again):
    compute()
    for act in (Path.unlink, lambda path: path.write_bytes(path.read_bytes().replace(b"5", b"6"))):
        act(results.RESULTS / harm)
        restart()
        assert set(names()) >= again
        assert set(names()) - again <= {"check line.slope_exact", "figure circle.perimeters"}  # it cannot know better
        compute()
        restart()
        assert names() == []


@pytest.mark.parametrize(
    ("file", "again"),
    [
        ("figures/circle.py", {"figure circle.perimeters"}),
        ("checks/line.py", {"check line.slope_exact"}),
        ("shapes.py", {"experiment circle", "check circle.gap_small", "figure circle.perimeters"}),
    ],
)
def test_an_edit_concerns_what_imports_it(compute, restart, package, file, again):
    compute()
    with open(package / file, "a", encoding="utf-8") as source:
        source.write("# edited\n")
    restart()
    assert set(names()) == again


def test_the_most_sources_come_first_and_imports_before_them(package):
    experiment(package, "a", "return {}")
    experiment(package, "b", "return {}", "from pycode.experiments import a")
    experiment(package, "c", "return {}", "from pycode.checks import line")
    experiment(package, "d", "return {}", "from pycode.experiments.b import measure as m")
    codes = [f'page.result("{name}.x", "")' for name in "cabd"]
    assert names(codes) == [f"experiment {name}" for name in "abdc"]
    after = {unit.name[-1]: {other.name[-1] for other in unit.after} for unit in ahead.missing(codes)}
    assert after == {"a": set(), "b": {"a"}, "d": {"a", "b"}, "c": set()}


def test_experiments_that_import_each_other_do_not_wait_for_each_other(package, compute):
    experiment(package, "a", "return {}", "import pycode.experiments.b")
    experiment(package, "b", "return {}", "import pycode.experiments.a")
    assert len(compute(['page.result("a.x", "")', 'page.result("b.x", "")'])) == 2


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor alone is ours")
def test_two_work_side_by_side_and_a_third_when_one_of_them_is_done(package, compute, tmp_path):
    meet = "open({own!r}, 'w'); end = time.time() + 20\n    while not os.path.exists({other!r}):\n" + (
        "        time.sleep(0.01); assert time.time() < end\n    return {{'x': 1}}"
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    experiment(package, "a", meet.format(own=one, other=two))
    experiment(package, "b", meet.format(own=two, other=one))
    experiment(package, "c", "return {'x': 1}", "import pycode.experiments.a")
    assert compute([f'page.result("{n}.x", "")' for n in "abc"])[-1] == "experiment c"
    assert max(len(running) for _, _, running in compute.ticks) == 2


FAULTS = {
    "error": "raise RuntimeError('no')",
    "exit": "sys.exit(2)",
    "exit at once": "os._exit(3)",
    "killed": "os.kill(os.getpid(), 9)",
    "segfault": "__import__('faulthandler').disable(); os.kill(os.getpid(), 11)",
    "memory": "raise MemoryError",
    "not a result": "return 1j",
    "interrupt": "raise KeyboardInterrupt",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_stops_neither_the_others_nor_is_it_tried_twice(package, compute, tmp_path, capfd, fault):
    tried = tmp_path / "tried"
    experiment(package, "bad", f"open({str(tried)!r}, 'a').write('x'); print('said by bad'); {fault}")
    experiment(package, "needs", "return {'x': 1}", "from pycode.experiments import bad")
    write(package / "figures/bad.py", "def picture(figure, result):\n    pass\n")
    codes = ['page.result("bad.x", "")', 'page.result("needs.x", "")', 'page.figure("bad.picture", 4)', *CODES]
    assert set(compute(codes)) == NAMES
    assert tried.read_text(encoding="utf-8") == "x"
    assert compute.ticks[-1] == (len(NAMES) + 3, len(NAMES) + 3, [])
    assert capfd.readouterr() == ("", "")
    assert "said by bad" in compute.log.read_text(encoding="utf-8")


def test_killed_in_the_middle_of_writing_leaves_no_half_file(package, compute):
    body = "from pathlib import Path; Path.replace = os.replace = lambda *_: os.kill(os.getpid(), 9); return {'x': 1}"
    experiment(package, "bad", body)
    assert compute(['page.result("bad.x", "")']) == []
    assert [path.suffix for path in (results.RESULTS / "values").iterdir()] == [".lock"]


def test_calls_that_make_no_sense_are_left_to_their_session(package, compute):
    nonsense = [
        'page.result("nope.x", "")',
        'page.figure("nope.picture", 4)',
        'page.check("circle")',
        "page.nope()",
    ]
    nonsense += ['page.check("circle.nope")', 'page.excerpt("pycode.nope.f")', 'page.if_benchmark("vae")', "1 +"]
    assert compute([*nonsense, 'page.check("line.slope_exact")']) == ["check line.slope_exact"]


SCRIPT = """
import os, sys, time
from pathlib import Path
from pycode import ahead, experiments, results
experiments.__path__.insert(0, sys.argv[1] + "/experiments")
results.PACKAGE, results.ROOT = Path(sys.argv[1]), Path(sys.argv[1]).parent
results.RESULTS = results.ROOT / "results"
try:
    ahead.compute([f'page.result("{n}.x", "")' for n in "ab"], Path("log"), lambda *_: None)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_their_parent(package, tmp_path, sign):
    for name in "ab":
        body = f"open({str(tmp_path)!r} + '/pid' + str(os.getpid()), 'w'); time.sleep(100)"
        experiment(package, name, body)
    command = [sys.executable, "-c", SCRIPT, str(package)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        wanted = min(2, len(os.sched_getaffinity(0)))
        wait_until(lambda: len([*tmp_path.glob("pid*")]) == wanted)
        pids = [int(path.name[3:]) for path in tmp_path.glob("pid*")]
        os.killpg(run.pid, sign) if sign == signal.SIGINT else run.kill()
        start = time.monotonic()
        assert (run.wait(10), run.stderr.read()) == (130 if sign == signal.SIGINT else -9, b"")
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert time.monotonic() - start < 5


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_looking_imports_nothing_heavy_and_starts_no_process():
    code = """
import sys, os
os.fork = None
from pathlib import Path
from pycode import ahead, displays
codes = ['page.proofread("sections/vae.tex")', 'page.result("vae.epochs", "d")', 'page.figure("vae.strip", 2.2)']
codes += ['page.check("kl.sympy")', 'page.excerpt("pycode.vae.loss")']
assert len(ahead.missing(codes)) > 3 or Path("results").exists()
heavy = {"numpy", "torch", "matplotlib", "scipy", "sklearn", "sympy", "gymnasium", "lark", "pygments", "pandas"}
sys.exit(f"imported: {heavy & sys.modules.keys()}" if heavy & sys.modules.keys() else 0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
