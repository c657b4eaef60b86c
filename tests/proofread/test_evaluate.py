r"""What the evaluator computes, against loops over the tables of an instance and against differences and sums of functions."""

from itertools import product

import numpy as np
import pytest

from pycode.proofread.bound import Bound
from pycode.proofread.evaluate import Evaluator
from pycode.proofread.grammar import parse
from pycode.proofread.lexer import Lexer
from pycode.proofread.tex import ReadError, tokenize
from pycode.proofread.values import Value, primal, tangent
from pycode.proofread.worlds import build

EXACT = {"rtol": 1e-12, "atol": 1e-13}  # sums of at most some hundred terms of order 1
SLOPE = {"rtol": 1e-7, "atol": 1e-8}  # central differences with a step of 1e-5: 1e-10 by the step, 1e-11 / 1e-5 by rounding


def tree(world, text):
    words = world.vocabulary
    lexer = Lexer(words, world.name, {}, world.data, world.states, "T" in words.randoms)
    return parse(lexer.lex([tokenize(text)])[0])


def evaluated(name, text, letters="", instance=0, seed=0):
    """Value of a formula, its axes in the order of the free letters, then those of the gradient or the vector."""
    world = build(name, seed)
    chosen, scope = world.instances[instance], {}
    for letter in letters.split():
        sort = world.vocabulary.variables[letter]
        values = chosen.reals(letter) if sort == "real" else Value(np.arange(chosen.sizes.get(sort, 6) if sort != "integer" else 6), (letter,))
        scope[letter] = Bound(sort, values)
    found = primal(Evaluator(chosen, world.vocabulary, {}, scope)(tree(world, text)))
    assert set(found.axes) - {"∇", "row", "column"} <= set(letters.split()), "an index is left over"
    order = [a for a in letters.split() if a in found.axes] + [a for a in found.axes if a not in letters.split()]
    return np.transpose(found.data, [found.axes.index(a) for a in order])


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
def tables(request):
    found = Tables(*request.param)
    found.place = request.param
    return found


def at(tables, text, letters=""):
    return evaluated(tables.place[0], text, letters, tables.place[1])


# Sums over states, actions, rewards


def test_double_sum_over_next_state_and_reward(tables):
    t = tables
    expected = np.zeros((t.n, t.m))
    for s, a, x, r in t.cells():
        expected[s, a] += t.p[s, a, x, r] * (t.r[r] + t.v[x])
    for text in (r"\sum_{s',r}p(s',r|s,a)(r+v_\pi(s'))", r"\sum_{s'}\sum_rp(s',r|s,a)(r+v_\pi(s'))"):
        np.testing.assert_allclose(at(t, text, "s a"), expected, **EXACT)
    if t.gamma == 1:
        np.testing.assert_allclose(at(t, r"q_\pi(s,a)", "s a"), expected, **EXACT)


def test_bare_sum_includes_the_end_and_a_set_does_not(tables):
    t = tables
    np.testing.assert_allclose(at(t, r"\sum_{s'}p(s'|s,a)", "s a"), np.ones((t.n, t.m)), **EXACT)
    inside = t.p[:, :, : t.n].sum((2, 3))
    np.testing.assert_allclose(at(t, r"\sum_{s'\in\mathcal{S}}p(s'|s,a)", "s a"), inside, **EXACT)
    np.testing.assert_allclose(at(t, r"\sum_{s'\in\mathcal{S}^+}p(s'|s,a)", "s a"), np.ones((t.n, t.m)), **EXACT)


def test_sum_reaches_to_the_end_of_its_term(tables):
    t = tables
    expected = sum(t.pi[:, a] * t.q[:, a] for a in range(t.m)) + t.f
    np.testing.assert_allclose(at(t, r"\sum_a\pi(a|s)q_\pi(s,a)+f(s)", "s"), expected, **EXACT)
    expected = sum(t.pi[:, a] * (t.q[:, a] + t.f) for a in range(t.m))
    np.testing.assert_allclose(at(t, r"\sum_a\pi(a|s)[q_\pi(s,a)+f(s)]", "s"), expected, **EXACT)


def test_nested_sums_over_the_same_letter(tables):
    t = tables
    expected = sum(t.f[s] * sum(t.b[s]**2 for s in range(t.n)) * t.b[s] for s in range(t.n))
    np.testing.assert_allclose(at(t, r"\sum_sf(s)\Bigl(\sum_sb(s)^2\Bigr)b(s)"), expected, **EXACT)


