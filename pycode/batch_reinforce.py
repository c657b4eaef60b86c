r"""REINFORCE from a batch of episodes, each one's baseline being the mean return of the others.

Arrays have shape ``(T, N)``: step t of episode i, T being the steps of the longest of N episodes. ``mask`` is true
while an episode lasts; what stands beyond its end is not used.
"""

import torch
from torch import Tensor


def returns_to_go(rewards: Tensor, mask: Tensor) -> Tensor:
    r"""Returns :math:`G_t=R_{t+1}+\dots+R_T` of each episode, 0 beyond its end, shape ``(T, N)``.

    Raises ValueError for shapes that do not fit.
    """
    if rewards.ndim != 2 or rewards.shape != mask.shape:
        raise ValueError(f"rewards have shape {(*rewards.shape,)}, mask {(*mask.shape,)}; give (T, N) twice")
    return torch.where(mask, rewards, 0).flip(0).cumsum(0).flip(0)


def advantages(rewards: Tensor, mask: Tensor) -> Tensor:
    r"""The differences :math:`G_t^i-b_t^i`, :math:`b_t^i=\frac1{N-1}\sum_{j\ne i}G_t^j`, shape ``(T, N)``.

    An episode that is over counts with :math:`G_t^j=0`. The baseline is independent of what happens in episode i and
    may depend on t, so it takes nothing off the mean (eq:baseline). Raises ValueError for fewer than two episodes
    and for shapes that do not fit.
    """
    G_t = returns_to_go(rewards, mask)
    N = rewards.shape[1]
    if N < 2:
        raise ValueError(f"leaving one out, {N} episode leaves none for its baseline; give at least 2 episodes")
    others = (G_t.sum(1, keepdim=True) - G_t) / (N - 1)
    return torch.where(mask, G_t - others, 0)


def surrogate(logits: Tensor, actions: Tensor, rewards: Tensor, mask: Tensor) -> Tensor:
    r"""A scalar whose gradient is the estimate of :math:`\nabla J`; ``logits`` has shape ``(T, N, m)``.

    .. math:: \frac1N\sum_{i=1}^N\sum_{t<T_i}(G_t^i-b_t^i)\,\log\pi(A_t^i\mid S_t^i)

    The factors before the logarithms are numbers, not functions of :math:`\theta`. On the page: ``eq:reinforce``.
    Raises ValueError for fewer than two episodes and for shapes that do not fit.
    """
    if not logits.shape[:-1] == actions.shape == rewards.shape:
        shapes = ", ".join(str((*each.shape,)) for each in (logits, actions, rewards))
        raise ValueError(f"logits, actions and rewards have shapes {shapes}; give (T, N, m), (T, N) and (T, N)")
    log_pi = logits.log_softmax(-1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    return (advantages(rewards, mask) * log_pi).sum() / rewards.shape[1]
