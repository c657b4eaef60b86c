r"""What the evaluator computes on episodic processes, against loops over the tables of an instance."""

from itertools import product

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import Value, primal, tangent
from pycode.proofread.worlds import build

EXACT = {"rtol": 1e-12, "atol": 1e-13}  # sums of at most some hundred terms of order 1
SLOPE = {
    "rtol": 1e-7,
    "atol": 1e-8,
}  # central differences with a step of 1e-5: 1e-10 by the step, 1e-11 / 1e-5 by rounding


class Tables:
    """An episodic process in plain arrays: p[s, a, x, r] (x = n: the end), rewards, π[s, a] and its derivative."""

    def __init__(self, name="mdp", instance=0):
        episodes = build(name, 0).instances[instance]
        n, m, R = (episodes.sizes[k] for k in ("state", "action", "reward"))
        self.n, self.m, self.R, self.length = n, m, R, episodes.sizes["integer"]
        self.gamma = float(primal(episodes.constant(r"\gamma", [])).data) if name == "mdp-discounted" else 1.0

        def table(function, signature, *shape):
            axes = [Value(np.arange(d), (f"i{j}",)) for j, d in enumerate(shape)]
            return episodes.apply(function, signature, axes)

        signature = next(s for s in build(name, 0).vocabulary.functions[r"\pi"] if "theta" not in s)
        policy = table(r"\pi", signature, m, n)
        self.pi, self.slope = primal(policy).data.T, tangent(policy).data.transpose(1, 0, 2)
        self.other = primal(table(r"\pi'", signature, m, n)).data.T
        self.p = primal(table("p", "state+,reward|state,action", n + 1, R, n, m)).data.transpose(2, 3, 0, 1)
        self.r = np.array([float(primal(episodes.number("reward", Value(i))).data) for i in range(R)])
        self.f = primal(table("f", "state", n)).data
        self.b = primal(table("b", "state", n)).data
        self.P = sum(self.pi[:, a, None] * self.p[:, a, :n].sum(-1) for a in range(m))
        self.gain = (self.p * self.r).sum((2, 3))
        self.v = np.append(np.linalg.solve(np.eye(n) - self.gamma * self.P, (self.pi * self.gain).sum(1)), 0.0)
        self.q = self.gain + self.gamma * self.p.sum(-1) @ self.v
        self.eta = np.linalg.solve((np.eye(n) - self.P).T, np.eye(n)[0])
        self.mu = self.eta / self.eta.sum()

    def cells(self):
        """Every (s, a, s', r)."""
        return product(range(self.n), range(self.m), range(self.n + 1), range(self.R))

    def outcomes(self, s):
        """Probability, a, s', r for a step from s."""
        for a, x, r in product(range(self.m), range(self.n + 1), range(self.R)):
            yield self.pi[s, a] * self.p[s, a, x, r], a, x, r


@pytest.fixture(params=[("mdp", 0), ("mdp", 2), ("mdp-discounted", 1)], ids=str)
def tables(request, evaluated):
    found = Tables(*request.param)
    name, instance = request.param
    found.at = lambda text, letters="": evaluated(name, text, letters, instance)
    return found


# Sums over states, actions, rewards


def test_double_sum_over_next_state_and_reward(tables):
    t = tables
    expected = np.zeros((t.n, t.m))
    for s, a, x, r in t.cells():
        expected[s, a] += t.p[s, a, x, r] * (t.r[r] + t.v[x])
    for text in (r"\sum_{s',r}p(s',r|s,a)(r+v_\pi(s'))", r"\sum_{s'}\sum_rp(s',r|s,a)(r+v_\pi(s'))"):
        np.testing.assert_allclose(t.at(text, "s a"), expected, **EXACT)
    if t.gamma == 1:
        np.testing.assert_allclose(t.at(r"q_\pi(s,a)", "s a"), expected, **EXACT)


