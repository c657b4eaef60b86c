"""Training by the printed loss: minibatches of one tensor, Adam, warm-up and cosine (alg:vae)."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

from pycode.vae import Decoder, Encoder, loss

History = list[dict[str, float]]
Examples = Callable[[int], Tensor]
State = dict[str, Any]


class Trainable(Protocol):
    """A torch module with the two networks, such as those of `pycode.networks` and `pycode.linear_networks`."""

    latent: int

    @property
    def encoder(self) -> Encoder:
        """Parameters of q(z | x) for x."""

    @property
    def decoder(self) -> Decoder:
        """Likelihood of x for z."""

    def parameters(self) -> Any:
        """Tensors to be trained."""

    def state_dict(self) -> Any:
        """Their values by name."""

    def load_state_dict(self, state_dict: Any, /) -> Any:
        """Take values by name."""


@dataclass(frozen=True)
class Settings:
    """How to train: passes over the data, examples in a minibatch (M), Adam's largest step size, and the share of the
    steps in which it rises to it; from there it falls to 0 along a cosine. Raises ValueError for what cannot be.
    """

    epochs: int
    batch: int = 128
    learning_rate: float = 3e-3
    warm_up: float = 0.05

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least {least}")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise ValueError(f"learning_rate is {self.learning_rate}; give a positive number")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up is {self.warm_up}; give a share of the steps, at least 0 and below 1")


def step_size(step: int, steps: int, warm_up: float) -> float:
    """Share of the largest step size that step 0, 1, ... of ``steps`` takes."""
    rise = warm_up * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    return (1 + math.cos(math.pi * (step - rise) / (steps - rise))) / 2


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16 by itself; elsewhere torch emulates it, many times slower."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class Adam:
    """Adam (Kingma and Ba 2015) for all parameters in one call, the means of gradients and squares with it.

    The numbers are those of ``torch.optim.Adam(parameters, fused=True)``, whose hooks and groups cost as much again.
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.parameters = [p for p in parameters if p.requires_grad]
        self.state = {
            "means": [torch.zeros_like(p) for p in self.parameters],
            "squares": [torch.zeros_like(p) for p in self.parameters],
            "steps": [torch.zeros(()) for _ in self.parameters],
        }

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Move the parameters."""
        means, squares, steps = (self.state[name] for name in ("means", "squares", "steps"))
        adam(
            self.parameters, list(gradients), means, squares, [], steps, fused=True, lr=learning_rate,
            beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False,
        )  # fmt: skip


def train(
    vae: Trainable,
    examples: Examples,
    settings: Settings,
    generator: torch.Generator,
    after_epoch: Callable[[int], dict[str, float]] | None = None,
    state: State | None = None,
    keep: Callable[[State], None] | None = None,
    bfloat16: bool = False,
) -> History:
    """Minimise the mean of `pycode.vae.loss` over the examples, one draw of z for each; on one thread.

    ``examples`` gives the data of epoch 0, 1, ..., (N, D_x), and the same when asked again; ``after_epoch`` gets the
    number of epochs done and gives what is to be noted beside the epoch's mean loss in nats. All other chance is the
    generator's: the same one gives the same bits, also when training was interrupted and continues from a ``state``
    that ``keep`` was given after an epoch; to be kept longer it must be copied. With ``bfloat16`` products of matrices
    are computed in it, the loss is not. Raises ValueError where there are no examples and for what is not finite.
    """
    torch.set_num_threads(1)
    optimiser = Adam(vae.parameters())
    history: History = []
    if state is not None:
        vae.load_state_dict(state["vae"])
        optimiser.state = state["optimiser"]
        generator.set_state(state["generator"])
        history = state["history"]
    for epoch in range(len(history), settings.epochs):
        x = examples(epoch)
        if len(x) == 0:
            raise ValueError("there are no examples to train on; give at least one")
        batches = torch.randperm(len(x), generator=generator).split(min(settings.batch, len(x)))
        batches = batches[: len(x) // len(batches[0])]  # the rest of an epoch, less than a batch, is left out
        total = 0.0
        for place, chosen in enumerate(batches):
            share = step_size(epoch * len(batches) + place, settings.epochs * len(batches), settings.warm_up)
            eps = torch.randn(1, len(chosen), vae.latent, generator=generator, dtype=x.dtype)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                mean_loss = loss(x.index_select(0, chosen), eps, vae.encoder, vae.decoder).mean()
            gradients = torch.autograd.grad(mean_loss, optimiser.parameters)
            optimiser.step(gradients, share * settings.learning_rate)
            total += mean_loss.item()
        if not math.isfinite(total):
            raise ValueError(
                f"the loss is {total} in epoch {epoch + 1}; look at the data, or give a smaller learning_rate"
            )
        history.append({"loss": total / len(batches)} | (after_epoch(epoch + 1) if after_epoch else {}))
        if keep:
            now = {"vae": vae.state_dict(), "optimiser": optimiser.state, "generator": generator.get_state()}
            keep(now | {"history": history})
    return history
