"""The check of the leave-one-out estimator fails where baseline, returns or exact gradient are spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode import batch_reinforce, policy_gradient
from pycode.batch_reinforce import advantages
from pycode.checks import cartpole as checks


def baseline_with_its_own_episode(rewards: Tensor, mask: Tensor) -> Tensor:
    """The mean over all episodes, which depends on the actions that it is taken off."""
    G_t = batch_reinforce.returns_to_go(rewards, mask)
    return torch.where(mask, G_t - G_t.mean(1, keepdim=True), 0)


def only_while_all_last(rewards: Tensor, mask: Tensor) -> Tensor:
    """Differences only while all episodes last, so whether a step counts depends on the episode itself."""
    return torch.where(mask.all(1, keepdim=True), advantages(rewards, mask), 0)


def rewards_so_far(rewards: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, rewards, 0).cumsum(0)


@pytest.mark.parametrize(
    ("module", "formula", "spoilt"),
    [
        (batch_reinforce, "advantages", baseline_with_its_own_episode),
        (batch_reinforce, "advantages", only_while_all_last),
        (batch_reinforce, "returns_to_go", rewards_so_far),
        (checks, "theorem_sum", policy_gradient.on_policy_mean),
    ],
)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, module: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(module, formula, spoilt)
    assert not checks.estimator().passed


def test_passes_as_it_is() -> None:
    assert checks.estimator().passed
