"""The plain loop trains the same model on the same loss, and the benchmark has the numbers that it promises."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from benchmarks import vae as benchmark
from benchmarks.plain import vae as plain
from pycode.data.split import Images
from pycode.experiments.trained import mnist_vae
from pycode.likelihoods import Bernoulli
from pycode.networks import VAE
from pycode.vae import loss


def pair() -> tuple[VAE, plain.VAE]:
    """Our networks and the plain ones with the same weights, in double precision."""
    torch.manual_seed(0)
    ours, common = VAE(16, 10, 3, Bernoulli).double(), plain.VAE(16, 10, 3).double()
    heads = ours.inference[2]
    for theirs, weight, bias in [
        (common.fc1, ours.inference[0].weight, ours.inference[0].bias),
        (common.fc21, heads.weight[:3], heads.bias[:3]),
        (common.fc22, heads.weight[3:], heads.bias[3:]),
        (common.fc3, ours.generation[0].weight, ours.generation[0].bias),
        (common.fc4, ours.generation[2].weight, ours.generation[2].bias),
    ]:
        theirs.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
    return ours, common


def test_plain_loop_has_our_loss_and_its_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, common = pair()
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(5, 16, generator=generator) > 0.5).double()
    eps = torch.randn(1, 5, 3, generator=generator, dtype=torch.float64)
    monkeypatch.setattr(torch, "randn_like", lambda std: eps[0])
    total = loss(x, eps, ours.encoder, ours.decoder).sum()
    images = x.view(5, 1, 4, 4)
    common_total = plain.loss_function(*((found := common(images))[0], images), *found[1:])
    # A few dozen terms of size ten are added up in another order.
    assert common_total.item() == pytest.approx(total.item(), rel=1e-13)
    total.backward()
    common_total.backward()
    theirs = torch.cat([common.fc21.weight.grad, common.fc22.weight.grad])
    for gradient, other in [
        (ours.inference[0].weight.grad, common.fc1.weight.grad),
        (ours.inference[2].weight.grad, theirs),
        (ours.generation[0].bias.grad, common.fc3.bias.grad),
        (ours.generation[2].weight.grad, common.fc4.weight.grad),
    ]:
        assert torch.allclose(gradient, other, rtol=1e-11, atol=1e-13)


def test_plain_loop_learns() -> None:
    torch.manual_seed(0)
    images = (torch.rand(1, 1, 4, 4) > 0.5).float().expand(300, 1, 4, 4)
    losses = plain.train(plain.VAE(16, 20, 4), images, torch.zeros(300), 10)
    # 16 bits cost 11.1 nats where nothing is known; the same ones each time need not.
    assert 10 < losses[0] < 13
    assert losses[-1] < losses[0] - 1


def test_sizes_are_those_of_the_vae_that_is_reported() -> None:
    reported = mnist_vae(0)
    assert (reported.hidden, reported.latent) == (benchmark.HIDDEN, benchmark.LATENT)
    assert reported.settings.batch == benchmark.BATCH


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Few images, few epochs; the images that our loop was given."""
    grey = torch.rand(300, 784, generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(300, dtype=torch.int64)
    data = Images(grey, grey[:2], grey[:2], labels, labels[:2], labels[:2])
    monkeypatch.setattr(benchmark.mnist, "packaged", lambda: data)
    for name, value in {"REPEATS": 2, "EPOCHS": 1, "HIDDEN": 5, "LATENT": 2}.items():
        monkeypatch.setattr(benchmark, name, value)
    return [grey]


@contextmanager
def bar(total: int, name: str) -> Iterator[object]:
    yield lambda: None


def test_measure_gives_the_speed_ups_the_rates_and_what_was_run(
    tiny: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "has_bfloat16", lambda: False)
    monkeypatch.setattr(benchmark, "BATCH", 128)
    found = benchmark.measure(bar)
    assert set(found) == {
        "repeats", "epochs", "images", "batch", "plain_images_per_cpu_s", "float32_images_per_cpu_s",
        "speedup_float32", "speedup_float32_lowest", "speedup_float32_highest",
        "speedup", "speedup_lowest", "speedup_highest",
    }  # fmt: skip
    assert found["speedup"] == found["speedup_float32"]
    assert 0 < found["speedup_lowest"] <= found["speedup"] <= found["speedup_highest"]
    assert found["images"] == 300


def test_bfloat16_and_another_batch_are_contestants_of_their_own(
    tiny: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "has_bfloat16", lambda: True)
    monkeypatch.setattr(benchmark, "BATCH", 64)
    found = benchmark.measure(bar)
    assert found["speedup"] == found["speedup_bfloat16"]
    assert {"speedup_same_batch", "same_batch_images_per_cpu_s", "bfloat16_images_per_cpu_s"} <= set(found)


def test_our_loop_sees_the_images_of_the_plain_one(tiny: list[Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[Tensor]] = {"plain": [], "ours": []}
    monkeypatch.setattr(plain, "train", lambda model, images, labels, epochs: seen["plain"].append(images))
    monkeypatch.setattr(
        benchmark, "train", lambda vae, examples, settings, generator, bfloat16: seen["ours"].append(examples(0))
    )
    benchmark.measure(bar)
    assert len(seen["plain"]) == 3 <= len(seen["ours"])
    bits = (tiny[0] > 0.5).float()
    assert all(torch.equal(x.view(300, 784), bits) for x in seen["plain"] + seen["ours"])
