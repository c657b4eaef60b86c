"""REINFORCE on the short corridor step by step: an environment, an agent, a loop; and the same without numpy.

Both run the algorithm of `pycode.corridor_learning`: theta stays while an episode is played, then moves by the sum
over its steps.
"""

import math
import random
from collections.abc import Callable

import numpy as np

THETA = (1.47, -1.47)  # preferences of left and right


class ShortCorridor:
    """Three states; the actions are switched in the middle one; reward -1 a step."""

    def __init__(self) -> None:
        self.state = 0

    def reset(self) -> int:
        """Put the agent into the first state."""
        self.state = 0
        return self.state

    def step(self, action: int) -> tuple[int, float, bool]:
        """New state, reward and whether the episode has ended; action 1 is right."""
        if self.state == 1:
            self.state += -1 if action == 1 else 1
        elif action == 1:
            self.state += 1
        else:
            self.state = max(0, self.state - 1)
        return self.state, -1.0, self.state == 3


class ReinforceAgent:
    """Softmax over two linear preferences, the same features in every state; no baseline."""

    def __init__(self, alpha: float, rng: np.random.Generator) -> None:
        self.alpha, self.rng = alpha, rng
        self.theta = np.array(THETA)
        self.x = np.eye(2)  # a column for each action

    def policy(self) -> np.ndarray:
        """Probabilities of both actions."""
        h = self.theta @ self.x
        weight = np.exp(h - h.max())
        return weight / weight.sum()

    def act(self) -> int:
        """Draw an action."""
        return 1 if self.rng.random() < self.policy()[1] else 0

    def learn(self, actions: list[int], rewards: list[float]) -> None:
        """Returns backwards from the end, then one move along their sum with the scores."""
        returns = np.zeros(len(rewards))
        G = 0.0
        for t in reversed(range(len(rewards))):
            G += rewards[t]
            returns[t] = G
        expected = self.x @ self.policy()
        gradient = np.zeros(2)
        for G_t, action in zip(returns, actions, strict=True):
            gradient += G_t * (self.x[:, action] - expected)
        self.theta += self.alpha * gradient


def train(alpha: float, episodes: int, rng: np.random.Generator) -> list[float]:
    """Total return of each episode of one run."""
    environment, agent = ShortCorridor(), ReinforceAgent(alpha, rng)
    totals = []
    for _ in range(episodes):
        environment.reset()
        actions, rewards, done = [], [], False
        while not done:
            action = agent.act()
            _, reward, done = environment.step(action)
            actions.append(action)
            rewards.append(reward)
        agent.learn(actions, rewards)
        totals.append(sum(rewards))
    return totals


def train_without_numpy(alpha: float, episodes: int, draw: Callable[[], float] = random.random) -> list[float]:
    """The same with Python's own numbers, one preference, the probability once an episode, the corridor written out."""
    h = THETA[1] - THETA[0]
    totals = []
    for _ in range(episodes):
        p = 1 / (1 + math.exp(-h))
        state, actions = 0, []
        while state != 3:
            right = draw() < p
            actions.append(right)
            if state == 1:
                state = 0 if right else 2
            elif right:
                state += 1
            elif state == 2:
                state = 1
        gradient, G = 0.0, -float(len(actions))
        for right in actions:
            gradient += G * (right - p)
            G += 1
        h += 2 * alpha * gradient
        totals.append(-float(len(actions)))
    return totals
