"""The estimator against loops with autograd of each step, its independence of the episode that is left out."""

import pytest
import torch
from torch import Tensor

from pycode.batch_reinforce import advantages, returns_to_go, surrogate

LENGTHS = (4, 1, 6, 3)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits that need gradients, actions, rewards with rubbish beyond the ends, mask; four episodes, three actions."""
    generator = torch.Generator().manual_seed(0)
    T, N = max(LENGTHS), len(LENGTHS)
    logits = torch.randn(T, N, 3, generator=generator, dtype=torch.float64).requires_grad_()
    actions = torch.randint(3, (T, N), generator=generator)
    rewards = torch.randn(T, N, generator=generator, dtype=torch.float64)
    mask = torch.arange(T)[:, None] < torch.tensor(LENGTHS)
    rewards[~mask] = torch.nan
    return logits, actions, rewards, mask


def test_gradient_is_the_explicit_double_sum(batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    logits, actions, rewards, mask = batch

    def G(t: int, i: int) -> float:
        return sum(rewards[k, i].item() for k in range(t, LENGTHS[i]))

    expected = torch.zeros_like(logits)
    for i, T in enumerate(LENGTHS):
        for t in range(T):
            b = sum(G(t, j) for j in range(len(LENGTHS)) if j != i) / (len(LENGTHS) - 1)
            log_pi = torch.log(logits[t, i].exp() / logits[t, i].exp().sum())[actions[t, i]]
            (score,) = torch.autograd.grad(log_pi, logits)
            expected += (G(t, i) - b) * score / len(LENGTHS)
    (found,) = torch.autograd.grad(surrogate(logits, actions, rewards, mask), logits)
    assert torch.allclose(found, expected, rtol=0, atol=1e-13)
    assert (found[~mask] == 0).all()


def test_returns_are_sums_of_what_is_still_to_come(batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    _, _, rewards, mask = batch
    G_t = returns_to_go(rewards, mask)
    for i, T in enumerate(LENGTHS):
        for t in range(len(mask)):
            assert G_t[t, i].item() == pytest.approx(rewards[t:T, i].sum().item(), abs=1e-13)


@pytest.mark.parametrize("left_out", range(len(LENGTHS)))
def test_baseline_does_not_know_the_episode_it_serves(
    batch: tuple[Tensor, Tensor, Tensor, Tensor], left_out: int
) -> None:
    """Other rewards and another length of episode i leave :math:`G^i-(G^i-b^i)` where it was."""
    _, _, rewards, mask = batch
    other_rewards, other_mask = rewards.clone(), mask.clone()
    other_mask[:, left_out] = torch.arange(len(mask)) < 5
    other_rewards[:5, left_out] = 7.0
    baselines = []
    for r, lasts in ((rewards, mask), (other_rewards, other_mask)):
        baselines.append((returns_to_go(r, lasts) - advantages(r, lasts))[:, left_out])
    both = mask[:, left_out] & other_mask[:, left_out]
    assert both.any()
    assert torch.allclose(baselines[0][both], baselines[1][both], rtol=0, atol=1e-13)
    # While the others' baselines do know it.
    served = (left_out + 1) % len(LENGTHS)
    changed = advantages(rewards, mask)[0, served] - advantages(other_rewards, other_mask)[0, served]
    assert abs(changed) > 0.1


def test_equal_episodes_give_no_gradient(batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    logits, actions, rewards, _ = batch
    whole = torch.ones_like(rewards, dtype=torch.bool)
    (found,) = torch.autograd.grad(surrogate(logits, actions, torch.ones_like(rewards), whole), logits)
    assert (found == 0).all()


def test_one_episode_has_no_other() -> None:
    with pytest.raises(ValueError, match="1 episode leaves none for its baseline; give at least 2 episodes"):
        advantages(torch.ones(3, 1), torch.ones(3, 1, dtype=torch.bool))


@pytest.mark.parametrize("wrong", range(4))
def test_shapes_that_do_not_fit_are_named(batch: tuple[Tensor, Tensor, Tensor, Tensor], wrong: int) -> None:
    """One entry's first step only, as would be spread over all steps."""
    parts = [part[:1] if k == wrong else part for k, part in enumerate(batch)]
    with pytest.raises(ValueError, match=r"have shape.* \(1, 4(, 3)?\).*; give \(T, N"):
        surrogate(*parts)


@pytest.mark.parametrize("shapes", [((6, 4), (1, 4)), ((1, 4), (6, 4)), ((4,), (4,))])
def test_rewards_and_mask_have_one_shape(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rewards, mask = torch.ones(shapes[0]), torch.ones(shapes[1], dtype=torch.bool)
    for f in (returns_to_go, advantages):
        with pytest.raises(ValueError, match=r"^rewards have shape \(.*\), mask \(.*\); give \(T, N\) twice$"):
            f(rewards, mask)
