r"""A small softmax policy :math:`\pi(a\mid s,\theta)` as a torch module that also acts, in numpy.

For few states at a time numpy's calls cost a fraction of torch's.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pycode.cartpole import ANGLE_LIMIT, Act

# The angle in units of its limit; metres, m/s and rad/s are of the size of 1 as they are.
SCALE = (1.0, 1.0, 1 / ANGLE_LIMIT, 1.0)
ACTIONS = 2


class Policy(nn.Module):
    """One hidden layer of tanh; puts out logits. Weights start from torch's global generator.

    Raises ValueError for a hidden layer without units.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        if hidden < 1:
            raise ValueError(f"hidden is {hidden}; give at least 1 unit")
        self.scale = torch.tensor(SCALE)
        self.hidden = nn.Linear(len(SCALE), hidden)
        self.out = nn.Linear(hidden, ACTIONS)

    def forward(self, states: Tensor) -> Tensor:
        """Logits of the actions, shape ``(..., 2)``, of states of shape ``(..., 4)``."""
        return self.out(torch.tanh(self.hidden(states * self.scale)))

    def _preference(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """Logit of the second action minus that of the first, for each row of states; the weights are the moment's."""
        scale = self.scale.numpy()
        first, first_bias, last, last_bias = (p.detach().numpy() for p in self.parameters())  # views, not copies

        def preference(states: NDArray[np.float32]) -> NDArray[np.float32]:
            logits = np.tanh(states * scale @ first.T + first_bias) @ last.T + last_bias
            return logits[:, 1] - logits[:, 0]

        return preference

    def sampler(self, rng: np.random.Generator) -> Act:
        r"""Draw :math:`A\sim\pi(\cdot\mid s)` for each row of states."""
        preference = self._preference()
        # A logistic number is below x with probability 1/(1 + exp(-x)), the softmax of two logits x apart.
        return lambda states: (rng.logistic(size=len(states)) < preference(states)).astype(np.int64)

    def greedy(self) -> Act:
        r"""Take the most probable action for each row of states."""
        preference = self._preference()
        return lambda states: (preference(states) > 0).astype(np.int64)
