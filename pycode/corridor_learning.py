r"""REINFORCE on the short corridor, many runs at once, and the exact gradient ascent that it estimates.

The three states share the preferences :math:`\theta=(\theta_{\text{left}},\theta_{\text{right}})`. Every update moves
them by opposite amounts, so :math:`h=\theta_{\text{right}}-\theta_{\text{left}}`, with :math:`p=1/(1+e^{-h})`,
says all: where :math:`\theta` moves along :math:`\alpha\nabla`, h moves by twice the component of ``right``.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pycode.corridor import corridor, objective, policy, slope
from pycode.mdp import Array, mean_length, system

THETA_LEFT, THETA_RIGHT = 1.47, -1.47  # p = 0.0502: here begins the book's program, near ε-greedy "left"
WORD = 8  # actions that are drawn together
BLOCK = 32  # words of each run between two looks at who has finished
SATURATED = 36  # beyond it the rounded p is 0 or 1
LEAST_ALPHA_W = 1e-6  # below it rounding moves the closed form of w by more than 1e-10
LONGEST = 20_000  # steps; an episode that outlasts them has a chance of e^-50 at p = 0.01, where J = -402


class Learning(NamedTuple):
    """Runs by row, their episodes by column; shapes ``(runs, episodes)`` and ``(runs, episodes + 1)``.

    Both are nan from the episode on that a runaway did not finish.
    """

    G_0: Array  # total return of each episode, minus its number of steps
    p: Array  # probability of going right before each episode, and after the last


class _Words(NamedTuple):
    """What a word of actions does, by ``2**WORD * state + word``, up to the exit or to its own end."""

    steps: Array  # steps taken
    rights: Array  # steps to the right among them
    area: Array  # sum over these steps of the rights so far
    goes_on: Array  # 1, or 0 where the episode ends
    base: NDArray[np.intp]  # 2**WORD times the state after it, the start where the episode ends


@cache
def _words() -> _Words:
    """The table; it can be made because the policy, to which all states look alike, needs no state to draw actions."""
    mdp = corridor()
    word = np.arange(2**WORD)
    s = np.repeat(np.arange(len(mdp.exit)), 2**WORD)
    steps, rights, area, goes_on = np.zeros((4, len(s)))
    goes_on[:] = 1
    for bit in reversed(range(WORD)):
        a = np.tile(word >> bit & 1, len(mdp.exit))
        steps += goes_on
        rights += goes_on * a
        area += goes_on * rights
        goes_on *= 1 - mdp.exit[s, a]
        s = np.where(goes_on > 0, mdp.transition[s, a].argmax(axis=-1), mdp.start)
    return _Words(steps, rights, area, goes_on, 2**WORD * s)


def _require(alpha: Array, alpha_w: float, episodes: int, h: float) -> None:
    """Demand step sizes, a number of episodes and a first preference with which one can learn."""
    if alpha.size == 0 or not (np.isfinite(alpha) & (alpha > 0)).all():
        raise ValueError(f"alpha is {alpha.tolist()}; give positive step sizes")
    if not (alpha_w == 0 or LEAST_ALPHA_W <= alpha_w < 1):
        raise ValueError(f"alpha_w is {alpha_w}; give a step size from {LEAST_ALPHA_W} to below 1, or 0 (no baseline)")
    if not (isinstance(episodes, int | np.integer) and episodes >= 1):
        raise ValueError(f"there are {episodes} episodes; give a whole number, at least 1")
    if not abs(h) < SATURATED:
        raise ValueError(f"h is {h}; give a preference between -{SATURATED} and {SATURATED}")


def probability(h: Array) -> Array:
    r"""Softmax probability of going right, :math:`p=1/(1+e^{-h})`, written so that no h overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * h)


def preference(p: Array) -> Array:
    r"""Its inverse, :math:`h=\theta_{\text{right}}-\theta_{\text{left}}=\log\frac p{1-p}`."""
    return np.log(p / (1 - p))


def slope_in_h(p: Array) -> Array:
    r"""Change of h for one :math:`\alpha\nabla J`, over :math:`\alpha`: :math:`2J'(p)\,p(1-p)`.

    :math:`\partial J/\partial\theta_{\text{right}}=J'(p)\,p(1-p)=-\partial J/\partial\theta_{\text{left}}`.
    """
    return 2 * slope(p) * p * (1 - p)


def baseline_after(w: Array, T: Array, alpha_w: float) -> Array:
    r"""The baseline after :math:`w\leftarrow w+\alpha_w(G_t-w)` for :math:`t=0,\dots,T-1`, one after the other.

    With :math:`G_t=-(T-t)` the recursion has the solution :math:`w_t=t-T-1/\alpha_w+K(1-\alpha_w)^t`,
    :math:`K=w_0+T+1/\alpha_w`; this is :math:`w_T`. For :math:`0<\alpha_w<1`.
    """
    return (w + T + 1 / alpha_w) * np.exp(T * np.log1p(-alpha_w)) - 1 / alpha_w


def mean_baseline_after(p: complex, alpha_w: float) -> complex:
    r"""Mean of :math:`w_T` where :math:`w_0=0`: :math:`-\alpha_w(I-(1-\alpha_w)P)^{-2}\mathbf 1`, at the start.

    For :math:`w_T=-\alpha_w\sum_{j=1}^Tj(1-\alpha_w)^{j-1}` and :math:`\mathbf 1\{j\le T\}` has the mean
    :math:`(P^{j-1}\mathbf 1)(s_0)`. Its derivative is what an update that takes this w in the place of the old one
    lacks: :math:`\mathbb E[f(T)\sum_t\nabla\log\pi(A_t)]=\nabla\,\mathbb E[f(T)]`. p may carry a complex step.
    """
    shortened, pi = corridor().discounted(1 - alpha_w), policy(p)
    twice = system(shortened, pi).solve(mean_length(shortened, pi)[:, None])
    return -alpha_w * twice[shortened.start, 0]


