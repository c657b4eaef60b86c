r"""Each rule by which a relation is judged: on sides made by hand, and on displays."""

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import GRADIENT, Value
from pycode.proofread.document import check_all, read
from pycode.proofread.relations import TOLERANCE, Sides, compare, silent_terms

KL = r"D_{KL}(q_\theta(z|x)\|p_\phi(z|x))"
ELBO = r"\mathcal{L}(\theta,\phi;x)"


def judge(sign, *sides, says_zero=False, crude=False, axes=()):
    """Outcome for pairs of arrays, one for each instance; the last pair is the tight one."""
    pairs = [Sides(Value(np.asarray(x, float), axes), Value(np.asarray(y, float), axes), False) for x, y in sides]
    pairs[-1] = pairs[-1]._replace(tight=True)
    return compare(sign, pairs, says_zero, crude)


@pytest.fixture
def run(tmp_path):
    def act(world, body, option="", before=""):
        path = tmp_path / "a.tex"
        path.write_text(f"{before}\\begin{{checked}}{option}{{{world}}}\n{body}\n\\end{{checked}}\n", encoding="utf-8")
        document = read(path)
        found = check_all(document)[-1]
        return found, [(m.kind, m.line) for m in found.messages], " ".join(m.message for m in found.messages)

    return act


# =


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_equality_is_relative_to_the_sides(scale):
    assert not judge("=", (scale, scale * (1 + 0.5 * TOLERANCE))).kind
    assert judge("=", (scale, scale * (1 + 3 * TOLERANCE))).kind == "relation"


def test_equality_holds_in_every_instance_and_entry():
    assert judge("=", (1.0, 1.0), (2.0, 2.1), (3.0, 3.0)).kind == "relation"
    assert judge("=", ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0 + 1e-7]), axes=("s",)).kind == "relation"
    assert judge("=", ([1.0, 0.01], [1.0, 0.01 * (1 + 1e-8)]), axes=("s",)).kind == "relation"


def test_components_of_a_gradient_share_a_scale():
    exact, rounded = [1.0, 0.0], [1.0, 1e-13]
    assert not judge("=", (exact, rounded), axes=(GRADIENT,)).kind
    assert judge("=", (exact, [1.0, 1e-8]), axes=(GRADIENT,)).kind == "relation"


def test_worst_difference_is_reported_with_an_example():
    outcome = judge("=", (1.0, 1.0), (2.0, 2.5))
    assert outcome.worst == pytest.approx(0.2)
    assert "2 and 2.5" in outcome.message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("sign", ["=", "<=", ">=", "∝"])
def test_sides_that_are_not_finite_fail(sign, bad):
    assert judge(sign, (bad, bad), (1.0, 1.0)).kind == "value"


@pytest.mark.parametrize("sign", ["=", "<=", ">=", "∝"])
def test_gradient_against_number(sign):
    pair = Sides(Value(np.ones(2), (GRADIENT,)), Value(np.float64(1.0)), True)
    assert compare(sign, [pair], False, False).kind == "sort"
    zero = pair._replace(right=Value(np.float64(0.0)))
    assert compare("=", [zero._replace(left=Value(np.zeros(2), (GRADIENT,)))], True, False).kind == ""


# 0 = 0


def test_nothing_tested_where_both_sides_vanish():
    assert judge("=", (0.0, 0.0), (1e-16, 0.0)).kind == "vacuous"
    assert judge("=", (0.0, 0.0), (1.0, 1.0)).kind == ""
    assert judge("=", (1e-16, 0.0), (0.0, 1e-17), says_zero=True).kind == ""
    assert judge("=", (1e-3, 0.0), says_zero=True).kind == "relation"


def test_zero_must_be_said(run):
    mean = r"\mathbb{E}_{q_\theta(z|x)}[\nabla_\theta\log q_\theta(z|x)]"
    assert run("vae", f"{mean} = 2{mean}")[1] == [("vacuous", 2)]
    assert run("vae", f"{mean} = 2{mean} = 0")[0].status == "holds"
    assert run("vae", f"{mean} = 0")[0].status == "holds"
    assert run("vae", f"{ELBO} = 0")[1] == [("relation", 2)]


