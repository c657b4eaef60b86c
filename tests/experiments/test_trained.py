"""What the document trains: its data, its copies, its files; trained here on a few small images."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode import results
from pycode.data import digits, mnist
from pycode.data.split import Images
from pycode.experiments import trained as experiment
from pycode.experiments.trained import (
    COPIES_FOR,
    Configuration,
    digits_vae,
    examples,
    mnist_vae,
    plane_vae,
    trained,
)
from pycode.networks import VAE
from pycode.training import History, Settings
from pycode.vae import loss


def small_images(seed: int = 0, count: int = 40) -> Images:
    """Grey images of 6 x 6 pixels: a bright row and noise; the class is the row."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 6
    grey = 0.4 * torch.rand(count, 6, 6, generator=generator)
    grey[torch.arange(count), labels] += 0.5
    x = grey.flatten(1)
    return Images(x[:20], x[20:30], x[30:], labels[:20], labels[20:30], labels[30:])


SMALL = Configuration("mnist", 8, 2, Settings(epochs=6, batch=10, learning_rate=1e-2), 0)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    monkeypatch.setattr(mnist, "images", small_images)


def weights(configuration: Configuration = SMALL) -> list[Tensor]:
    return [p.clone() for p in trained(configuration).vae.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(map(torch.equal, one, other))


def test_a_finished_training_is_read_and_another_seed_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = weights()
    (file,) = (tmp_path / "checkpoints").iterdir()
    assert re.fullmatch(r"mnist-[0-9a-f]{12}-2-0\.pt", file.name)
    other = weights(replace(SMALL, seed=1))
    assert not same(first, other)
    monkeypatch.setattr(experiment, "random_affine", None)  # would be needed to train
    assert same(first, weights())


def test_it_does_not_disturb_the_chance_of_others() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    trained(SMALL)
    assert torch.equal(torch.rand(2), expected)


def test_the_validation_set_is_looked_at_now_and_then_and_at_the_end() -> None:
    history = trained(SMALL).history
    assert [epoch + 1 for epoch, entry in enumerate(history) if "validation" in entry] == [5, 6]
    assert all(entry["loss"] > 0 for entry in history)


def test_an_interrupted_training_continues_to_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = weights(replace(SMALL, seed=2))
    first = experiment.random_affine

    def interrupted(images: Tensor, generator: torch.Generator) -> Tensor:
        if generator.initial_seed() % 1_000_000 == 1:  # the copies of epochs 4 to 6
            raise KeyboardInterrupt
        return first(images, generator)

    with monkeypatch.context() as patch:
        patch.setattr(results, "RESULTS", results.RESULTS / "other")
        patch.setattr("pycode.checkpoints.SECONDS", 0.0)
        patch.setattr(experiment, "random_affine", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(replace(SMALL, seed=2))
        patch.setattr(experiment, "random_affine", first)
        asked: list[int] = []

        def counted(images: Tensor, generator: torch.Generator) -> Tensor:
            asked.append(generator.initial_seed() % 1_000_000)
            return first(images, generator)

        patch.setattr(experiment, "random_affine", counted)
        assert same(expected, weights(replace(SMALL, seed=2)))
        assert asked == [1]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"settings": Settings(epochs=7, batch=10, learning_rate=1e-2)}, "settings was"),
        ({"hidden": 9}, "hidden was 8, is 9"),
    ],
)
def test_another_configuration_is_trained_anew_and_the_old_one_set_aside(
    change: dict[str, Any], cause: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trained(SMALL)
    assert len(trained(replace(SMALL, **change)).history) == change.get("settings", SMALL.settings).epochs
    assert cause in capsys.readouterr().err
    assert len(list((tmp_path / "checkpoints").glob("mnist-*-2-0.set-aside"))) == 1


def test_other_images_are_trained_on_and_the_first_ones_training_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    first = weights()
    monkeypatch.setattr(mnist, "images", lambda: small_images(1))
    assert not same(first, weights())
    monkeypatch.setattr(mnist, "images", small_images)
    monkeypatch.setattr(experiment, "random_affine", None)  # would be needed to train
    assert same(first, weights())


@pytest.mark.parametrize("name", ["code_digest", "has_bfloat16"])
def test_other_code_or_another_processor_trains_anew(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(SMALL)
    if name == "code_digest":
        monkeypatch.setattr(results, name, lambda *modules: "other")
    else:
        monkeypatch.setattr(experiment, name, lambda: True)
    trained(SMALL)
    assert re.search(
        f"of another configuration: {name.removesuffix('_digest').removeprefix('has_')} was", capsys.readouterr().err
    )


def test_a_latent_size_of_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match="latent is 0; give at least 1"):
        trained(replace(SMALL, latent=0))


def test_unknown_data_are_an_error() -> None:
    with pytest.raises(ValueError, match="no images named 'fashion'; give mnist or digits"):
        trained(replace(SMALL, data="fashion"))


def test_images_that_are_not_numbers_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = small_images()
    spoilt.train[3, 4] = torch.nan
    monkeypatch.setattr(mnist, "images", lambda: spoilt)
    with pytest.raises(ValueError, match="nan at pixel 4 of image 3"):
        trained(SMALL)


def test_copies_are_binary_serve_some_epochs_and_differ_by_seed() -> None:
    train = small_images().train
    copies = examples(SMALL, train)
    first, second, third = copies(0), copies(COPIES_FOR - 1), copies(COPIES_FOR)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(copies(0), first)
    assert not torch.equal(examples(replace(SMALL, seed=1), train)(0), first)


def test_digits_are_trained_on_as_they_are_with_a_binomial_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    data = small_images()
    counts = data._replace(train=(16 * data.train).round(), validation=(16 * data.validation).round())
    monkeypatch.setattr(digits, "images", lambda: counts)
    configuration = replace(SMALL, data="digits")
    assert torch.equal(examples(configuration, counts.train)(3), counts.train)
    likelihood = trained(configuration).vae.decoder(torch.zeros(1, 2))
    x = torch.arange(17.0)[:, None].expand(17, 36)
    assert likelihood.log_prob(x).exp().sum(0).tolist() == pytest.approx([1.0] * 36, rel=1e-5)


def test_the_documents_configurations_have_files_of_their_own() -> None:
    named = [mnist_vae(0), mnist_vae(1), plane_vae(), digits_vae(0)]
    assert len({(c.data, c.latent, c.seed) for c in named}) == len(named)


def test_a_training_depends_on_no_figure_page_or_other_mathematics() -> None:
    """What may change without training anew: plots, text, checks, evaluation, files, progress, other models."""
    parts = {path.name for module in experiment.COMPUTING for path in results.sources(module)}
    assert parts - {"__init__.py"} == {
        "augmentation.py", "gaussian.py", "likelihoods.py", "networks.py", "training.py", "vae.py", "pixels.py",
    }  # fmt: skip


@pytest.mark.parametrize("data", ["mnist", "digits"])
def test_the_validation_loss_is_that_of_the_validation_images(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = small_images()
    counts = few._replace(train=(16 * few.train).round(), validation=(16 * few.validation).round())
    monkeypatch.setattr(digits, "images", lambda: counts)
    vae, history = trained(replace(SMALL, data=data, seed=3))
    x = counts.validation if data == "digits" else (few.validation > 0.5).float()
    eps = torch.randn(1, len(x), SMALL.latent, generator=torch.Generator().manual_seed(3))
    expected = loss(x, eps, vae.encoder, vae.decoder).mean().item()
    assert history[-1]["validation"] == pytest.approx(expected, rel=1e-5)


def test_initial_weights_and_noise_are_the_seeds_own(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: dict[int, list[Tensor]] = {}

    def start(vae: VAE, examples: Any, settings: Settings, generator: torch.Generator, *_: Any) -> History:
        starts[generator.initial_seed()] = [p.detach().clone() for p in vae.parameters()]
        return []

    monkeypatch.setattr(experiment, "train", start)
    for seed in 1, 2:
        trained(replace(SMALL, seed=seed))
    assert sorted(starts) == [1, 2]
    assert not any(map(torch.equal, starts[1], starts[2]))
