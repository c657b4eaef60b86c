r"""Monte-Carlo variance of one-episode estimates of the policy gradient, over millions of sampled episodes.

But for the total return's factor :math:`G_0` every estimate is linear in an episode's totals
:math:`N(s,a)=\sum_t\mathbf 1\{S_t=s,A_t=a\}`, :math:`W(s,a)=\sum_tG_t\,\mathbf 1\{S_t=s,A_t=a\}`. Arrays of totals
have a row ``[N, W, reward]`` of length 2nm + 1 for each path or episode. Several steps are drawn at once, as one of
all paths of that length.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from pycode.estimator_variance import Estimator, ScoredPolicy
from pycode.mdp import Array

LARGEST = 30_000_000  # numbers in a table of totals, 0.24 GB


class Paths(NamedTuple):
    """Every path of some number of steps, or to the end if that comes first, sorted by first state."""

    first: Array
    last: Array  # n: the end
    probability: Array  # given the first state
    totals: Array
    policy: ScoredPolicy  # whose paths they are

    def then(self, after: "Paths") -> "Paths":
        """Every path of these followed by every path of ``after`` that begins where it ends.

        Raises ValueError, before it builds the table, where that has more than ``LARGEST`` totals.
        """
        count = np.bincount(after.first)
        begin, ways = np.cumsum(count) - count, count[self.last]
        if ways.sum() * self.totals.shape[1] > LARGEST:
            raise ValueError(f"{ways.sum()} paths are too many for a table; take fewer doublings")
        i = np.repeat(np.arange(len(ways)), ways)
        k = begin[self.last[i]] + np.arange(len(i)) - np.repeat(np.cumsum(ways) - ways, ways)
        totals = joined(self.totals[i], after.totals[k])
        return Paths(self.first[i], after.last[k], self.probability[i] * after.probability[k], totals, self.policy)


def joined(before: Array, after: Array) -> Array:
    """Totals of paths that go on: the later reward belongs to the returns of the earlier steps."""
    width = before.shape[-1] // 2
    total = before + after
    total[:, width:-1] += after[:, -1:] * before[:, :width]
    return total


def paths(policy: ScoredPolicy, doublings: int) -> Paths:
    r"""All paths of :math:`2^{doublings}` steps from every state; from the end there is one, which stays and adds 0.

    Raises ValueError for a number of doublings that is negative or no integer, or with which the table is too large.
    """
    if not (isinstance(doublings, int | np.integer) and doublings >= 0):
        raise ValueError(f"doublings is {doublings}; give a whole number, at least 0")
    s, a, x, probability = policy.outcomes
    n, m = policy.pi.shape
    step, k = np.zeros((len(s) + 1, 2 * n * m + 1)), np.arange(len(s))
    step[k, s * m + a] = 1
    step[k, n * m + s * m + a] = step[k, -1] = policy.mdp.reward[s, a]
    found = Paths(np.append(s, n), np.append(x, n), np.append(probability, 1), step, policy)
    for _ in range(doublings):
        found = found.then(found)
    return found


def sample(found: Paths, start: int, count: int, rng: np.random.Generator) -> Array:
    """Totals of that many episodes, in the order in which they end."""
    end = int(found.first[-1])
    final = np.searchsorted(found.first, np.arange(end), side="right") - 1
    cumulative = np.cumsum(found.probability)  # each state's paths add 1
    state, running, finished = np.full(count, start), np.zeros((count, found.totals.shape[1])), []
    while len(state):
        drawn = cumulative.searchsorted(state + rng.random(len(state)), side="right")
        drawn = np.minimum(drawn, final[state])  # where rounding leaves the sum below 1
        running, state = joined(running, found.totals.take(drawn, axis=0)), found.last[drawn]
        finished.append(running.take(np.flatnonzero(state == end), axis=0))
        going = np.flatnonzero(state < end)
        running, state = running.take(going, axis=0), state[going]
    return np.concatenate(finished)


def estimates(chosen: Sequence[Estimator], psi: Array, totals: Array) -> Array:
    """The chosen estimates from each episode with these totals, shape ``(len(chosen), d, count)``."""
    d, width = psi.shape[-1], totals.shape[-1] // 2
    N, W, G_0 = np.ascontiguousarray(totals[:, :width].T), np.ascontiguousarray(totals[:, width:-1].T), totals[:, -1]
    score, *f = (csr_array(each.reshape(width, d).T) for each in (psi, *(estimator.f for estimator in chosen)))
    Z, X = score @ N, score @ W  # sparse: of a tabular policy's parameters each concerns one state
    result = (vstack(f) @ N).reshape(len(chosen), d, -1)
    for estimate, (past, future, _) in zip(result, chosen, strict=True):
        if past:
            estimate += past * (G_0 * Z - X)
        if future:
            estimate += future * X
    return result


class Sampled(NamedTuple):
    r"""Sample variances, and their standard errors :math:`\sqrt{(m_4-\text{variance}^2)/\text{count}}`."""

    variance: Array
    error: Array


def variances(
    policy: ScoredPolicy, chosen: Sequence[Estimator], found: Paths, blocks: int, block: int, rng: np.random.Generator
) -> Sampled:
    """Variances of the chosen estimators, all from the same ``blocks * block`` episodes of the policy.

    Sums are taken around the exact means, so that no digits are lost, and the sample means are then put in their place.
    Raises ValueError for the paths of another policy and for fewer than two episodes.
    """
    start, count = policy.mdp.start, blocks * block
    if found.policy is not policy:
        raise ValueError("the paths are those of another policy; give those that paths() finds for this one")
    if min(blocks, block) < 1 or count < 2:
        raise ValueError(f"{blocks} blocks of {block} episodes have no variance; give at least 2 episodes in all")
    centre = np.stack([policy.mean(estimator)[start] for estimator in chosen])[..., None]
    first, second, fourth = np.zeros(centre.shape[:2]), np.zeros(len(chosen)), np.zeros(len(chosen))
    for _ in range(blocks):
        deviation = estimates(chosen, policy.psi, sample(found, start, block, rng))
        deviation -= centre
        square = np.einsum("kde,kde->ke", deviation, deviation)
        first += deviation.sum(axis=-1)
        second += square.sum(axis=-1)
        fourth += (square**2).sum(axis=-1)
    variance = (second - (first**2).sum(axis=-1) / count) / (count - 1)
    return Sampled(variance, np.sqrt((fourth / count - variance**2) / count))
