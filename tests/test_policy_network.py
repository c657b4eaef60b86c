"""The policy acts by the probabilities that its gradient is taken of."""

import numpy as np
import pytest
import torch

from pycode.policy_network import SCALE, Policy

DRAWS = 20_000


def policy() -> Policy:
    torch.manual_seed(3)
    return Policy(7)


def test_logits_are_a_layer_of_tanh_by_hand() -> None:
    network = policy()
    state = np.array([0.3, -1.0, 0.1, 0.7])
    W, b, V, c = (p.detach().double().numpy() for p in network.parameters())
    expected = [
        sum(V[a, j] * np.tanh(sum(W[j, k] * SCALE[k] * state[k] for k in range(4)) + b[j]) for j in range(7)) + c[a]
        for a in range(2)
    ]
    # float32: a few units of 6e-8 of sums of size 1.
    assert network(torch.tensor(state, dtype=torch.float32)).tolist() == pytest.approx(expected, abs=1e-6)


def test_actions_are_drawn_with_their_probabilities() -> None:
    network = policy()
    states = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    right = network(torch.from_numpy(states)).softmax(-1)[:, 1].detach().numpy()
    assert np.ptp(right) > 0.1
    drawn = network.sampler(np.random.default_rng(1))(np.repeat(states, DRAWS, axis=0)).reshape(5, DRAWS)
    error = np.sqrt(right * (1 - right) / DRAWS)
    assert (abs(drawn.mean(axis=1) - right) < 4 * error).all()


def test_greedy_action_has_the_larger_logit() -> None:
    network = policy()
    states = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    expected = network(torch.from_numpy(states)).argmax(-1).numpy()
    assert set(expected) == {0, 1}
    assert np.array_equal(network.greedy()(states), expected)


def test_a_sampler_follows_the_weights() -> None:
    network = policy()
    act = network.sampler(np.random.default_rng(0))
    for action, bias in ((0, [50.0, -50.0]), (1, [-50.0, 50.0])):
        with torch.no_grad():
            network.out.bias.copy_(torch.tensor(bias))
        assert (act(np.zeros((9, 4), np.float32)) == action).all()


def test_a_layer_has_units() -> None:
    with pytest.raises(ValueError, match="hidden is 0; give at least 1 unit"):
        Policy(0)
