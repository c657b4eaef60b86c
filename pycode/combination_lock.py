r"""A combination lock: n states in a row, in each one action leads on and the other ends the episode without a reward.

Only the last step on pays. Under the uniform policy :math:`J=2^{-n}` times that reward, and every entry of the gradient
is :math:`\pm2^{-n-1}` times it.
"""

import numpy as np
import scipy.sparse as sp

from pycode.sparse import SparseMDP


def combination_lock(n: int, reward: float = 1.0) -> SparseMDP:
    """The process of n states, start 0; action 0 leads on. Raises ValueError for fewer than one state."""
    if n < 1:
        raise ValueError(f"a lock of {n} states has none to start from; give at least 1")
    onwards = np.arange(n - 1)
    rows = sp.csr_array((np.ones(n - 1), (2 * onwards, onwards + 1)), shape=(2 * n, n))
    exit_, rewards = np.tile([0.0, 1.0], (n, 1)), np.zeros((n, 2))
    exit_[-1, 0], rewards[-1, 0] = 1, reward
    return SparseMDP(rows, exit_, rewards)
