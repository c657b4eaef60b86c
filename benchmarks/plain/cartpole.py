"""REINFORCE on CartPole as in the common example, pytorch/examples/reinforcement_learning: one step after another.

One environment, a torch call and a draw for each step, an update after each episode from normalised discounted
returns, Adam. Its sizes and numbers are the example's, but for the dropout, which would only cost it more steps.
"""

from collections import deque
from itertools import count

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.distributions import Categorical

HIDDEN, LEARNING_RATE, GAMMA = 128, 1e-2, 0.99


class Policy(nn.Module):
    """One hidden layer; puts out probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.affine1 = nn.Linear(4, HIDDEN)
        self.affine2 = nn.Linear(HIDDEN, 2)
        self.saved_log_probs: list[Tensor] = []
        self.rewards: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        """Probabilities of the actions."""
        return torch.softmax(self.affine2(torch.relu(self.affine1(x))), dim=1)


def select_action(policy: Policy, state: np.ndarray) -> int:
    """Draw an action and keep the logarithm of its probability."""
    probs = policy(torch.from_numpy(state).float().unsqueeze(0))
    m = Categorical(probs)
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return int(action.item())


def finish_episode(policy: Policy, optimizer: optim.Optimizer) -> None:
    """Update the policy from the episode that is over."""
    R = 0.0
    returns: deque[float] = deque()
    for r in policy.rewards[::-1]:
        R = r + GAMMA * R
        returns.appendleft(R)
    scaled = torch.tensor(returns)
    scaled = (scaled - scaled.mean()) / (scaled.std() + np.finfo(np.float32).eps.item())
    policy_loss = [-log_prob * R for log_prob, R in zip(policy.saved_log_probs, scaled, strict=True)]
    optimizer.zero_grad()
    loss = torch.cat(policy_loss).sum()
    loss.backward()
    optimizer.step()
    policy.rewards.clear()
    policy.saved_log_probs.clear()


def train(seed: int, limit: int) -> tuple[int, bool]:
    """Train until the running mean of returns is above the environment's threshold, or for about ``limit`` steps.

    Gives the steps and whether the threshold was passed.
    """
    env = gym.make("CartPole-v1")
    torch.manual_seed(seed)
    policy = Policy()
    optimizer = optim.Adam(policy.parameters(), lr=LEARNING_RATE)
    assert env.spec is not None
    assert env.spec.reward_threshold is not None
    running_reward, steps = 10.0, 0
    for episode in count():
        state, _ = env.reset(seed=seed if episode == 0 else None)
        done, ep_reward = False, 0.0
        while not done:
            state, reward, terminated, truncated, _ = env.step(select_action(policy, state))
            policy.rewards.append(float(reward))
            ep_reward += float(reward)
            done = terminated or truncated
        steps += len(policy.rewards)
        running_reward = 0.05 * ep_reward + 0.95 * running_reward
        finish_episode(policy, optimizer)
        if running_reward > env.spec.reward_threshold:
            return steps, True
        if steps >= limit:
            return steps, False
    raise AssertionError("count() does not end")
