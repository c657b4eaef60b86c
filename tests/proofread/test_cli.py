r"""The command line: exit codes, one line for each thing that is wrong, and the JSON that other programs read."""

import importlib.util
import json
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pycode.proofread import document
from pycode.proofread.__main__ import main
from pycode.proofread.worlds import NAMES

ROOT = Path(__file__).parents[2]
KL = r"D_{\mathrm{KL}}(p_\phi(z\mid x)\,\|\,p(z)) &= \E_{p_\phi(z\mid x)}\Bigl[\log\frac{p_\phi(z\mid x)}{p(z)}\Bigr]"
KEYS = {"file", "line", "label", "world", "relations", "worlds", "worst", "status", "messages"}


def checked(body, world="mdp", option=""):
    return f"\\begin{{checked}}{option}{{{world}}}\n{body}\n\\end{{checked}}\n"


@pytest.fixture
def write(tmp_path):
    def act(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return act


@pytest.fixture
def outcome(capsys):
    """Exit code, standard output and standard error of a run, which takes less than a second of processor time."""

    def act(*arguments):
        main([str(ROOT / "tests" / "proofread" / "corpus" / "right" / "bayes.tex")])  # parser and world are built
        capsys.readouterr()
        start = time.process_time()
        code = main([str(a) for a in arguments])
        assert time.process_time() - start < 1.0
        return code, *capsys.readouterr()

    return act


BAD = {
    "unclosed brace": (checked(r"\frac{1{2} &= 3"), 2, "syntax"),
    "closed twice": (checked("1} = 1"), 2, "syntax"),
    "unclosed environment": ("x\n\\begin{checked}{mdp}\n1 = 1\n", 2, "syntax"),
    "end without begin": ("x\n\\end{checked}\n", 2, "syntax"),
    "nested": (checked(checked("1 = 1")), 1, "syntax"),
    "unknown macro": (checked(r"1 &= 1\\ \foo{1} &= 1"), 2, "name"),
    "unknown world": (checked("1 = 1", "nowhere"), 1, "world"),
    "no world": ("\\begin{checked}\n1 = 1\n\\end{checked}", 1, "world"),
    "empty world": (checked("1 = 1", ""), 1, "world"),
    "binary": (bytes(range(256)) * 9, 1, "input"),
    "not UTF-8": (b"\\begin{checked}{mdp}\n\xe9 = 1\n\\end{checked}", 1, "input"),
    "empty": ("", 1, "empty"),
    "no display": ("Words.\n", 1, "empty"),
    "only unchecked": ("\\begin{unchecked}[a limit]\nx\n\\end{unchecked}", 1, "empty"),
    "only a definition": ("\\begin{defining}{mdp}\nB := 1\n\\end{defining}", 1, "empty"),
    "unchecked without reason": (checked("1 = 1") + "\\begin{unchecked}\nx\n\\end{unchecked}", 4, "reason"),
    "reason that is blank": (checked("1 = 1") + "\\begin{unchecked}[ ]\nx\n\\end{unchecked}", 4, "reason"),
    "label as reason": (checked("1 = 1") + "\\begin{unchecked}[\\label{eq:a}]\nx\n\\end{unchecked}", 4, "syntax"),
    "label as option": (checked("1 = 1", option="[\\label{eq:a}]"), 1, "syntax"),
    "other option": (checked("1 = 1", option="[h]"), 1, "syntax"),
    "empty display": (checked(" && nothing \\\\ "), 1, "empty"),
    "no relation": (checked("1 + 1"), 2, "empty"),
    "half a relation": (checked("1 = "), 2, "syntax"),
    "align": (checked("1 = 1") + "\n\\begin{align*}\n1 = 2\n\\end{align*}", 5, "bare"),
    "brackets": (checked("1 = 1") + "\n\\[ 1 = 2 \\]", 5, "bare"),
    "dollars": (checked("1 = 1") + "\n$$ 1 = 2 $$", 5, "bare"),
    "aligned": (checked(r"\begin{aligned} 1 &= 1 \end{aligned}"), 2, "syntax"),
    "outside": ("\\input{../a}", 1, "input"),
    "absolute": ("\n\\input{/etc/passwd}", 2, "input"),
    "itself": ("\\input{a}", 1, "input"),
    "missing part": ("\\input{nothing}", 1, "input"),
    "10,000 tokens in a line": (checked("1" + "+1" * 5000 + " = 5001"), 2, "size"),
    "10,000 tokens in many lines": (checked("1\n" + "+1\n" * 5000 + " = 5001"), 2, "size"),
    "10,000 tokens in many rows": (checked("1" + "\\\\\n+1" * 5000), 1502, "size"),
    "1,000 brackets": (checked("(" * 1000 + "1" + ")" * 1000 + " = 1"), 2, "size"),
    "1,000 fractions": (checked(r"\frac1{" * 700 + "1" + "}" * 700 + " = 1"), 2, "size"),
    "1,000 powers": (checked("2^{" * 700 + "1" + "}" * 700 + " = 1"), 2, "size"),
    "1,000 sums": (checked(r"\sum_s " * 700 + "1 = 1"), 2, "size"),
    "1,000 terms": (checked("1" + "+1" * 999 + " = 1000"), 2, "size"),
    "endless macro": ("\\newcommand{\\x}{1\\x}\n" + checked("\\x = 1"), 3, "size"),
    "huge sum": (checked(r"\sum_{k=0}^{10^9} k = 1"), 2, "size"),
    "sum beyond integers": (checked(r"\sum_{k=0}^{10^{300}} k = 1"), 2, "size"),
    "huge power": (checked("2^{9999999} = 1"), 2, "size"),
    "infinite power": (checked("k^{-1000000} = k"), 2, "value"),
    "binomial": (checked(r"\binom{9999999}{999999} = 1"), 2, "size"),
    "integer overflow": (checked(r"\Pr(T>10^{300}\mid S_0=s) = 1"), 2, "size"),
    "many indices": (checked(r"\sum_{k=0}^{99}\sum_{K=0}^{99}\sum_{t=0}^{99}\sum_{i=0}^{99} kKti = 1"), 2, "value"),
    "many sums to infinity": (
        checked("".join(rf"\sum_{{{k}=0}}^{{\infty}}" for k in "kKtij") + r"\Pr(s_0\to s,k+K+t+i+j,\pi) = 1"),
        2,
        "value",
    ),
    "carriage returns": (checked("1 = 2").replace("\n", "\r"), 2, "relation"),
    "DOS": (checked("1 = 2").replace("\n", "\r\n"), 2, "relation"),
    "tabs": (checked("\t1\t&=\t2"), 2, "relation"),
    "unicode": (checked("π = 3"), 2, "name"),
    "full-width digits": (checked("１ = １"), 2, "name"),
    "control characters": (checked("1\x1b[31m = \x07"), 2, "name"),
    "long line": (checked("1" + " " * 9000 + "= 2" + " " * 9000 + "+ 0"), 2, "relation"),
    "long name": (checked("\\" + "m" * 5000 + " = 1"), 2, "name"),
    "many primes": (checked("f" + "'" * 2000 + " = 1"), 2, "name"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_with_its_place(write, outcome, name):
    content, line, kind = BAD[name]
    path = write("a.tex", content)
    code, out, err = outcome(path)
    assert (code, out) == (1, "")
    first = err.splitlines()[0]
    assert first.removeprefix(str(Path(path).parent) + "/").startswith(f"a.tex:{line}: {kind}: "), first
    assert len(first.split(": ", 2)[2]) > 12  # in words
    assert "Traceback" not in err
    assert "internal" not in err
    assert all(len(x) < 400 for x in err.splitlines())
    code, out, _ = outcome("--json", path)
    said = [m for shown in json.loads(out) for m in shown["messages"]]
    assert (code, said[0]["line"], said[0]["kind"]) == (1, line, kind)


def test_braces_without_meaning_may_be_deep(write, outcome):
    assert outcome(write("a.tex", checked("{" * 1000 + "1" + "}" * 1000 + " = 1")))[0] == 0


def test_a_document_without_displays_is_told_what_to_do(write, outcome):
    code, _, said = outcome(write("a.tex", ""))
    assert code == 1
    assert "a.tex:1: empty: " in said
    assert "no executed display; put derivations into \\begin{checked}" in said


def test_a_file_that_is_not_there(tmp_path, outcome):
    (tmp_path / "d.tex").mkdir()
    for path in (tmp_path / "none.tex", tmp_path / "d.tex", "a" * 5000, "a\0b"):
        code, out, err = outcome(path)
        assert (code, out) == (2, "")
        assert ":1: input: no such file" in err
        code, out, _ = outcome("--json", path)
        assert (code, json.loads(out)[0]["status"]) == (2, "error")


@pytest.mark.parametrize(
    ("arguments", "telling"),
    [
        ([], "FILE"),
        (["--seed", "-1", "a"], "--seed"),
        (["--seed", "x", "a"], "x is not a whole number from 0 on"),
        (["--unknown", "a"], "--unknown"),
    ],
)
def test_usage(arguments, telling, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert "usage" in said
    assert telling in said


def test_a_document_that_holds(write, outcome):
    code, out, err = outcome(write("a.tex", checked("1 = 1") + checked("2 = 2 = 2")))
    assert (code, err) == (0, "")
    assert "2 displays hold (3 relations" in out


def test_the_json_of_displays_that_hold_fail_and_cannot_be_read(write, outcome):
    text = (
        "\\begin{checked}{mdp}\\label{eq:a}\n1 = 1\n\\end{checked}\n"
        + checked("1 = 2") + checked("1 = \\foo") + checked("0^{-1} = 1")
        + "\\begin{unchecked}[a limit]\nx\n\\end{unchecked}\n"
        + "\\begin{defining}{mdp}\nB := 1\n\\end{defining}\n\\[ x \\]\n\\input{none}\n"
    )  # fmt: skip
    code, out, err = outcome("--json", write("a.tex", text))
    found = json.loads(out, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert code == 1
    assert all(set(shown) >= KEYS for shown in found)
    assert [(f["line"], f["status"], f["label"], f["relations"]) for f in found] == [
        (1, "holds", "eq:a", 1), (4, "fails", "", 1), (7, "error", "", 0), (10, "fails", "", 1), (16, "holds", "", 1),
        (19, "error", "", 0), (20, "error", "", 0),
    ]  # fmt: skip
    assert all(isinstance(f["worst"], float) and math.isfinite(f["worst"]) for f in found)
    assert all(f["worst"] > 0.1 for f in found if f["status"] != "holds")
    assert [m["kind"] for f in found for m in f["messages"]] == ["relation", "name", "value", "bare", "input"]
    assert all(set(m) == {"line", "kind", "message"} for f in found for m in f["messages"])
    assert {f["file"] for f in found} == {"a.tex"}
    assert len(err.splitlines()) == 5


def test_several_files(write, outcome):
    one, two = write("a.tex", checked("1 = 1")), write("b.tex", checked("1 = 2"))
    assert outcome(one)[0] == 0
    code, _, err = outcome(one, two)
    assert (code, err.splitlines()[0].startswith("b.tex:2: relation")) == (1, True)
    far = write("far/c.tex", "\\input{d}")
    write("far/d.tex", checked("1 = 1"))
    assert outcome(one, far)[0] == 0


def test_seeds(write, outcome):
    path = write("a.tex", checked(r"v_\pi(s) = \eta(s)"))
    said = [outcome("--json", "--seed", seed, path)[1] for seed in (0, 0, 1)]
    assert said[0] == said[1] != said[2]


def test_a_part_outside_of_any_project_knows_the_notation(write, outcome):
    assert outcome(write("a.tex", checked(KL, "vae")))[0] == 0
    own = "\\newcommand{\\post}{p_\\phi(z\\mid x)}\\newcommand{\\mine}[1]{p(#1)}\n"
    assert outcome(write("a.tex", own + checked(r"\int\post\,\mine{z}\,dz = \int\mine{z}\,\post\,dz", "vae")))[0] == 0


def test_a_mistake_inside_a_macro_is_found(write, outcome):
    """The document's own notation is what is run: here the arguments of KL are exchanged in its definition."""
    body = checked(
        r"\KL{p_\phi(z\mid x)}{p(z)} &= \E_{p_\phi(z\mid x)}\Bigl[\log\frac{p_\phi(z\mid x)}{p(z)}\Bigr]", "vae"
    )
    for first, second, code in ((1, 2, 0), (2, 1, 1)):
        write("preamble/notation.tex", "\\newcommand{\\E}{\\mathbb{E}}\n"
              f"\\newcommand{{\\KL}}[2]{{D_{{\\mathrm{{KL}}}}(#{first}\\,\\|\\,#{second})}}")  # fmt: skip
        path = write(
            "a.tex",
            "\\documentclass{article}\n\\input{preamble/notation}\n\\begin{document}\n" + body + "\\end{document}",
        )
        found, _, err = outcome(path)
        assert found == code
        assert not code or err.startswith("a.tex:5: relation")


def test_the_document_as_a_program():
    """As it is called: no warning, nothing on the error stream, and no torch."""
    code = (
        "import sys, runpy\nsys.argv = ['proofread', 'main.tex']\n"
        "try:\n    runpy.run_module('pycode.proofread', run_name='__main__')\nexcept SystemExit as end:\n"
        "    print(end.code, 'torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 False False"
    assert "displays hold" in done.stdout
    assert done.stderr == ""


@pytest.fixture
def notes(monkeypatch):
    """Where notes are not read yet, the reader of documents stands for theirs: one display is without a relation."""

    def load(name):
        if name not in ("assignment", "kingma"):
            raise ValueError(f"{name}: no such letters; there are assignment and kingma, or a file of your own")

    def read_notes(paths, world, letters):
        return replace(document.read(*paths), skipped=1)

    letters = SimpleNamespace(NAMED={"assignment": "", "kingma": ""}, load=load)
    if importlib.util.find_spec("pycode.proofread.notes.letters") is None:
        monkeypatch.setitem(sys.modules, "pycode.proofread.notes.letters", letters)
    monkeypatch.setitem(sys.modules, "pycode.proofread.notes.reading", SimpleNamespace(read_notes=read_notes))


def test_help_fits_a_screen_and_names_what_there_is(notes, capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert len(out.splitlines()) <= 60
    assert max(map(len, out.splitlines())) <= 100
    examples = out.partition("examples:")[2].splitlines()[1:]
    assert len(examples) == 3
    assert all(line.startswith("  python -m pycode.proofread ") for line in examples)
    worlds = out.partition("worlds:")[2].partition("letters:")[0]
    assert set(NAMES) <= set(worlds.replace(",", " ").split())
    assert "  assignment, kingma, or a file" in out


NOTES = ["--all-displays", "--world", "vae"]
WRONG = {
    "no world": (["--all-displays", "a.tex"], f"--all-displays needs --world NAME; there are {', '.join(NAMES)}"),
    "unknown world": (["--all-displays", "--world", "nowhere", "a.tex"], "there is no world nowhere; there are vae, "),
    "letters alone": (["--letters", "kingma", "a.tex"], "--letters goes with --all-displays"),
    "world alone": (["--world", "vae", "a.tex"], "--world goes with --all-displays"),
    "letters": ([*NOTES, "--letters", "none", "a.tex"], "there are assignment and kingma, or a file"),
    "not notes": ([*NOTES, "a.pdf"], "a.pdf is neither .tex nor .md, which --all-displays reads"),
    "explained in JSON": (["--json", "--explain", "eq:a", "a.tex"], "--explain prints text; leave --json out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_options_that_do_not_fit_together(name, notes, capsys):
    arguments, telling = WRONG[name]
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capsys.readouterr()
    assert (left.value.code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("usage: ")
    assert telling in err


def test_notes_end_with_a_line_of_numbers(notes, write, outcome):
    good, bad, unread = checked("1 = 1"), checked("1 = 2"), checked("1 = \\foo")
    exactly = "{} of {} equalities hold exactly; a false one would pass with a chance below 2^-60\n"
    arguments = ["--all-displays", "--world", "mdp"]
    code, out, err = outcome(*arguments, write("a.tex", good + good))
    assert (code, out, err) == (
        0,
        "2 displays: 2 hold, 0 fail, 0 not read; 1 without a relation\n" + exactly.format(2, 2),
        "",
    )
    code, out, err = outcome(*arguments, "--letters", "kingma", write("a.tex", good + bad + unread))
    assert (code, out) == (1, "3 displays: 1 hold, 1 fail, 1 not read; 1 without a relation\n" + exactly.format(1, 1))
    assert [line.split(": ")[1] for line in err.splitlines() if line.startswith("a.tex")] == ["relation", "name"]
    code, out, err = outcome(*arguments, write("a.md", "Words.\n"))
    assert (code, out) == (
        1,
        "0 displays: 0 hold, 0 fail, 0 not read; 1 without a relation\n0 of 0 equalities hold exactly\n",
    )
    assert "a.md:1: empty: no displayed formula with a relation" in err
    code, out, _ = outcome(*arguments, "--json", write("a.tex", good + bad))
    assert (code, [found["status"] for found in json.loads(out)]) == (1, ["holds", "fails"])
    assert outcome(*arguments, "none.md")[0] == 2


def test_a_display_is_explained(write, outcome):
    text = checked("\\label{eq:good} 1 = 1") + checked("\\label{eq:bad} 1 = 2") + "\\input{none}\n"
    path = write("a.tex", text)
    code, out, err = outcome("--explain", "eq:good", path)
    assert (code, err) == (0, "")
    assert out.startswith("eq:good  a.tex:1\n")
    code, out, err = outcome("--explain", "bad", path)
    assert (code, err) == (1, "")
    assert "a.tex:5: relation: the sides differ" in out
    code, out, err = outcome("--explain", "eq:gud", path)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "no display has the label eq:gud; near are eq:good, eq:bad"
    assert "a.tex:7: input: there is no file none" in err