def test_silent_term_and_its_excuse(run):
    body = r"\mathbb{E}_{q_\theta(z|x)}[f(z)] = \mathbb{E}_{q_\theta(z|x)}[f(z)] + 7\int\nabla f(z)\,dz"
    body = r"\nabla_\theta\log q_\theta(z|x) = \nabla_\theta\log q_\theta(z|x) + 7\nabla_\theta\int q_\theta(z|x)\,dz"
    assert run("vae", body)[1] == [("vacuous", 2)]
    for reason in (r"\text{the last integral vanishes}", r"\text{its gradient is zero}", r"\nabla 1 = 0"):
        assert run("vae", f"{body} && {reason}")[0].status == "holds", reason
    assert run("vae", rf"{body} && \text{{as above}}")[1] == [("vacuous", 2)]


def test_silent_terms_are_found_by_their_place():
    assert silent_terms({(1, 2): (0.0, 1.0), (1, 5): (1.0, 0.0), (2, 1): (0.0, 0.0)}) == [(1, 2)]


def test_a_printed_zero_is_no_silent_term(run):
    assert run("mdp", r"f(s) = f(s) + 0")[0].status == "holds"


# ≤ ≥


@pytest.mark.parametrize(("sign", "way"), [(">=", 1.0), ("<=", -1.0)])
def test_bounds_hold_are_strict_and_attained(sign, way):
    attained, strict, broken = (1.0, 1.0), (1.0 + way, 1.0), (1.0 - way, 1.0)
    assert judge(sign, strict, attained).kind == ""
    assert "broken" in judge(sign, broken, attained).message
    assert "broken" in judge(sign, strict, broken, attained).message
    assert "equality" in judge(sign, attained, attained).message
    assert "never attained" in judge(sign, strict, strict).message
    assert "never attained" in judge(sign, attained, strict).message, "attained, but not where it must be"
    assert judge(sign, strict, strict, crude=True).kind == ""
    assert "not crude" in judge(sign, strict, attained, crude=True).message
    assert "broken" in judge(sign, strict, broken, crude=True).message


def test_bound_of_a_function_is_strict_somewhere():
    assert judge("<=", ([1.0, 1.0], [1.0, 2.0]), ([1.0, 1.0], [1.0, 1.0]), axes=("s",)).kind == ""
    assert judge("<=", ([1.0, 3.0], [1.0, 2.0]), ([1.0, 1.0], [1.0, 1.0]), axes=("s",)).kind == "relation"


def test_bounds_by_rounding_only_are_no_bounds():
    assert judge("<=", (1.0, 1.0 - 1e-13), (1.0, 1.5), (1.0, 1.0)).kind == ""
    assert "equality" in judge("<=", (1.0, 1.0 + 1e-9), (1.0, 1.0)).message


def test_crude_bounds_say_so(run):
    body = rf"\log p_\phi(x) \ge {ELBO}-1"
    assert run("vae", body)[1] == [("relation", 2)]
    found = run("vae", body, "[crude: one is dropped]")[0]
    assert (found.status, found.reason) == ("holds", "one is dropped")
    assert "not crude" in run("vae", rf"\log p_\phi(x) \ge {ELBO}", "[crude: no]")[2]


def test_bounds_of_the_page(run):
    assert run("vae", rf"{KL} \ge 0")[0].status == "holds"
    assert "broken" in run("vae", rf"{KL} \le 0")[2]
    assert "equality" in run("vae", rf"{ELBO} \le \log p_\phi(x)-{KL}")[2]


# ∝


def test_proportional_needs_one_positive_constant():
    x = np.array([1.0, -2.0, 3.0])
    assert judge("∝", (x, 2 * x), (x, 0.5 * x), axes=("s",)).kind == "", "the constant may depend on the instance"
    assert "not proportional" in judge("∝", (x, 2 * x), (x, x + 0.01), axes=("s",)).message
    assert "not positive" in judge("∝", (x, 2 * x), (x, -2 * x), axes=("s",)).message
    assert "write =" in judge("∝", (x, x), (2 * x, 2 * x), axes=("s",)).message
    assert judge("∝", (x, x), (x, 3 * x), axes=("s",)).kind == "", "1 by accident in one instance"
    assert "one side is 0" in judge("∝", (x, 0 * x), axes=("s",)).message


def test_proportional_is_for_more_than_one_number():
    assert "one number" in judge("∝", (1.0, 2.0), (3.0, 4.0)).message
    several, one = [1.0, 2.0], [3.0]
    pairs = [Sides(Value(np.array(x), ("s",)), Value(2 * np.array(x), ("s",)), False) for x in (several, one)]
    assert compare("∝", pairs, False, False).kind == "", "a world of one state beside others"


