r"""The unrolled recursion on the frozen lake under the uniform policy: partial sums, remainder and its bound."""

from typing import Any

import numpy as np

from pycode.environments import load
from pycode.mdp import condition, policy_transition, tail
from pycode.policy_gradient import softmax_policy, unroll

STEPS = 200
SETTLED = 100  # from here on the remainder's decay is read off


def measure() -> dict[str, Any]:
    r"""Max-norms at :math:`s_0` for K = 0 … 200, and what the lemma says of them.

    ``remainders`` of :math:`P^K\nabla v`; ``bounds`` :math:`C\Pr(T>K)`, :math:`C=\max_s\|\nabla v(s)\|`; ``errors`` of
    the partial sums against :math:`\nabla J` by complex steps, ``component_sums`` and ``component`` their largest
    component and its limit; ``identity`` and ``bound_ratio`` are the largest over all states and K (the ratio's from
    K = 1 on); ``decay`` is the remainder's mean factor a step from K = 100 on, ``second_share`` what is left by then
    of the second eigenvalue's part, relative to the first's.
    """
    lake = load("frozenlake4")
    theta = np.zeros(lake.exit.shape)
    pi = softmax_policy(theta)
    partial_sum, remainder = unroll(lake, theta, STEPS)
    gradient = remainder[0]
    size = abs(remainder).max(axis=(-2, -1))
    C = size[0].max()
    bound = C * tail(lake, pi, STEPS)
    moduli = np.sort(abs(np.linalg.eigvals(policy_transition(lake, pi))))[::-1]
    s_0 = lake.start
    largest = np.unravel_index(gradient[s_0].argmax(), pi.shape)
    return {
        "component": gradient[s_0][largest],
        "component_sums": partial_sum[:, s_0, *largest],
        "remainders": size[:, s_0],
        "bounds": bound[:, s_0],
        "errors": abs(partial_sum - gradient)[:, s_0].max(axis=(-2, -1)),
        "identity": abs(partial_sum + remainder - gradient).max() / C,
        "bound_ratio": (size / bound)[1:].max(),
        "decay": (size[STEPS, s_0] / size[SETTLED, s_0]) ** (1 / (STEPS - SETTLED)),
        "spectral_radius": moduli[0],
        "second_share": (moduli[1] / moduli[0]) ** SETTLED,
        "cond": condition(lake, pi),
        "steps": STEPS,
        "states": len(pi),
    }