def reinforce(
    alpha: Array, episodes: int, rng: np.random.Generator, alpha_w: float = 0.0, h: float = THETA_RIGHT - THETA_LEFT
) -> Learning:
    r"""REINFORCE with step size ``alpha[run]``, a run for each entry; with learned baseline w if :math:`\alpha_w>0`.

    An episode is played under fixed :math:`\theta`, then
    :math:`\theta\leftarrow\theta+\alpha\sum_t(G_t-w)\,\nabla\log\pi(A_t)`, then w moves (:func:`baseline_after`), from
    0: a w that has seen this episode depends on its actions, and the estimate would have a bias.
    The score of ``right`` is :math:`X_t-p`, :math:`X_t=\mathbf 1\{A_t=\text{right}\}`, and with reward -1 a step
    :math:`\sum_tG_tX_t=-\sum_{k<T}\sum_{t\le k}X_t`, so the episode leaves three integers behind: T,
    :math:`\sum_tX_t` and that double sum.

    Every run goes on to its next episode at once and stops after its own last one, so which episodes count depends
    on no length. Actions of a word that the episode's end leaves over are thrown away; nothing has looked at them.
    A runaway, a run found in an episode of more than ``LONGEST`` steps, is stopped: its p is so near 0 or 1 that
    it would not end in any time at hand. ``h`` is the preference at the start.
    The algorithm: ``alg:reinforce``, but for the steps of w, which follow each other: their sum at once goes too far
    in episodes of more than :math:`1/\alpha_w` steps.
    Raises ValueError for step sizes, numbers of episodes and preferences that make no sense.
    """
    alpha = np.asarray(alpha, dtype=np.float64)
    if alpha.ndim != 1:
        raise ValueError(f"alpha has shape {alpha.shape}; give (runs,): a step size for each run")
    _require(alpha, alpha_w, episodes, h)
    width = episodes + BLOCK + 1  # a run may finish up to BLOCK episodes too many before it is looked at
    length, p = np.full((2, len(alpha), width), np.nan)
    state = np.zeros((6, len(alpha)))
    state[0], state[1] = 2 * alpha, h
    p[:, 0] = probability(state[1])
    base = np.full(len(alpha), 2**WORD * corridor().start)
    place = np.arange(len(alpha)) * width  # of the present episode in the two tables
    last = place + episodes
    while len(place):
        uniforms = rng.random((BLOCK, len(place), WORD))
        _play(uniforms, state, base, place, alpha_w, length.reshape(-1), p.reshape(-1))
        runaway = state[-1] > LONGEST
        length.reshape(-1)[place[runaway]] = p.reshape(-1)[place[runaway]] = np.nan
        going = (place < last) & ~runaway
        if not going.all():
            state, base, place, last = state[:, going], base[going], place[going], last[going]
    return Learning(-length[:, :episodes], p[:, : episodes + 1])


def _play(
    uniforms: Array, state: Array, base: NDArray[np.intp], place: NDArray[np.intp], alpha_w: float,
    length: Array, p_of: Array,
) -> None:  # fmt: skip
    """A word of actions of every run for each entry of ``uniforms``; all is changed in place."""
    words = _words()
    gain, h, w, rights, area, T = state
    p = probability(h)
    column = p[:, None]
    went_right = np.empty(uniforms.shape[1:], dtype=bool)
    index = np.empty_like(base)
    gathered, work, other = np.empty((3, len(h)))

    def look_up(table: Array) -> Array:
        return table.take(index, out=gathered, mode="clip")

    for uniform in uniforms:
        np.less(uniform, column, out=went_right)
        np.add(base, np.packbits(went_right), out=index)
        words.base.take(index, out=base, mode="clip")
        # area counts the rights before the word at each of its steps, too
        steps = look_up(words.steps)
        T += steps
        np.multiply(steps, rights, out=work)
        area += work
        area += look_up(words.area)
        rights += look_up(words.rights)
        length[place] = T

        # sum of (G_t - w)(X_t - p) = p T (T + 1)/2 - area - w (rights - p T)
        goes_on = look_up(words.goes_on)
        ends = 1 - goes_on
        np.multiply(p, T, out=other)
        np.add(T, 1, out=work)
        work *= other
        work *= 0.5
        work -= area
        if alpha_w:
            work -= w * (rights - other)
            w += ends * (baseline_after(w, T, alpha_w) - w)
        work *= gain
        work *= ends
        h += work
        np.copyto(p, probability(h))
        for count in (rights, area, T):
            count *= goes_on
        place += ends.astype(np.intp)
        p_of[place] = p


def ascent(alpha: float, episodes: int, h: float = THETA_RIGHT - THETA_LEFT) -> Array:
    r"""Exact ascent :math:`\theta\leftarrow\theta+\alpha\nabla J(\theta)`: :math:`J(\theta_k)`, k = 0, …, ``episodes``.

    Shape ``(episodes + 1,)``. The algorithm, with the gradient in closed form: ``alg:ascent``.
    Raises ValueError for a step size that is not positive or throws p to 0 or 1, for such an h, and for no steps.
    """
    _require(np.array(alpha), 0.0, episodes, h)
    h_k = np.full(episodes + 1, h)
    for k in range(episodes):
        with np.errstate(over="ignore"):
            h_k[k + 1] = h_k[k] + alpha * slope_in_h(probability(h_k[k]))
        if not abs(h_k[k + 1]) < SATURATED:
            raise ValueError(
                f"step size {alpha} is too large at step {k + 1}: h is {h_k[k + 1]:.3g}; give a smaller one"
            )
    return objective(probability(h_k))