def test_bare_sum_includes_the_end_and_a_set_does_not(tables):
    t = tables
    np.testing.assert_allclose(t.at(r"\sum_{s'}p(s'|s,a)", "s a"), np.ones((t.n, t.m)), **EXACT)
    inside = t.p[:, :, : t.n].sum((2, 3))
    np.testing.assert_allclose(t.at(r"\sum_{s'\in\mathcal{S}}p(s'|s,a)", "s a"), inside, **EXACT)
    np.testing.assert_allclose(t.at(r"\sum_{s'\in\mathcal{S}^+}p(s'|s,a)", "s a"), np.ones((t.n, t.m)), **EXACT)


def test_sum_reaches_to_the_end_of_its_term(tables):
    t = tables
    expected = sum(t.pi[:, a] * t.q[:, a] for a in range(t.m)) + t.f
    np.testing.assert_allclose(t.at(r"\sum_a\pi(a|s)q_\pi(s,a)+f(s)", "s"), expected, **EXACT)
    expected = sum(t.pi[:, a] * (t.q[:, a] + t.f) for a in range(t.m))
    np.testing.assert_allclose(t.at(r"\sum_a\pi(a|s)[q_\pi(s,a)+f(s)]", "s"), expected, **EXACT)


def test_nested_sums_over_the_same_letter(tables):
    t = tables
    expected = sum(t.f[s] * sum(t.b[s] ** 2 for s in range(t.n)) * t.b[s] for s in range(t.n))
    np.testing.assert_allclose(t.at(r"\sum_sf(s)\Bigl(\sum_sb(s)^2\Bigr)b(s)"), expected, **EXACT)


def test_inner_letter_captures_the_free_one(tables):
    """In Σ_s' p(s'|s',a) the state of the condition is the bound one: for the value of s it does not ask."""
    t = tables
    expected = np.array([sum(t.p[x, a, x].sum() for x in range(t.n)) for a in range(t.m)])
    np.testing.assert_allclose(t.at(r"\sum_{s'\in\mathcal{S}}p(s'|s',a)", "a"), expected, **EXACT)


def test_letters_of_the_same_sort_do_not_mix(tables):
    t = tables
    expected = np.einsum("xa,y->xya", t.pi, t.f) + np.einsum("ya,x->xya", t.pi, t.b)
    found = t.at(r"\pi(a|x)f(y)+\pi(a|y)b(x)", "x y a")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_maximum_and_indicator(tables):
    t = tables
    np.testing.assert_allclose(
        t.at(r"\max_aq_\pi(s,a)-\min_af(s)\pi(a|s)", "s"), t.q.max(1) - (t.f[:, None] * t.pi).min(1), **EXACT
    )
    np.testing.assert_allclose(
        t.at(r"\mathbf{1}\{s=s_0\}+\sum_x\mathbf{1}\{s=x\}f(x)", "s"), np.eye(t.n)[0] + t.f, **EXACT
    )


# Sums of integers


