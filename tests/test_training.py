"""Training minimises the printed loss, gives the same bits for the same seed, and continues where it stopped."""

import math
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from pycode import training
from pycode.likelihoods import Bernoulli
from pycode.linear_networks import LinearNetworks
from pycode.networks import VAE
from pycode.training import Adam, History, Settings, step_size, train
from pycode.vae import loss

SETTINGS = Settings(epochs=6, batch=50, learning_rate=1e-2)


def data(epoch: int) -> Tensor:
    """Bits of which the two halves agree, others in each epoch."""
    half = (torch.rand(120, 8, generator=torch.Generator().manual_seed(epoch)) > 0.5).float()
    return torch.cat([half, half], -1)


def start() -> VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VAE(16, 10, 4, Bernoulli)


class Memory:
    """The last state, copied."""

    def __init__(self) -> None:
        self.state: dict[str, Any] | None = None

    def keep(self, state: dict[str, Any]) -> None:
        self.state = _copy(state)


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {name: _copy(entry) for name, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value


def run(seed: int = 1, **options: Any) -> tuple[VAE, History]:
    vae = start()
    return vae, train(vae, data, SETTINGS, torch.Generator().manual_seed(seed), **options)


def same(one: VAE, other: VAE) -> bool:
    return all(torch.equal(p, q) for p, q in zip(one.parameters(), other.parameters(), strict=True))


def test_the_loss_falls_below_what_independent_bits_cost() -> None:
    vae = start()
    train(vae, data, Settings(epochs=150, batch=20, learning_rate=1e-2), torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = data(1000)
        cost = loss(x, torch.randn(1, 120, 4), vae.encoder, vae.decoder).mean()
    # 16 fair bits cost 11.1 nats; four latents can carry what eight of them share, at less.
    assert cost < 10.8


def test_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    (first, noted), (again, noted_again), (other, _) = run(), run(), run(seed=2)
    assert same(first, again)
    assert noted == noted_again
    assert not same(first, other)


@pytest.mark.parametrize("stopped_after", [1, 4, 5])
def test_an_interrupted_training_continues_to_the_same_bits(stopped_after: int) -> None:
    memory = Memory()

    def stop(epoch: int) -> dict[str, float]:
        if epoch == stopped_after + 1:
            raise KeyboardInterrupt
        return {"epoch": epoch}

    with pytest.raises(KeyboardInterrupt):
        run(keep=memory.keep, after_epoch=stop)
    assert memory.state is not None
    assert len(memory.state["history"]) == stopped_after
    continued, history = run(state=memory.state, after_epoch=lambda epoch: {"epoch": epoch})
    whole, whole_history = run(after_epoch=lambda epoch: {"epoch": epoch})
    assert same(continued, whole)
    assert history == whole_history


def test_a_finished_training_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    finished, history = run(keep=memory.keep)
    monkeypatch.setattr(training, "loss", None)
    read, history_read = run(state=memory.state)
    assert same(finished, read)
    assert history_read == history


class Spy:
    """The loss, which notes what it is given and what it gives."""

    def __init__(self) -> None:
        self.x: list[Tensor] = []
        self.eps: list[Tensor] = []
        self.means: list[float] = []

    def __call__(self, x: Tensor, eps: Tensor, *networks: Any) -> Tensor:
        losses = loss(x, eps, *networks)
        self.x.append(x)
        self.eps.append(eps)
        self.means.append(losses.mean().item())
        return losses


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy()
    monkeypatch.setattr(training, "loss", spy)
    return spy


def test_each_epoch_sees_its_own_data_and_each_example_once_in_an_order_of_its_own(spy: Spy) -> None:
    asked: list[int] = []

    def numbered(epoch: int) -> Tensor:
        asked.append(epoch)
        return (torch.arange(120) + 1000 * epoch).float()[:, None].expand(120, 16) / 1e4

    train(start(), numbered, Settings(epochs=3, batch=50), torch.Generator().manual_seed(0))
    assert asked == [0, 1, 2]
    # 120 examples are two batches of 50; the 20 that are left over differ from epoch to epoch.
    assert [len(x) for x in spy.x] == [50] * 6
    orders = []
    for epoch in asked:
        numbers = torch.cat(spy.x[2 * epoch : 2 * epoch + 2])[:, 0].mul(1e4).round().int() - 1000 * epoch
        orders.append(numbers.tolist())
        assert len(set(orders[-1])) == 100
        assert 0 <= numbers.min() <= numbers.max() < 120
        assert orders[-1] != sorted(orders[-1])
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert not set(orders[0]) == set(orders[1]) == set(orders[2])


def test_each_example_of_each_batch_has_noise_of_its_own(spy: Spy) -> None:
    run()
    assert [eps.shape for eps in spy.eps] == [(1, 50, 4)] * 12
    noise = torch.cat(spy.eps, 1)[0]
    assert len(noise.unique(dim=0)) == 600
    assert noise.unique(dim=1).shape == (600, 4)


def test_noted_loss_is_the_mean_over_the_epochs_batches(spy: Spy) -> None:
    _, history = run()
    means = [sum(spy.means[2 * epoch : 2 * epoch + 2]) / 2 for epoch in range(6)]
    assert [entry["loss"] for entry in history] == pytest.approx(means, rel=1e-6)


def test_training_is_on_one_thread() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert torch.get_num_threads() == 2
        train(start(), data, Settings(epochs=1), torch.Generator())
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_fewer_examples_than_a_batch_are_one_batch() -> None:
    history = train(start(), data, Settings(epochs=1, batch=1000), torch.Generator().manual_seed(0))
    assert len(history) == 1


def test_step_size_rises_in_a_line_and_falls_along_a_cosine() -> None:
    shares = [step_size(step, 100, 0.2) for step in range(100)]
    assert shares[:20] == pytest.approx([(step + 1) / 21 for step in range(20)])
    assert shares[20] == max(shares) == 1
    assert shares[60] == pytest.approx(0.5)
    assert shares[99] < 1e-3
    assert step_size(0, 10, 0) == 1


def test_first_step_is_adams_with_the_warm_up_share() -> None:
    """Adam's first step has the length of the step size in every weight with a gradient, whatever the gradient."""
    before, after = start(), start()
    settings = Settings(epochs=1, batch=120, learning_rate=0.01, warm_up=0.5)
    train(after, data, settings, torch.Generator().manual_seed(0))
    share = step_size(0, 1, 0.5)
    moves = torch.cat([(p - q).abs().flatten() for p, q in zip(before.parameters(), after.parameters(), strict=True)])
    assert moves.median().item() == pytest.approx(0.01 * share, rel=1e-3)


def test_step_sizes_of_all_epochs_are_one_warm_up_and_one_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[float] = []
    step = Adam.step

    def spy(self: Adam, gradients: Any, learning_rate: float) -> None:
        taken.append(learning_rate)
        step(self, gradients, learning_rate)

    monkeypatch.setattr(training.Adam, "step", spy)
    settings = Settings(epochs=3, batch=30, learning_rate=0.01, warm_up=0.4)
    train(start(), data, settings, torch.Generator().manual_seed(0))
    assert taken == pytest.approx([0.01 * step_size(i, 12, 0.4) for i in range(12)], rel=1e-12)


def test_adam_is_torchs_fused_one_to_the_last_bit() -> None:
    ours, torchs = start(), start()
    steps = [0.01, 0.03, 0.001]
    adam, reference = Adam(ours.parameters()), torch.optim.Adam(torchs.parameters(), fused=True)
    generator = torch.Generator().manual_seed(0)
    for step in steps:
        gradients = [torch.randn(p.shape, generator=generator) for p in ours.parameters()]
        adam.step(gradients, step)
        for parameter, gradient in zip(torchs.parameters(), gradients, strict=True):
            parameter.grad = gradient
        reference.param_groups[0]["lr"] = step
        reference.step()
    assert same(ours, torchs)


def test_a_weight_that_asks_for_no_gradient_is_left_as_it_is() -> None:
    before, after = start(), start()
    after.generation[2].bias.requires_grad_(False)
    train(after, data, SETTINGS, torch.Generator().manual_seed(0))
    assert torch.equal(before.generation[2].bias, after.generation[2].bias)
    assert not torch.equal(before.generation[2].weight, after.generation[2].weight)


def test_bfloat16_changes_the_products_alone() -> None:
    """Weights stay in float32; losses differ by the eight bits of bfloat16's fraction."""
    (exact, losses), (rounded, rounded_losses) = run(), run(bfloat16=True)
    assert {p.dtype for p in rounded.parameters()} == {torch.float32}
    assert not same(exact, rounded)
    for entry, other in zip(losses, rounded_losses, strict=True):
        assert other["loss"] == pytest.approx(entry["loss"], rel=2**-7)


def test_linear_networks_train_in_double_precision() -> None:
    networks = LinearNetworks(16, 3).double()
    train(networks, lambda epoch: data(epoch).double(), SETTINGS, torch.Generator().manual_seed(0))
    assert {p.dtype for p in networks.parameters()} == {torch.float64}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs is 0; give at least 1"),
        ({"batch": -1}, "batch is -1; give at least 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a positive number"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; give a positive number"),
        ({"warm_up": 1.0}, "warm_up is 1.0; give a share of the steps"),
    ],
)
def test_settings_that_cannot_be_are_errors(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**{"epochs": 1} | change)


def test_data_that_are_not_numbers_are_an_error() -> None:
    with pytest.raises(ValueError, match="finite"):
        train(start(), lambda epoch: data(epoch) / 0, SETTINGS, torch.Generator())


class NoNumber(NamedTuple):
    """A likelihood that is nan for every x."""

    logits: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        return (self.logits + x) * math.nan

    @property
    def mean(self) -> Tensor:
        return self.logits


def test_a_loss_that_is_no_number_is_an_error() -> None:
    """In the only step: before a second one the networks would themselves raise."""
    with pytest.raises(ValueError, match="the loss is nan in epoch 1; look at the data, or give a smaller"):
        train(VAE(16, 10, 4, NoNumber), data, Settings(epochs=1, batch=120), torch.Generator())


def test_no_examples_are_an_error() -> None:
    with pytest.raises(ValueError, match="there are no examples"):
        train(start(), lambda epoch: torch.zeros(0, 16), SETTINGS, torch.Generator())
