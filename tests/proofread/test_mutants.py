"""Planted errors: what is planted, what the checker says of it, how survivors are compared with the reviewed list."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pycode.proofread.document import Exact, Verdict, read
from pycode.proofread.mutants import __main__ as command
from pycode.proofread.mutants import trial
from pycode.proofread.mutants.plant import plant, plant_all, plant_macros, plant_tiny
from pycode.proofread.mutants.tiny import tiny

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
\begin{checked}{mdp}\label{eq:length}
  \E[T] &= \sum_{k=0}^\infty\Pr(T>k\mid S_0=s_0). && \why{tail sum}
\end{checked}
\begin{checked}{mdp}\label{eq:bellman}
  v_\pi(s) &= \sum_a\pi(a\mid s)\,q_\pi(s,a). && \why{definition}
\end{checked}
\begin{checked}{decoders}\label{eq:normal}
  -\log\Normal(x;m,\sigma_x^2I)
  &= \sum_{j=1}^{D_x}\Bigl[\frac12\log(2\pi\sigma_x^2)+\frac{(x_j-m_j)^2}{2\sigma_x^2}\Bigr]. && \why{density}
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
def small(document):
    """All tiny errors of each display."""
    return [m for i, display in enumerate(document.displays) for m in plant(display, i, True, (tiny,))]


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


def changed(document, mutant):
    """The document with one display changed."""
    ((position, display),) = mutant.changed
    displays = [display if i == position else d for i, d in enumerate(document.displays)]
    return replace(document, displays=tuple(displays))


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
        said = outcome(document, find(mutants, "eq:even", kind, part))
        assert (said.found, said.decided) == ("survived", True)


@pytest.mark.parametrize(
    ("display", "kind", "part"),
    [
        ("eq:elbo", "tiny factor", r"⟦ → 0.999999999999\,⟧ D_"),
        ("eq:elbo", "tiny term", r"⟦ → +2^{-50}\,\log p_\phi(x)⟧"),
        ("eq:length", "tiny rest", r"⟦\infty → {200}⟧"),
        ("eq:bellman", "tiny probability", r"⟦\pi(a\mid s) → (\pi(a\mid s)+2^{-50})⟧"),
        ("eq:normal", "tiny digits", r"⟦2\pi → 6.28318530717958648⟧"),
    ],
)
def test_error_too_small_for_floats_is_caught_exactly(document, small, display, kind, part):
    planted = find(small, display, kind, part)
    said = outcome(document, planted)
    assert (said.found, said.line_named) == ("exact", True), said.message
    (floats,) = trial.until_failure(changed(document, planted), planted, exactly=False)
    assert floats.status == "holds"


@pytest.mark.parametrize(("decided", "expected"), [(2, True), (1, False)])
def test_survivor_says_whether_the_exact_arithmetic_decides_it(document, mutants, monkeypatch, decided, expected):
    holds = Verdict("main.tex", 1, "", "checked", "vae", exact=Exact(2, decided))
    monkeypatch.setattr(trial, "until_failure", lambda document, mutant, exactly: iter([holds]))
    assert outcome(document, mutants[0]).decided is expected


def test_no_tiny_error_where_nothing_would_be_false_or_decided(document, small):
    assert not [m for m in small if m.name == "eq:even"]  # a multiple of 0
    lines = {m.line for m in small if m.name == "eq:length"}
    again = plant_tiny(document, {"main.tex": lines})
    assert {m.name for m in again} == {m.name for m in small} - {"eq:length"}


def test_tiny_errors_of_the_document_are_enough_and_in_every_world():
    whole = read(ROOT / "main.tex")
    planted = plant_tiny(whole, {})
    assert len(planted) >= 3 * command.TOO_SMALL
    assert {m.kind for m in planted} == {f"tiny {k}" for k in ("factor", "term", "probability", "rest", "digits")}
    worlds = {whole.displays[m.changed[0][0]].world for m in planted}
    assert worlds == {"vae", "gaussians", "decoders", "mdp", "mdp-discounted"}
    assert len({m.identity for m in planted}) == len(planted)


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
    listed = {mutants[3].identity: command.Entry(1, False), mutants[5].identity: command.Entry(2, False)}
    assert command.complaints(mutants, outcomes, listed) == []
    (unlisted,) = command.complaints(mutants, outcomes, {mutants[3].identity: command.Entry(1, False)})
    assert unlisted == f"main.tex:{mutants[5].line}: survived: {mutants[5].identity}"
    (caught,) = command.complaints(mutants, surviving(mutants, 3), listed)
    assert "is caught now" in caught
    assert ":2:" in caught
    (gone,) = command.complaints(mutants, outcomes, {**listed, "eq:old # sign # ⟦+ → -⟧": command.Entry(7, True)})
    assert "is not planted any more" in gone
    outcomes[3] = replace(outcomes[3], decided=True)
    (backend,) = command.complaints(mutants, outcomes, listed)
    assert ":1: exact is right here" in backend


@pytest.mark.parametrize("found", ["survived", "reading"])
def test_tiny_error_must_be_computed_and_seen(small, found):
    (complaint,) = command.complaints(small[:1], [trial.Outcome(0, found)], {})
    assert f"{found}, not computed and seen" in complaint
    assert command.complaints(small[:1], [trial.Outcome(0, "exact")], {}) == []


def test_too_many_listed_survivors_fail(mutants, small):
    numbers = range(len(mutants) * 3 // 100 + 1)
    listed = {mutants[i].identity: command.Entry(i, False) for i in numbers}
    (complaint,) = command.complaints([*mutants, *small], surviving(mutants, *numbers), listed)
    assert "more than 3%" in complaint


@pytest.mark.parametrize(
    "line",
    [
        "eq:a # sign # ⟦+ → -⟧ # exact",
        "eq:a # sign # ⟦+ → -⟧ # exact # ",
        "eq:a # sign # exact # why",
        "eq:a # sign # ⟦+ → -⟧ # why",
        "eq:a # sign # ⟦+ → -⟧ # perhaps # why",
    ],
)
def test_listed_survivor_needs_a_reason(tmp_path, line):
    path = tmp_path / "survivors.txt"
    path.write_text(f"% comment\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"survivors\.txt:3"):
        command.reviewed(path)


def test_reviewed_list_is_well_formed():
    assert command.reviewed(command.LIST)


def test_score_counts_what_was_found(document, mutants, small):
    few = mutants[:5]
    found = [
        trial.Outcome(0, "reading", "", True, True),
        trial.Outcome(1, "evaluation", "", False, True),
        trial.Outcome(2, "evaluation", "", False, False, True),
        trial.Outcome(3, "survived"),
        trial.Outcome(4, "evaluation", "", True, True),
        trial.Outcome(5, "exact", "", False, False),
        *(trial.Outcome(i, found, "", True, True) for i, found in ((6, "exact"), (7, "evaluation"), (8, "survived"))),
    ]
    planted = [*few[:4], replace(few[4], kind="macro"), mutants[5], *small[:3]]
    counts = command.score(document, planted, found)
    expected = {"planted": 6, "caught": 5, "reading": 1, "evaluation": 3, "exact": 1, "survivors": 1}
    expected |= {"tiny": 3, "tiny_caught": 2, "tiny_floats": 1}
    lines = {"in_displays": 4, "line_named": 1, "sign_named": 2, "elsewhere": 1}
    assert {k: v for k, v in counts.items() if k != "hash"} == {**expected, **lines}


def test_unchanged_text_gives_no_alarm(document):
    alarms = trial.unchanged(document, range(2))
    assert (alarms.alarmed, alarms.messages) == (0, [])
    assert alarms.runs == 2 * len(document.displays)
    assert alarms.decided == alarms.equalities > 0


def test_wrong_text_gives_an_alarm(document, mutants):
    wrong = find(mutants, "eq:elbo", "sign", "⟦- → +⟧")
    alarms = trial.unchanged(changed(document, wrong), range(2))
    assert alarms.alarmed == 2
    assert all(message.startswith("seed ") for message in alarms.messages)


def test_error_that_only_the_exact_arithmetic_sees_gives_an_alarm(document, small):
    wrong = find(small, "eq:elbo", "tiny factor", r"⟦ → 0.999999999999\,⟧ D_")
    alarms = trial.unchanged(changed(document, wrong), range(1, 2))
    assert alarms.alarmed == 1
    assert "exact" in alarms.messages[0]


def test_fresh_seeds_draw_fresh_primes(document, monkeypatch):
    from pycode.proofread import exact

    texts, judge = [], exact.judge
    monkeypatch.setattr(exact, "judge", lambda world, text, *rest: (texts.append(text), judge(world, text, *rest))[1])
    for seed in (0, 1, 2):
        trial.unchanged(document, [seed])
    third = len(texts) // 3
    assert len(set(texts)) == len(texts) == 3 * third
    assert texts[third : 2 * third] == [f"{text}\n1" for text in texts[:third]]


def test_undecided_lines_are_told_by_file():
    verdicts = [
        Verdict(file, 1, "", "checked", "mdp", exact=Exact(2, 1, undecided=((line, "an order"),)))
        for file, line in (("a.tex", 3), ("a.tex", 7), ("b.tex", 3))
    ]
    assert command.undecided(verdicts) == {"a.tex": {3, 7}, "b.tex": {3}}


def test_two_processes_say_what_one_says(document, mutants):
    few = mutants[::60]
    assert sorted(trial.run(document, few), key=lambda o: o.number) == list(trial.run(document, few, processes=1))
