"""REINFORCE on CartPole: batches of complete episodes, the leave-one-out estimate, a step uphill (alg:reinforce).

All chance of a training is decided by its seed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pycode import cartpole
from pycode.batch_reinforce import surrogate
from pycode.policy_network import Policy


@dataclass(frozen=True)
class Settings:
    """How to train: units of the hidden layer, episodes in a batch (N), step size, decay of the mean square.

    Training stops after ``full_batches`` batches in a row all of whose episodes reached the cap. The policy that is
    kept played them all: in a full batch every :math:`G_t^i-b_t^i` is 0, and nothing moves. Without success
    training ends after ``limit`` steps.
    Raises ValueError for what cannot be.
    """

    hidden: int = 32
    episodes: int = 8
    learning_rate: float = 0.06
    decay: float = 0.99
    full_batches: int = 2
    limit: int = 200_000

    def __post_init__(self) -> None:
        for name, least in (("hidden", 1), ("episodes", 2), ("full_batches", 1), ("limit", 1)):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= least):
                raise ValueError(f"{name} is {value}; give a whole number, at least {least}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate is {self.learning_rate}; give a positive number")
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay is {self.decay}; give at least 0 and less than 1")


class Trained(NamedTuple):
    """A policy with what each batch of its training saw; steps are counted up to the batch's end.

    ``steps`` has all steps of the environments, ``used`` those within the batch's episodes, without the masked ones.
    """

    policy: Policy
    steps: list[int]
    used: list[int]
    returns: list[float]  # mean return of each batch
    stopped: bool  # whether the rule stopped it, not the limit


class Ascent:
    """Adam uphill without a mean of gradients: where the estimate is 0, as when all returns are equal, it rests.

    Its numbers are those of ``torch.optim.Adam(parameters, learning_rate, betas=(0, decay), maximize=True)``.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, decay: float) -> None:
        self.parameters = list(parameters)
        self.learning_rate, self.decay = learning_rate, decay
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.steps = 0

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Move the parameters, in place."""
        self.steps += 1
        for p, g, square in zip(self.parameters, gradients, self.squares, strict=True):
            square.lerp_(g * g, 1 - self.decay)
            p += self.learning_rate * g / ((square / (1 - self.decay**self.steps)).sqrt() + 1e-8)


def stops(returns: Sequence[float], full_batches: int) -> bool:
    """Whether the last ``full_batches`` batches have the mean return of the cap: all their episodes reached it."""
    last = returns[-full_batches:]
    return len(last) == full_batches and min(last) >= cartpole.HORIZON


def train(seed: int, settings: Settings) -> Trained:
    """Train a policy from nothing, looking at nothing but the returns of its own batches; on one thread.

    Raises ValueError for a seed that is negative or no integer.
    """
    if not (isinstance(seed, int) and seed >= 0):
        raise ValueError(f"seed is {seed}; give a whole number, at least 0")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    policy = Policy(settings.hidden)
    env = cartpole.make(settings.episodes)
    env.reset(seed=seed)
    act = policy.sampler(np.random.default_rng(seed))
    ascent = Ascent(policy.parameters(), settings.learning_rate, settings.decay)
    trained = Trained(policy, [], [], [], stopped=False)
    steps = used = 0
    while steps < settings.limit:
        batch = cartpole.play(env, act)
        steps += batch.mask.size
        used += int(batch.mask.sum())
        trained.steps.append(steps)
        trained.used.append(used)
        trained.returns.append(float(batch.returns.mean()))
        if stops(trained.returns, settings.full_batches):
            return trained._replace(stopped=True)
        states, actions, rewards, mask = map(torch.from_numpy, batch)
        objective = surrogate(policy(states), actions, rewards, mask)
        ascent.step(torch.autograd.grad(objective, ascent.parameters))
    return trained
