r"""Check of the estimator that learns CartPole, on a process whose gradient is known."""

import numpy as np
import torch
from torch import Tensor

from pycode.batch_reinforce import surrogate
from pycode.check import Check
from pycode.corridor import corridor
from pycode.policy_gradient import softmax_policy, theorem_sum
from pycode.rollouts import Step, episodes

BATCHES, N = 2_000, 2


def _tables(steps: list[Step]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, actions, rewards and mask of episodes in step with each other, shape (T, count) each."""
    shape = (len(steps), len(steps[0].episode))
    states, actions = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    rewards, mask = np.zeros(shape), np.zeros(shape, dtype=bool)
    for t, (episode, s_t, a_t, r_tp1) in enumerate(steps):
        states[t, episode], actions[t, episode], rewards[t, episode], mask[t, episode] = s_t, a_t, r_tp1, True
    return torch.from_numpy(states), torch.from_numpy(actions), torch.from_numpy(rewards), torch.from_numpy(mask)


def estimator() -> Check:
    r"""CartPole's leave-one-out estimate, on the short corridor: its mean over 2,000 batches of 2 against the theorem.

    The policy is the uniform softmax policy, as a table of logits through the code that learns CartPole.
    """
    torch.set_num_threads(1)
    mdp = corridor()
    theta = torch.zeros(mdp.exit.shape, dtype=torch.float64, requires_grad=True)
    exact = theorem_sum(mdp, theta.detach().numpy())
    pi = softmax_policy(theta.detach().numpy())
    tables = _tables(episodes(mdp, pi, BATCHES * N, np.random.default_rng(0)))
    estimates = np.empty((BATCHES, *exact.shape))
    for batch in range(BATCHES):
        states, actions, rewards, mask = (table[:, batch * N : (batch + 1) * N] for table in tables)
        T = int(mask.any(1).sum())
        objective = surrogate(theta[states[:T]], actions[:T], rewards[:T], mask[:T])
        estimates[batch] = torch.autograd.grad(objective, theta)[0].numpy()
    error = estimates.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    distance = float((abs(estimates.mean(axis=0) - exact) / error).max())
    return Check(distance, 5.0, 0.0, "standard errors: by chance one of three is more than 5 once in 580,000", "<=")
