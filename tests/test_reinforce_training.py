"""A training's step, stop rule and bookkeeping, and that a tuning seed learns."""

import numpy as np
import pytest
import torch

from pycode import cartpole, reinforce_training
from pycode.policy_network import Policy
from pycode.reinforce_training import Ascent, Settings, stops, train

SEED = 0  # one of those on which the settings were chosen


def test_ascent_is_adam_without_mean_of_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(3, 2, generator=generator), torch.randn(2, generator=generator)]
    theirs = [p.clone().requires_grad_() for p in ours]
    ascent = Ascent(ours, 0.05, 0.9)
    adam = torch.optim.Adam(theirs, lr=0.05, betas=(0.0, 0.9), maximize=True)
    for _ in range(5):
        gradients = [torch.randn(p.shape, generator=generator) for p in ours]
        ascent.step(gradients)
        for p, g in zip(theirs, gradients, strict=True):
            p.grad = g.clone()
        adam.step()
    for p, other in zip(ours, theirs, strict=True):
        assert torch.allclose(p, other.detach(), rtol=1e-5, atol=1e-6)


def test_ascent_rests_where_the_estimate_is_zero() -> None:
    p = torch.ones(3)
    ascent = Ascent([p], 0.05, 0.9)
    ascent.step([torch.ones(3)])
    before = p.clone()
    ascent.step([torch.zeros(3)])
    assert torch.equal(p, before)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([500.0, 500.0], True),
        ([20.0, 500.0, 500.0], True),
        ([500.0], False),
        ([500.0, 499.9, 500.0], False),
        ([500.0, 500.0, 499.9], False),
        ([], False),
    ],
)
def test_training_stops_after_two_full_batches_in_a_row(seen: list[float], expected: bool) -> None:
    assert stops(seen, 2) is expected


def test_a_tuning_seed_learns_and_its_books_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    play = cartpole.play

    def noted(*arguments: object, **options: object) -> cartpole.Batch:
        batches.append(play(*arguments, **options))
        return batches[-1]

    monkeypatch.setattr(reinforce_training.cartpole, "play", noted)
    trained = train(SEED, Settings())
    assert trained.stopped
    assert trained.returns == [pytest.approx(batch.mask.sum() / 8) for batch in batches]
    assert trained.used == list(np.cumsum([batch.rewards.sum() for batch in batches]))
    assert trained.steps == list(np.cumsum([8 * len(batch.mask) for batch in batches]))
    assert trained.returns[0] < 60
    assert trained.returns[-2:] == [500, 500]
    assert cartpole.returns(trained.policy.greedy(), 20, [SEED, 1]).mean() > 400


def test_a_full_batch_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cap that each episode reaches the weights stay where they started, for the batches that the rule asks."""
    monkeypatch.setattr(reinforce_training.cartpole, "HORIZON", 5)
    make = cartpole.make
    monkeypatch.setattr(reinforce_training.cartpole, "make", lambda count: make(count, 5))
    torch.manual_seed(SEED)
    start = Policy(Settings().hidden)
    trained = train(SEED, Settings(full_batches=3))
    assert trained.returns == [5, 5, 5]
    for p, q in zip(start.parameters(), trained.policy.parameters(), strict=True):
        assert torch.equal(p, q)


def test_the_seed_decides_all_chance_and_the_limit_ends_it() -> None:
    first, again, other = (train(seed, Settings(limit=400)) for seed in (SEED, SEED, SEED + 1))
    assert not first.stopped
    assert first.steps[-1] >= 400 > first.steps[-2]
    assert (first.steps, first.returns) == (again.steps, again.returns)
    assert first.returns != other.returns
    for p, q in zip(first.policy.parameters(), again.policy.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"episodes": 1}, "episodes is 1; give a whole number, at least 2"),
        ({"full_batches": 0}, "full_batches is 0; give a whole number, at least 1"),
        ({"hidden": 0}, "hidden is 0"),
        ({"episodes": 2.5}, "episodes is 2.5; give a whole number, at least 2"),
        ({"hidden": 1.5}, "hidden is 1.5; give a whole number, at least 1"),
        ({"limit": float("nan")}, "limit is nan; give a whole number, at least 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a positive number"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"decay": 1.0}, "decay is 1.0; give at least 0 and less than 1"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_seeds_that_cannot_be_are_named(seed: int) -> None:
    with pytest.raises(ValueError, match=f"^seed is {seed}; give a whole number, at least 0$"):
        train(seed, Settings(limit=1))