def test_proportional_over_all_letters_at_once(run):
    """One constant for all states: a factor that depends on the state is no constant."""
    assert run("mdp", r"\mu(s) \propto \eta(s)")[0].status == "holds"
    assert run("mdp", r"\mu(s) \propto \eta(s)^2")[1] == [("relation", 2)]
    assert run("mdp", r"\mu(s)\nabla\pi(a|s) \propto \nabla\pi(a|s)")[1] == [("relation", 2)]
    assert "write =" in run("mdp", r"\nabla v_\pi(s) \propto \sum_a\nabla[\pi(a|s)q_\pi(s,a)]")[2]


# Chains


def test_every_printed_sign_is_run(run):
    found = run("vae", f"{ELBO} = \\log p_\\phi(x) - {KL} \\le \\log p_\\phi(x), \\\\ {KL} \\ge 0, \\quad 1 = 1")[0]
    assert (found.status, found.relations, found.compared) == ("holds", 4, 4)
    assert found.worlds == 20  # four instances for the seed, and for each of the four further ones of a bound
    brace = rf"{ELBO} = \underbrace{{\log p_\phi(x)}}_{{\log\int p_\phi(x,z)\,dz}} - {KL}"
    assert run("vae", brace)[0].relations == 2


def test_every_wrong_sign_of_a_chain_is_named(run):
    body = f"{ELBO} &= \\log p_\\phi(x) \\\\ &= {ELBO} \\\\ &= {ELBO} \\\\ &\\ge 0"
    assert run("vae", body.replace("\\\\", "\\\\\n"))[1] == [("relation", 2), ("relation", 3), ("relation", 5)]


def test_free_letters_stand_on_the_first_side(run):
    assert run("mdp", r"v_\pi(s) = \sum_a\pi(a|s)q_\pi(s,a)")[0].status == "holds"
    assert run("mdp", r"1 = \sum_a\pi(a|s)")[1] == [("scope", 2)]
    assert run("mdp", r"\sum_a\pi(a|s) = 1")[0].status == "holds"
    assert run("vae", r"0 = \log p_\phi(x|z) + \log p(z) - \log p_\phi(x,z)")[1] == [("scope", 2)]


def test_a_letter_is_free_in_its_own_chain_only(run):
    assert run("mdp", r"v_\pi(s) &= \sum_a\pi(a|s)q_\pi(s,a), \\ J(\theta) &= v_\pi(s)")[1] == [("scope", 2)]


# :=


def test_definitions(run):
    assert run("mdp", r"w(s) := f(s)+b(s), \quad w(s)-f(s) = b(s)")[0].status == "holds"
    assert run("mdp", r"w(s) := f(s)+b(s), \quad w(s) = b(s)")[1] == [("relation", 2)]
    assert run("mdp", r"w(s) := f(s), \quad w(s) := f(s)")[1] == [("name", 2)]
    assert run("mdp", r"w(s) = f(s)")[1] == [("name", 2)]
    assert "unknown name w" in run("mdp", r"f(s) = w(s)")[2]


def test_a_definition_of_a_known_name_is_an_equation(run):
    assert run("mdp", r"v_\pi(s) := \sum_a\pi(a|s)q_\pi(s,a)")[0].status == "holds"
    assert run("mdp", r"v_\pi(s) := \sum_aq_\pi(s,a)")[1] == [("relation", 2)]
    defining = "\\begin{defining}{mdp}\nv_\\pi(s) := f(s)\n\\end{defining}\n"
    path_kinds = run("mdp", "1 = 1", before=defining)
    assert path_kinds[0].status == "holds"


def test_a_definition_reaches_later_displays_only(run):
    defining = "\\begin{defining}{mdp}\nw(s) := 2f(s)\n\\end{defining}\n"
    assert run("mdp", r"w(s) = f(s)+f(s)", before=defining)[0].status == "holds"
    assert run("mdp", r"w(s) = f(s)", before=defining)[1] == [("relation", 5)]
    assert run("vae", r"w(s) = 1", before=defining)[1] == [("name", 5)]
    assert run("mdp", r"w(x) = 2f(x)", before=defining)[0].status == "holds", "the letter of the definition is bound"
    assert run("mdp", r"w(s,x) = 1", before=defining)[1] == [("sort", 5)]