def test_sums_with_letters_in_their_limits(evaluated):
    K, k = range(6), range
    cases = {
        r"\sum_{k=0}^Kk": [sum(range(n + 1)) for n in K],
        r"\sum_{k=0}^{K-1}(k+1)^2": [sum((i + 1) ** 2 for i in range(n)) for n in K],
        r"\sum_{k<K}k": [sum(range(n)) for n in K],
        r"\sum_{k=1}^{K}\sum_{i=k}^{K}ik": [sum(i * j for j in k(1, n + 1) for i in k(j, n + 1)) for n in K],
        r"\sum_{k=0}^{K}\sum_{k=0}^{K}k": [(n + 1) * sum(range(n + 1)) for n in K],
        r"\lfloor K/2\rfloor": [n // 2 for n in K],
        r"\binom{5}{K}": [1, 5, 10, 10, 5, 1],
        r"2^{-K}": [0.5**n for n in K],
        r"\sum_{k=K}^{5}k": [sum(range(n, 6)) for n in K],
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluated("mdp", text, "K"), expected, **EXACT, err_msg=text)


def test_infinite_sum_of_visits(tables):
    t = tables
    power, expected = np.eye(t.n), np.zeros((t.n, t.n))
    for k in range(400):
        expected += t.gamma**k * power * (k + 1)
        power = power @ t.P
    factor = r"\gamma^k" if t.gamma < 1 else ""
    np.testing.assert_allclose(t.at(rf"\sum_{{k=0}}^\infty{factor}(k+1)\Pr(s\to x,k,\pi)", "s x"), expected, **EXACT)


def test_visits_in_steps_and_length(evaluated):
    t = Tables()
    tail = np.linalg.matrix_power(t.P, 3).sum(1)
    np.testing.assert_allclose(evaluated("mdp", r"\Pr(T>3|S_0=s)", "s"), tail, **EXACT)
    np.testing.assert_allclose(
        evaluated("mdp", r"\Pr(T=3|S_0=s)", "s"), np.linalg.matrix_power(t.P, 2).sum(1) - tail, **EXACT
    )
    chance = [np.linalg.matrix_power(t.P, k)[0].sum() for k in range(200)]
    mean, square = sum(chance), sum((2 * k + 1) * c for k, c in enumerate(chance))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}[T]"), mean, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}[T^2]-(\mathbb{E}[T])^2"), square - mean**2, rtol=1e-11)


# Expectations under a policy


def test_condition_on_a_state(tables):
    t = tables
    expected = [sum(w * (t.r[r] ** 2 + t.v[x] * t.q[s, a]) for w, a, x, r in t.outcomes(s)) for s in range(t.n)]
    found = t.at(r"\mathbb{E}_\pi[R_{t+1}^2+v_\pi(S_{t+1})q_\pi(S_t,A_t)|S_t=s]", "s")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_return_beside_the_reward_it_contains(tables):
    """Given R and S' the mean of the return is no longer q(S, A)."""
    t = tables
    expected = [sum(w * t.r[r] * (t.r[r] + t.gamma * t.v[x]) for w, _, x, r in t.outcomes(s)) for s in range(t.n)]
    np.testing.assert_allclose(t.at(r"\mathbb{E}_\pi[G_tR_{t+1}|S_t=s]", "s"), expected, **EXACT)
    expected = [sum(w * t.v[x] * (t.r[r] + t.gamma * t.v[x]) for w, _, x, r in t.outcomes(s)) for s in range(t.n)]
    np.testing.assert_allclose(t.at(r"\mathbb{E}_\pi[v_\pi(S_{t+1})\,G_t|S_t=s]", "s"), expected, **EXACT)


def test_condition_on_state_and_action(tables):
    t = tables
    expected = (t.p * (t.r[None, :] * 1.0) ** 2).sum((2, 3)) + t.q * t.f[:, None]
    found = t.at(r"\mathbb{E}_\pi[R_{t+1}^2+f(S_t)G_t|S_t=s,A_t=a]", "s a")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_condition_on_the_next_state_which_may_be_the_end(tables):
    t = tables
    expected = t.p.sum(-1) @ t.v
    np.testing.assert_allclose(t.at(r"\sum_{s'}p(s'|s,a)\mathbb{E}_\pi[G_{t+1}|S_{t+1}=s']", "s a"), expected, **EXACT)


@pytest.mark.parametrize("text", [r"f(S)\pi(A|S)", r"f(S_t)\pi(A_t|S_t)", r"f(s)\pi(a|s)", r"f(S)\sum_a\pi(a|S)^2"])
def test_states_of_all_steps(evaluated, text):
    t = Tables()
    expected = sum(t.mu[s] * t.pi[s, a] * t.f[s] * t.pi[s, a] for s in range(t.n) for a in range(t.m))
    np.testing.assert_allclose(evaluated("mdp", rf"\mathbb{{E}}_\pi[{text}]"), expected, **EXACT)