def test_inner_letter_captures_the_free_one(tables):
    """In Σ_s' p(s'|s',a) the state of the condition is the bound one: for the value of s it does not ask."""
    t = tables
    expected = np.array([sum(t.p[x, a, x].sum() for x in range(t.n)) for a in range(t.m)])
    np.testing.assert_allclose(at(t, r"\sum_{s'\in\mathcal{S}}p(s'|s',a)", "a"), expected, **EXACT)


def test_letters_of_the_same_sort_do_not_mix(tables):
    t = tables
    expected = np.einsum("xa,y->xya", t.pi, t.f) + np.einsum("ya,x->xya", t.pi, t.b)
    found = at(t, r"\pi(a|x)f(y)+\pi(a|y)b(x)", "x y a")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_maximum_and_indicator(tables):
    t = tables
    np.testing.assert_allclose(at(t, r"\max_aq_\pi(s,a)-\min_af(s)\pi(a|s)", "s"), t.q.max(1) - (t.f[:, None] * t.pi).min(1), **EXACT)
    np.testing.assert_allclose(at(t, r"\mathbf{1}\{s=s_0\}+\sum_x\mathbf{1}\{s=x\}f(x)", "s"), np.eye(t.n)[0] + t.f, **EXACT)


# Sums of integers


def test_sums_with_letters_in_their_limits():
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
    np.testing.assert_allclose(at(t, rf"\sum_{{k=0}}^\infty{factor}(k+1)\Pr(s\to x,k,\pi)", "s x"), expected, **EXACT)


def test_visits_in_steps_and_length():
    t = Tables()
    tail = np.linalg.matrix_power(t.P, 3).sum(1)
    np.testing.assert_allclose(evaluated("mdp", r"\Pr(T>3|S_0=s)", "s"), tail, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\Pr(T=3|S_0=s)", "s"), np.linalg.matrix_power(t.P, 2).sum(1) - tail, **EXACT)
    chance = [np.linalg.matrix_power(t.P, k)[0].sum() for k in range(200)]
    mean, square = sum(chance), sum((2 * k + 1) * c for k, c in enumerate(chance))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}[T]"), mean, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}[T^2]-\mathbb{E}[T]^2"), square - mean**2, rtol=1e-11)


# Expectations under a policy


def test_condition_on_a_state(tables):
    t = tables
    expected = [sum(w * (t.r[r] ** 2 + t.v[x] * t.q[s, a]) for w, a, x, r in t.outcomes(s)) for s in range(t.n)]
    found = at(t, r"\mathbb{E}_\pi[R_{t+1}^2+v_\pi(S_{t+1})q_\pi(S_t,A_t)|S_t=s]", "s")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_return_beside_the_reward_it_contains(tables):
    """Given R and S' the mean of the return is no longer q(S, A)."""
    t = tables
    expected = [sum(w * t.r[r] * (t.r[r] + t.gamma * t.v[x]) for w, _, x, r in t.outcomes(s)) for s in range(t.n)]
    np.testing.assert_allclose(at(t, r"\mathbb{E}_\pi[G_tR_{t+1}|S_t=s]", "s"), expected, **EXACT)
    expected = [sum(w * t.v[x] * (t.r[r] + t.gamma * t.v[x]) for w, _, x, r in t.outcomes(s)) for s in range(t.n)]
    np.testing.assert_allclose(at(t, r"\mathbb{E}_\pi[v_\pi(S_{t+1})\,G_t|S_t=s]", "s"), expected, **EXACT)


def test_condition_on_state_and_action(tables):
    t = tables
    expected = (t.p * (t.r[None, :] * 1.0) ** 2).sum((2, 3)) + t.q * t.f[:, None]
    found = at(t, r"\mathbb{E}_\pi[R_{t+1}^2+f(S_t)G_t|S_t=s,A_t=a]", "s a")
    np.testing.assert_allclose(found, expected, **EXACT)


def test_condition_on_the_next_state_which_may_be_the_end(tables):
    t = tables
    expected = t.p.sum(-1) @ t.v
    np.testing.assert_allclose(at(t, r"\sum_{s'}p(s'|s,a)\mathbb{E}_\pi[G_{t+1}|S_{t+1}=s']", "s a"), expected, **EXACT)


