"""What the document gets for the displays of a file: what is run again, what is told, what the ledger is given."""

import json
import re
import sys
from types import SimpleNamespace

import pytest

from pycode import page, results
from pycode.proofread import exact
from pycode.proofread.arithmetic import modular
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.worlds import decoders, gaussians, mdp, vae


def record(tmp_path):
    return json.loads((tmp_path / "build/sessions/main.json").read_text(encoding="utf-8"))


@pytest.fixture
def displays(pytex, monkeypatch):
    """A document of three displays in two files, whose verdicts tests may change; ``ran`` says what was executed."""
    from pycode.proofread import document

    def display(file, ordinal, key):
        return SimpleNamespace(file=file, ordinal=ordinal, hash=key, line=10 * ordinal, environment="checked")

    found = [display("a.tex", 1, "1" * 20), display("a.tex", 2, "2" * 20), display("b.tex", 1, "3" * 20)]
    fake = SimpleNamespace(displays=found, messages=[], ran=[], wrong={}, key=lambda display: display.hash)
    fake.lines = {file: [rf"\proofread{{{file}}}"] for file in ("a.tex", "b.tex")}

    def run(display):
        fake.ran.append(display.hash[0])
        messages = fake.wrong.get(display.hash[0], ())
        status = "fails" if display.hash[0] in fake.wrong else "holds"
        exact = document.Exact(3, 2, -60.0, 24, ((display.line + 2, "a maximum"),))
        numbers = {"relations": 4, "compared": 4, "worlds": 3, "worst": 0.0}
        return SimpleNamespace(status=status, messages=messages, exact=exact, **numbers)

    monkeypatch.setattr(document, "read", lambda path: fake)
    monkeypatch.setattr(document, "runner", lambda read: run)
    monkeypatch.setattr(document, "text_hash", lambda read: "present")
    return fake


def test_file_whose_displays_are_not_run_is_named(displays):
    displays.lines["b.tex"] = [r"% \proofread{b.tex}"]
    with pytest.raises(page.DisplayError, match=r"^b\.tex:1: unrun: .* write \\proofread\{b\.tex\}"):
        page.proofread("a.tex")


def test_displays_of_a_file_run_once_and_again_when_their_key_changes(displays):
    first = page.proofread("a.tex")
    for n in (1, 2):
        assert rf"\displayverdict{{a.tex}}{{{n}}}{{checked}}{{4}}{{4}}{{3}}{{0}}\displayexact{{a.tex}}{{{n}}}" in first
    assert r"\displaytotal{a.tex}{2}" in first
    page.proofread("b.tex")
    assert page.proofread("a.tex") == first
    assert displays.ran == ["1", "2", "3"]
    displays.displays[1].hash = "4" * 20
    assert page.proofread("a.tex") == first
    assert displays.ran == ["1", "2", "3", "4"]
    assert len(list((results.RESULTS / "values").glob("*.tex.*"))) == 3  # that of 2 is gone, the other file's stays


def test_moved_display_is_not_run_again(displays):
    page.proofread("a.tex")
    displays.displays[:2] = reversed(displays.displays[:2])
    displays.displays[0].ordinal, displays.displays[1].ordinal = 1, 2
    page.proofread("a.tex")
    assert displays.ran == ["1", "2"]


def test_record_keeps_what_the_exact_arithmetic_found_and_undecided_lines_by_their_distance(displays):
    for line in (10, 510):
        displays.displays[0].line = line
        assert r"\displayexact{a.tex}{1}{3}{2}{-60}{24}{\byfloats{2}{a maximum}}" in page.proofread("a.tex")
    assert displays.ran == ["1", "2"]
    (record, _) = sorted((results.RESULTS / "values").glob("*.tex.*"))
    kept = json.loads(record.read_text(encoding="utf-8"))["result"]["exact"]
    assert kept == {"equalities": 3, "decided": 2, "log2_error": -60.0, "degree": 24, "undecided": [[2, "a maximum"]]}


def test_settings_are_those_of_the_exact_worlds(displays):
    said = dict(re.findall(r"\\displaysettingis\{(\w+)\}\{([^}]*\}?)\}", page.proofread("a.tex")))
    field = Field([modular.prime(f"a text {i}", exact.BITS) for i in range(exact.PRIMES)], "a text")

    def instances(module, name):
        return [candidate.instance for candidate in module.exact(name, field)]

    (process,) = instances(mdp, "mdp")
    table = instances(vae, "vae")[1]
    assert (said["states"], said["latent"]) == (str(process.sizes["state"]), str(len(table.p.data)))
    assert (said["actions"], said["rewards"]) == (str(process.sizes["action"]), str(process.sizes["reward"]))
    assert [pair.D for pair in instances(gaussians, "gaussians")] == [1, 2, 3]  # as A.3 says
    assert {len(one.x.data) for one in instances(decoders, "decoders")} == {3}
    bounds = [exact.Judgement("holds", degree=2 ** (int(said["degrees"]) + more)).log2_error for more in (0, 1)]
    assert [b <= -60 for b in bounds] == [True, False]
    assert (said["bits"], said["digits"], said["tolerance"]) == ("61", r"10\,000", "10^{-9}")


def test_wrong_displays_are_all_told_at_their_places_each_time(displays, tmp_path, capsys):
    displays.wrong = {"1": ("a.tex:11: false: one", "a.tex:12: false: two"), "2": ()}
    displays.messages.append("c.tex:3: bare: align")
    for _ in range(2):
        try:
            page.proofread("a.tex")
        except page.DisplayError:
            sys.excepthook(*sys.exc_info())
        told = "c.tex:3: bare: align\na.tex:11: false: one\na.tex:12: false: two\na.tex:20: fails"
        assert record(tmp_path) == {"error": told}
    assert displays.ran == ["1", "2", "1", "2"]
    assert "Traceback" in capsys.readouterr().err


def test_file_without_displays_is_named(displays):
    with pytest.raises(ValueError, match=r"proofread: main.tex has no display in c.tex"):
        page.proofread("c.tex")


@pytest.mark.parametrize(("measured", "shown"), [("present", True), ("another", False), (None, False)])
def test_score_of_mutants_is_shown_for_the_present_displays_only(displays, tmp_path, measured, shown):
    if measured:
        (tmp_path / "tests/mutants").mkdir(parents=True)
        score = {"planted": 2519, "seconds": 81.25, "hash": measured}
        (tmp_path / "tests/mutants/score.json").write_text(json.dumps(score), encoding="utf-8")
    said = page.proofread("a.tex")
    assert said.endswith(r"\mutantscore{planted}{2\,519}\mutantscore{seconds}{81.25}" if shown else r"\mutantsfalse")
