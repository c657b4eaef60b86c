"""The plain loop updates by the normalised discounted returns and learns; the benchmark has its numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from benchmarks import cartpole as benchmark
from benchmarks.plain import cartpole as plain
from pycode.experiments.cartpole import SEEDS
from pycode.reinforce_training import Settings


@contextmanager
def bar(total: int, name: str) -> Iterator[object]:
    yield lambda: None


def test_plain_update_is_the_gradient_of_the_episode() -> None:
    torch.manual_seed(0)
    policy = plain.Policy().double()
    states = torch.randn(5, 4, dtype=torch.float64)
    actions = torch.tensor([0, 1, 1, 0, 1])
    rewards = [1.0, 0.5, 2.0, 1.0, 1.0]
    G = np.array([sum(plain.GAMMA ** (k - t) * rewards[k] for k in range(t, 5)) for t in range(5)])
    weight = torch.tensor((G - G.mean()) / G.std(ddof=1))
    expected = torch.autograd.grad(-(weight * policy(states).log()[range(5), actions]).sum(), policy.parameters())
    policy.saved_log_probs = [policy(s[None]).log()[0, a][None] for s, a in zip(states, actions, strict=True)]
    policy.rewards = rewards.copy()
    before = [p.detach().clone() for p in policy.parameters()]
    plain.finish_episode(policy, torch.optim.SGD(policy.parameters(), lr=1.0))
    for p, old, g in zip(policy.parameters(), before, expected, strict=True):
        # The returns pass through float32.
        assert torch.allclose(old - p, g, rtol=1e-4, atol=1e-6)
    assert policy.rewards == policy.saved_log_probs == []


def test_plain_loop_gives_up_after_its_limit_and_the_seed_decides() -> None:
    steps, reached = plain.train(0, 300)
    assert not reached
    assert 300 <= steps < 800
    assert plain.train(0, 300) == (steps, reached)


def test_seeds_are_not_the_reported_ones() -> None:
    assert not set(benchmark.SEEDS) & set(SEEDS)


def test_measure_gives_ratios_of_time_and_of_time_per_step(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"SEEDS": range(3), "LIMIT": 200, "SETTINGS": Settings(limit=400)}
    for name, value in small.items():
        monkeypatch.setattr(benchmark, name, value)
    found = benchmark.measure(bar)
    assert set(found) == {
        "runs", "plain_solved", "speedup", "speedup_lowest", "speedup_highest", "speedup_per_step",
        "plain_cpu_s", "ours_cpu_s", "plain_steps", "ours_steps",
    }  # fmt: skip
    assert (found["runs"], found["plain_solved"]) == (3, 0)
    assert found["speedup"] == pytest.approx(found["plain_cpu_s"] / found["ours_cpu_s"])
    assert 0 < found["speedup_lowest"] <= found["speedup_highest"]
    assert found["ours_steps"] >= 400
    assert found["speedup_per_step"] > 1