@pytest.mark.parametrize("text", [r"f(S)\pi(A|S)", r"f(S_t)\pi(A_t|S_t)", r"f(s)\pi(a|s)", r"f(S)\sum_a\pi(a|S)^2"])
def test_states_of_all_steps(text):
    t = Tables()
    expected = sum(t.mu[s] * t.pi[s, a] * t.f[s] * t.pi[s, a] for s in range(t.n) for a in range(t.m))
    np.testing.assert_allclose(evaluated("mdp", rf"\mathbb{{E}}_\pi[{text}]"), expected, **EXACT)


def test_second_policy():
    t = Tables()
    P = sum(t.other[:, a, None] * t.p[:, a, : t.n].sum(-1) for a in range(t.m))
    eta = np.linalg.solve((np.eye(t.n) - P).T, np.eye(t.n)[0])
    expected = sum(eta[s] * t.other[s, a] * t.q[s, a] for s in range(t.n) for a in range(t.m))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_{\pi'}[\sum_{t=0}^{T-1}q_\pi(S_t,A_t)]"), expected, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\sum_s\eta'(s)\sum_a\pi'(a|s)q_\pi(s,a)"), expected, **EXACT)
    expected = sum(eta[s] / eta.sum() * t.other[s, a] * t.f[s] ** a for s in range(t.n) for a in range(t.m))
    if t.m == 2:
        found = r"\mathbb{E}_{\pi'}[\sum_a\pi'(a|S)]-1"
        np.testing.assert_allclose(evaluated("mdp", found), 0.0, atol=1e-12)


def test_sum_over_an_episode_by_enumeration():
    """All paths of up to 60 steps, forward in time: at step t a path is in s with P^t(s_0, s)."""
    t = Tables("mdp-discounted", 1)
    expected, state = 0.0, np.eye(t.n)[0]
    for time in range(400):
        expected += 0.9 * t.gamma**time * sum(state[s] * sum(w * t.r[r] * t.f[s] for w, _, _, r in t.outcomes(s)) for s in range(t.n))
        state = state @ t.P
    found = evaluated("mdp-discounted", r"\mathbb{E}_\pi[\sum_{t=0}^{T-1}0.9\gamma^tf(S_t)R_{t+1}]", instance=1)
    np.testing.assert_allclose(found, expected, **EXACT)


def test_first_steps_have_numbers():
    t = Tables()
    expected = sum(w * (t.r[r] - t.v[x] * t.f[0]) for w, _, x, r in t.outcomes(0))
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_\pi[R_1-f(S_0)G_1]"), expected, **EXACT)
    np.testing.assert_allclose(evaluated("mdp", r"\mathbb{E}_\pi[G_0]"), t.v[0], **EXACT)


# Gradients


def test_gradient_of_a_value_by_differences():
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


def test_nabla_binds_the_next_factor():
    t = Tables()
    found = evaluated("mdp", r"\nabla\pi(a|s)\,q_\pi(s,a)", "s a")
    np.testing.assert_allclose(found, t.slope * t.q[:, :, None], **EXACT)
    whole = evaluated("mdp", r"\nabla[\pi(a|s)\,q_\pi(s,a)]", "s a")
    assert np.abs(whole - found).max() > 1e-3


def test_gradient_of_one_parameter_has_no_components_of_the_other():
    both = evaluated("vae", r"\nabla\mathcal{L}(\theta,\phi;x)")
    theta, phi = (evaluated("vae", rf"\nabla_\{name}\mathcal{{L}}(\theta,\phi;x)") for name in ("theta", "phi"))
    np.testing.assert_allclose(both, theta + phi, **EXACT)
    assert np.all((theta == 0) != (phi == 0))


# Integrals and partial derivatives


def normal(z, mean, width):
    return np.exp(-0.5 * ((z - mean) / width) ** 2) / (width * np.sqrt(2 * np.pi))


def parameters(name="vae", instance=0):
    found = build(name, 0).instances[instance]
    return [float(primal(found.constant(c, [])).data) for c in (r"\mu_q", r"\sigma_q", r"\mu_p", r"\sigma_p")]


@pytest.mark.parametrize("name", ["vae", "gaussians"])
def test_integrals_by_a_sum_of_another_step(name):
    mu_q, sigma_q, mu_p, sigma_p = parameters(name)
    curve = build(name, 0).instances[0].curve
    z = np.linspace(-14, 14, 20001)
    f = primal(curve(Value(z, ("z",)))).data
    q, p, h = normal(z, mu_q, sigma_q), normal(z, mu_p, sigma_p), z[1] - z[0]
    cases = {
        r"\mathbb{E}_{q_\theta(z|x)}[f(z)]": (q * f).sum() * h,
        r"\mathbb{E}_{z\sim q_\theta(z|x)}[f(z)^2]": (q * f**2).sum() * h,
        r"\int p(z)f(z)\,dz": (p * f).sum() * h,
        r"\int\mathcal{N}(u;\mu_q,\sigma_q^2)f(u)\,\mathrm{d}u": (q * f).sum() * h,
        r"D_{KL}(q_\theta(z|x)\|p(z))": (q * np.log(q / p)).sum() * h,
        r"D_{KL}(p(z)\|q_\theta(z|x))": (p * np.log(p / q)).sum() * h,
        r"\mathbb{E}_{\epsilon\sim\mathcal{N}(0,1)}[f(\epsilon)\epsilon]": (normal(z, 0, 1) * f * z).sum() * h,
        r"\mathbb{E}_{z\sim\mathcal{N}(\mu_p,\sigma_p^2)}[e^{z/2}]": (p * np.exp(z / 2)).sum() * h,
        r"\int q_\theta(z|x)\int p(u)\,zu^2\,du\,dz": (q * z).sum() * (p * z**2).sum() * h**2,
        r"\int q_\theta(z|x)\Bigl(\int p(z)z^2\,dz\Bigr)z\,dz": (q * z).sum() * (p * z**2).sum() * h**2,
        r"\mathbb{E}_{q_\theta(z|x)}[z-\mathbb{E}_{p(z)}[z]]": mu_q - mu_p,
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluated(name, text), expected, rtol=1e-10, atol=1e-11, err_msg=text)


def test_free_letter_beside_a_bound_one_of_the_same_name():
    _, _, mu_p, sigma_p = parameters()
    points = primal(build("vae", 0).instances[0].reals("z")).data
    found = evaluated("vae", r"p(z)\int p(z)z\,dz+z", "z")
    np.testing.assert_allclose(found, normal(points, mu_p, sigma_p) * mu_p + points, **EXACT)


def test_partial_derivatives_by_differences():
    mu_q, sigma_q, mu_p, sigma_p = parameters("gaussians")

    def kl(mu_q, sigma_q, mu_p, sigma_p):
        return np.log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5

    text = r"D_{KL}(\mathcal{N}(\mu_q,\sigma_q^2)\|\mathcal{N}(\mu_p,\sigma_p^2))"
    here, names = np.array([mu_q, sigma_q, mu_p, sigma_p]), (r"\mu_q", r"\sigma_q", r"\mu_p", r"\sigma_p")
    h = 1e-3
    for i, j in product(range(4), repeat=2):
        e, d = h * np.eye(4)[i], h * np.eye(4)[j]
        second = (kl(*(here + e + d)) - kl(*(here + e - d)) - kl(*(here - e + d)) + kl(*(here - e - d))) / (4 * h * h)
        below = rf"\partial{names[i]}\,\partial{names[j]}" if i != j else rf"\partial{names[i]}^2"
        found = evaluated("gaussians", rf"\frac{{\partial^2}}{{{below}}}{text}")
        np.testing.assert_allclose(found, second, rtol=1e-4, atol=1e-5, err_msg=below)
        if i == j:
            first = (kl(*(here + e)) - kl(*(here - e))) / (2 * h)
            found = evaluated("gaussians", rf"\frac{{\partial}}{{\partial{names[i]}}}{text}")
            np.testing.assert_allclose(found, first, rtol=1e-4, atol=1e-5, err_msg=names[i])


def test_partial_derivative_along_a_free_letter():
    curve = build("vae", 0).instances[0].curve
    z = primal(build("vae", 0).instances[0].reals("z")).data
    h = 1e-5

    def g(z):
        return primal(curve(Value(z**2, ("z",)))).data * np.exp(-z)

    found = evaluated("vae", r"\frac{\partial}{\partial z}[f(z^2)e^{-z}]", "z")
    np.testing.assert_allclose(found, (g(z + h) - g(z - h)) / (2 * h), **SLOPE)


def test_derivative_of_an_integral_does_not_move_what_is_bound():
    assert evaluated("vae", r"\frac{\partial}{\partial z}\Bigl[z\int p(z)z^2\,dz\Bigr]", "z") == pytest.approx(
        evaluated("vae", r"\int p(z)z^2\,dz"), rel=1e-12
    )


# Matrices


@pytest.mark.parametrize("instance", [3, 4])
def test_matrices_by_numpy(instance):
    found = build("gaussians", 0).instances[instance]
    S, Q, m, n = (primal(found.constant(c, [])).data for c in (r"\Sigma_p", r"\Sigma_q", r"\mu_q", r"\mu_p"))
    cases = {
        r"\operatorname{tr}(\Sigma_p^{-1}\Sigma_q)": np.trace(np.linalg.inv(S) @ Q),
        r"(\mu_q-\mu_p)^\top\Sigma_p^{-1}(\mu_q-\mu_p)": (m - n) @ np.linalg.inv(S) @ (m - n),
        r"\det(\Sigma_p\Sigma_q)": np.linalg.det(S) * np.linalg.det(Q),
        r"\Sigma_p\Sigma_q\mu_p": S @ Q @ n,
        r"\operatorname{tr}(\mu_q\mu_p^\top)": m @ n,
        r"\mu_q\odot\mu_p": m * n,
        r"\sum_{j=1}^D\mu_{q,j}\mu_{p,j}": m @ n,
        r"\prod_{j=1}^D\mu_{q,j}": np.prod(m),
        r"\operatorname{tr}(I)-D": 0.0,
    }
    for text, expected in cases.items():
        np.testing.assert_allclose(evaluated("gaussians", text, instance=instance), expected, **EXACT, err_msg=text)


def test_draws():
    instance = build("vae", 0).instances[0]
    draws = primal(instance.draws).data
    mu_q, sigma_q, *_ = parameters()
    np.testing.assert_allclose(evaluated("vae", r"\sum_{l=1}^L\epsilon^{(l)}z^{(l)}"), (draws * (mu_q + sigma_q * draws)).sum(), **EXACT)
    np.testing.assert_allclose(evaluated("vae", r"\mathbb{E}[\sum_{l=1}^L(z^{(l)})^2]"), 2 * (mu_q**2 + sigma_q**2), **EXACT)
    np.testing.assert_allclose(evaluated("vae", r"\mathbb{E}[(\sum_{l=1}^L\epsilon^{(l)})^2]"), 2.0, **EXACT)
    np.testing.assert_allclose(evaluated("vae", r"\mathbb{E}[\epsilon^{(1)}\epsilon^{(2)}+3]"), 3.0, **EXACT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\frac12\cdot3^{2}", 4.5),
        (r"2^{-1}", 0.5),
        (r"-2^{2}", -4.0),
        (r"\frac{1}{2}(3)(4)", 6.0),
        (r"1-2-3", -4.0),
        (r"1-(2-3)", 2.0),
        (r"6/3", 2.0),
        (r"\log e^{2}", 2.0),
        (r"\ln(2)\ln(2)", np.log(2) ** 2),
        (r"e^{-\frac12\log 4}", 0.5),
        (r"\sqrt{9}", 3.0),
        (r"\exp\left(\log 2+\log 3\right)", 6.0),
        (r"\lvert-3\rvert", 3.0),
        (r"\sum_{k=1}^{3}k^2-1", 13.0),
        (r"\sum_{k=1}^{3}(k^2-1)", 11.0),
        (r"2\prod_{k=1}^{4}k", 48.0),
        (r"\sum_{k=0}^{\infty}2^{-k}", 2.0),
        (r"2\pi", 2 * np.pi),
        (r"0.125\cdot 8", 1.0),
    ],
)
def test_numbers(text, expected):
    np.testing.assert_allclose(evaluated("vae", text), expected, **EXACT)


def test_errors_carry_their_place():
    with pytest.raises(ReadError) as caught:
        evaluated("mdp", "1 +\n  \\frac{1}{0}")
    assert (caught.value.at.line, caught.value.at.column) == (2, 12)
