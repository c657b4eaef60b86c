"""Planted errors: what is planted, what the checker says of it, how survivors are compared with the reviewed list."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pycode.proofread.document import read
from pycode.proofread.mutants import __main__ as command
from pycode.proofread.mutants import trial
from pycode.proofread.mutants.plant import plant_all, plant_macros

ROOT = Path(__file__).resolve().parents[2]
TEXT = r"""\documentclass{article}
\input{preamble/notation}
\begin{document}
\begin{defining}{vae}
  h &:= \mu_q^2+\sigma_q^2. && \why{a new name}
\end{defining}
\begin{checked}{vae}\label{eq:elbo}
  \elbo &= \E_{\enc}[\log\dec]-\KL{\enc}{p(z)} && \why{definition}\\
  &= \log\evid-\KL{\enc}{\post}. && \why{gap}
\end{checked}
\begin{checked}{vae}\label{eq:moment}
  \E_{\enc}[z^2]
  &= h. && \why{second moment}
\end{checked}
\begin{checked}{vae}\label{eq:even}
  \int(2z)\,\Normal(z;0,1)\,dz &= 0. && \why{odd}
\end{checked}
\begin{checked}{mdp}
  \E[T] &= \sum_{k=0}^\infty\Pr(T>k\mid S_0=s_0). && \why{tail sum}
\end{checked}
\end{document}
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    (folder / "preamble").mkdir()
    notation = (ROOT / "preamble" / "notation.tex").read_text(encoding="utf-8")
    (folder / "preamble" / "notation.tex").write_text(notation, encoding="utf-8")
    (folder / "main.tex").write_text(TEXT, encoding="utf-8")
    return read(folder / "main.tex")


@pytest.fixture(scope="module")
def mutants(document):
    return plant_all(document, everything=True)


@pytest.fixture(scope="module")
def whole():
    return plant_all(read(ROOT / "main.tex"))


def tokens(mutant):
    """Text of a mutant's display without what only moves letters about."""
    shown = [" ".join(t.text for t in row.tokens) for _, display in mutant.changed for row in display.rows]
    return re.sub(r"\\(,|;|!|[bB]ig+[lr]?|left|right) ", "", " \\\\ ".join(shown) + " ")


def find(mutants, display, kind, part):
    """The mutants whose edit contains a text."""
    found = [m for m in mutants if (m.name, m.kind) == (display, kind) and part in m.shown]
    assert found, f"no {kind} with {part} in {display}"
    return found[0]


def outcome(document, mutant):
    return trial.judge(document, mutant)


def test_two_generations_are_the_same(document, mutants):
    again = plant_all(document, everything=True)
    assert again == mutants


def test_document_gives_enough_and_all_kinds(whole):
    assert len(whole) >= command.ENOUGH
    kinds = Counter(m.kind for m in whole)
    wanted = """sign, plus dropped, term dropped, term doubled, factor dropped, factor doubled, fraction swapped,
        arguments swapped, bracket dropped, bracket moved, exponent, relation, number, infinity, index, symbol,
        expectation, log dropped, log to exp, nabla dropped, sum dropped, operator dropped, max to min"""
    assert set(kinds) == {kind.strip() for kind in wanted.split(",")}


def test_every_executed_display_is_planted(whole):
    executed = {i for i, d in enumerate(read(ROOT / "main.tex").displays) if d.environment in ("checked", "defining")}
    assert {m.changed[0][0] for m in whole} == executed


def test_mutants_are_distinct_and_differ_from_the_text(whole):
    texts = [(m.changed[0][0], tokens(m)) for m in whole]
    assert len(set(texts)) == len(texts)
    assert len({m.identity for m in whole}) == len(whole)
    document = read(ROOT / "main.tex")
    for mutant, (position, text) in zip(whole, texts, strict=True):
        assert text != tokens(replace(mutant, changed=((position, document.displays[position]),)))


def test_identity_does_not_contain_line_numbers(document, tmp_path):
    (tmp_path / "main.tex").write_text(
        TEXT.replace(r"\begin{document}", "\n\n\n" + r"\begin{document}"), encoding="utf-8"
    )
    (tmp_path / "preamble").mkdir()
    notation = "\n".join(document.lines["preamble/notation.tex"])
    (tmp_path / "preamble" / "notation.tex").write_text(notation, encoding="utf-8")
    moved, still = plant_all(read(tmp_path / "main.tex")), plant_all(document)
    assert [m.identity for m in moved] == [m.identity for m in still]
    assert {a.line - b.line for a, b in zip(moved, still, strict=True)} == {3}


@pytest.mark.parametrize(
    ("kind", "part", "found"),
    [
        ("sign", "⟦- → +⟧", "evaluation"),
        ("arguments swapped", r"p(z)\|q_\theta(z\mid x)", "evaluation"),
        ("log dropped", r"[ ⟦\log → ⟧", "evaluation"),
        ("expectation", "{p(z)}⟧", "evaluation"),
        ("arguments swapped", r"⟦\theta,\phi → \phi,\theta⟧", "reading"),
        ("operator dropped", r"⟦\mathbb{E}_{q_\theta(z\mid x)} → ⟧", "reading"),
    ],
)
def test_error_is_caught_and_its_line_named(document, mutants, kind, part, found):
    said = outcome(document, find(mutants, "eq:elbo", kind, part))
    assert (said.found, said.line_named, said.elsewhere) == (found, True, False), said.message