def test_second_policy(evaluated):
    t = Tables()
    P = sum(t.other[:, a, None] * t.p[:, a, : t.n].sum(-1) for a in range(t.m))
    eta = np.linalg.solve((np.eye(t.n) - P).T, np.eye(t.n)[0])
    expected = sum(eta[s] * t.other[s, a] * t.q[s, a] for s in range(t.n) for a in range(t.m))
    np.testing.assert_allclose(
        evaluated("mdp", r"\mathbb{E}_{\pi'}[\sum_{t=0}^{T-1}q_\pi(S_t,A_t)]"), expected, **EXACT
    )
    np.testing.assert_allclose(evaluated("mdp", r"\sum_s\eta'(s)\sum_a\pi'(a|s)q_\pi(s,a)"), expected, **EXACT)
    expected = sum(eta[s] / eta.sum() * t.other[s, a] * t.pi[s, a] for s in range(t.n) for a in range(t.m))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_{\pi'}[\pi(A|S)]"), expected, **EXACT)


def test_sum_over_an_episode_by_enumeration(evaluated):
    """All paths of up to 60 steps, forward in time: at step t a path is in s with P^t(s_0, s)."""
    t = Tables("mdp-discounted", 1)
    expected, state = 0.0, np.eye(t.n)[0]
    for time in range(400):
        expected += (
            0.9
            * t.gamma**time
            * sum(state[s] * sum(w * t.r[r] * t.f[s] for w, _, _, r in t.outcomes(s)) for s in range(t.n))
        )
        state = state @ t.P
    found = evaluated("mdp-discounted", r"\mathbb{E}_\pi[\sum_{t=0}^{T-1}0.9\gamma^tf(S_t)R_{t+1}]", instance=1)
    np.testing.assert_allclose(found, expected, **EXACT)


def test_first_steps_have_numbers(evaluated):
    t = Tables()
    expected = sum(w * (t.r[r] - t.v[x] * t.f[0]) for w, _, x, r in t.outcomes(0))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_\pi[R_1-f(S_0)G_1]"), expected, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_\pi[G_0]"), t.v[0], **EXACT)


# Gradients


def test_gradient_of_a_value_by_differences(evaluated):
    """θ is the table of logits: a moved logit, the value solved again."""
    t = Tables()

    def value(logits):
        pi = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        P = sum(pi[:, a, None] * t.p[:, a, : t.n].sum(-1) for a in range(t.m))
        return np.linalg.solve(np.eye(t.n) - P, (pi * t.gain).sum(1))

    logits, step = np.log(t.pi), 1e-5
    expected = np.zeros((t.n, t.n * t.m))
    for i, (s, a) in enumerate(product(range(t.n), range(t.m))):
        moved = np.zeros_like(logits)
        moved[s, a] = step
        expected[:, i] = (value(logits + moved) - value(logits - moved)) / (2 * step)
    np.testing.assert_allclose(evaluated("mdp", r"\nabla v_\pi(s)", "s"), expected, **SLOPE)
    found = evaluated("mdp", r"\nabla[f(s)v_\pi(s)^2\log(\pi(a|s))]", "s a")
    chain = (2 * t.v[:-1] * t.f)[:, None, None] * expected[:, None] * np.log(t.pi)[:, :, None]
    chain = chain + (t.f * t.v[:-1] ** 2)[:, None, None] * t.slope / t.pi[:, :, None]
    np.testing.assert_allclose(found, chain, **SLOPE)


def test_nabla_binds_the_next_factor(evaluated):
    t = Tables()
    found = evaluated("mdp", r"\nabla\pi(a|s)\,q_\pi(s,a)", "s a")
    np.testing.assert_allclose(found, t.slope * t.q[:, :, None], **EXACT)
    whole = evaluated("mdp", r"\nabla[\pi(a|s)\,q_\pi(s,a)]", "s a")
    assert np.abs(whole - found).max() > 1e-3