def test_true_statement_survives(document, mutants):
    """2z, 3z and z all have mean 0 under N(0, 1)."""
    for kind, part in (("number", "⟦2 → 3⟧"), ("factor dropped", "⟦2 → ⟧")):
        assert outcome(document, find(mutants, "eq:even", kind, part)).found == "survived"


def test_error_of_a_definition_is_found_where_it_is_used(document, mutants):
    name = next(m.name for m in mutants if m.changed[0][0] == 0)
    said = outcome(document, find(mutants, name, "sign", "⟦+ → -⟧"))
    assert (said.found, said.line_named, said.sign_named, said.elsewhere) == ("evaluation", False, True, True)


def test_sign_in_the_next_line_counts_apart(document, mutants):
    said = outcome(document, find(mutants, "eq:moment", "exponent", "⟦^2 → ^3⟧"))
    assert (said.found, said.line_named, said.sign_named) == ("evaluation", False, True)


def test_macros_are_planted_too(document):
    planted = list(plant_macros(document, document.folder / "main.tex"))
    kl = [m for m in planted if m.name == "\\KL" and "arguments swapped" in m.shown]
    assert len(kl) == 1
    assert kl[0].file == "preamble/notation.tex"
    assert [document.displays[i].label for i, _ in kl[0].changed] == ["eq:elbo"]
    assert outcome(document, kl[0]).found == "evaluation"


def test_hang_and_crash_are_reported(document, mutants, monkeypatch):
    from pycode.proofread import check

    def hang(self, display):
        while True:
            pass

    def crash(self, display):
        raise KeyError("no handler")

    monkeypatch.setattr(trial, "LIMIT", 0.05)
    for run, said in ((hang, "no verdict"), (crash, "KeyError")):
        monkeypatch.setattr(check.Checker, "run", run)
        (found,) = trial.run_chunk(document, [(0, mutants[0])])
        assert found.found == "crash"
        assert said in found.message
        assert any("crash" in line for line in command.complaints(mutants[:1], [found], {}))


def test_internal_error_counts_as_a_crash(document, mutants, monkeypatch):
    from pycode.proofread import check

    def broken(self, *_):
        raise ZeroDivisionError

    monkeypatch.setattr(check.Checker, "_judge", broken)
    assert outcome(document, mutants[0]).found == "crash"


def surviving(mutants, *numbers):
    """Outcomes in which these mutants survive and all others are caught."""
    return [trial.Outcome(i, "survived" if i in numbers else "evaluation") for i in range(len(mutants))]


def test_list_is_matched_both_ways(mutants):
    outcomes = surviving(mutants, 3, 5)
    listed = {mutants[3].identity: 1, mutants[5].identity: 2}
    assert command.complaints(mutants, outcomes, listed) == []
    (unlisted,) = command.complaints(mutants, outcomes, {mutants[3].identity: 1})
    assert unlisted == f"main.tex:{mutants[5].line}: survived: {mutants[5].identity}"
    (caught,) = command.complaints(mutants, surviving(mutants, 3), listed)
    assert "is caught now" in caught
    assert ":2:" in caught
    (gone,) = command.complaints(mutants, outcomes, {**listed, "eq:old # sign # ⟦+ → -⟧": 7})
    assert "is not planted any more" in gone


def test_too_many_listed_survivors_fail(mutants):
    numbers = range(len(mutants) * 3 // 100 + 1)
    listed = {mutants[i].identity: i for i in numbers}
    (complaint,) = command.complaints(mutants, surviving(mutants, *numbers), listed)
    assert "more than 3%" in complaint


@pytest.mark.parametrize("line", ["eq:a # sign # ⟦+ → -⟧", "eq:a # sign # ⟦+ → -⟧ # ", "eq:a # sign # why"])
def test_listed_survivor_needs_a_reason(tmp_path, line):
    path = tmp_path / "survivors.txt"
    path.write_text(f"% comment\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"survivors\.txt:3"):
        command.reviewed(path)


def test_reviewed_list_is_well_formed():
    assert command.reviewed(command.LIST)


def test_score_counts_what_was_found(document, mutants):
    few = mutants[:5]
    found = [
        trial.Outcome(0, "reading", "", True, True),
        trial.Outcome(1, "evaluation", "", False, True),
        trial.Outcome(2, "evaluation", "", False, False, True),
        trial.Outcome(3, "survived"),
        trial.Outcome(4, "evaluation", "", True, True),
    ]
    counts = command.score(document, [*few[:4], replace(few[4], kind="macro")], found)
    expected = {"planted": 5, "caught": 4, "reading": 1, "evaluation": 3, "survivors": 1}
    lines = {"in_displays": 3, "line_named": 1, "sign_named": 2, "elsewhere": 1}
    assert {k: v for k, v in counts.items() if k != "hash"} == {**expected, **lines}


def test_unchanged_text_gives_no_alarm(document):
    alarms = trial.unchanged(document, range(2))
    assert alarms.messages == []
    assert alarms.runs == 2 * len(document.displays)


def test_wrong_text_gives_an_alarm(document, mutants):
    wrong = find(mutants, "eq:elbo", "sign", "⟦- → +⟧")
    displays = [wrong.changed[0][1] if i == 1 else d for i, d in enumerate(document.displays)]
    assert trial.unchanged(replace(document, displays=tuple(displays)), range(1)).messages


def test_two_processes_say_what_one_says(document, mutants):
    few = mutants[::60]
    assert sorted(trial.run(document, few), key=lambda o: o.number) == list(trial.run(document, few, processes=1))
