"""What a search comes to: the action to play, and the policy that a network should learn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.search.kernels import Plan
from agents.search.tree import Trees


@dataclass(frozen=True)
class Found:
    """What searches found at m roots, returns scaled to [-1, 1] and seen by whoever moves.

    visits `[m, A]` int32: the simulations that began with each action, those of earlier searches in the tree included;
    means `[m, A]` float32: their mean return, NaN without a visit; lengths `[m, A]` int32: 0, or how many moves away
    the end of a proven action is; priors `[m, A]` float32: the network's probabilities, with PUCT's noise; value `[m]`
    float32: the mean of all simulations and the network's own value, or the proven value; policy `[m, A]` float32: what
    a network should learn; actions `[m]` int64: the best, see `find`.
    """

    visits: Tensor
    means: Tensor
    lengths: Tensor
    priors: Tensor
    value: Tensor
    policy: Tensor
    actions: Tensor


def find(trees: Trees, slots: NDArray[np.int64], actions: int, plan: Plan, *, gumbel: bool) -> Found:
    """Read the roots of the trees `slots [m]`.

    Played is: a proven win, the soonest; else the rule's choice among the actions that are not proven losses (Gumbel's:
    of the greatest g + logit + sigma(q) among the most visited; PUCT's: the most visited, of equals that of the
    greatest mean, of those without a visit the likeliest); else the loss that takes longest. The policy to learn is
    Gumbel's improved policy (Danihelka et al., 2022, equation 11) or the shares of the visits, without proven losses,
    or the proven best action alone.
    """
    columns = ("visits", "mean", "length", "prior")
    visits, means, lengths, priors = (trees.edges(column, slots)[:, :actions] for column in columns)
    drawn, begun = (
        column.reshape(len(trees.used), trees.layout.width)[slots, :actions] for column in (plan.drawn, plan.begun)
    )
    legal: NDArray[np.bool_] = trees.legal(slots)[:, :actions]
    seat = trees.own("seat", slots)
    fresh, raw = visits - begun, trees.own("raw", slots)
    best, worst = trees.best[seat][:, None], -trees.best[1 - seat][:, None]
    known = lengths > 0
    settled: Any = (known & (means >= best)).any(1) | (known | ~legal).all(1)
    allowed = legal & ~(known & (means <= worst))
    if gumbel:
        q = np.where(visits > 0, means, trees.own("mixed", slots)[:, None])
        sigma = (plan.settings[0] + visits.max(1, keepdims=True)) * plan.settings[1] * q
        improved = np.where(allowed, np.log(np.maximum(priors, 1e-30)) + sigma, -np.inf)
        policy, second = np.exp(improved - np.maximum(improved.max(1, keepdims=True), -1e30)), drawn + sigma
    else:
        policy, second = fresh.astype(np.float32), np.where(visits > 0, means, priors - 3)
    policy = np.where(allowed, policy, 0)
    chosen = _greatest(np.where(allowed, fresh, -1), second)
    away = np.where(means < 0, lengths, -lengths)  # of equal returns a win comes soon and a loss late
    sure = _greatest(np.where(known, means, -np.inf), away)
    played: NDArray[np.int64] = np.where(settled, sure, chosen)
    alone = np.eye(actions, dtype=np.float32)[played]
    policy = np.where(settled[:, None] | (policy.sum(1, keepdims=True) == 0), alone, policy)
    through = visits.sum(1)
    value = (raw + (visits * means).sum(1)) / (1 + through)
    value = np.where(settled, means[np.arange(len(slots)), sure], value).astype(np.float32)
    policy /= policy.sum(1, keepdims=True)
    found = visits, np.where(visits > 0, means, np.nan), lengths, priors, value, policy.astype(np.float32), played
    return Found(*(torch.from_numpy(np.ascontiguousarray(column)) for column in found))


def _greatest(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Return where `first [m, A]` is greatest, of equals where `second` is, then the lowest: `[m]`."""
    return np.where(first == first.max(1, keepdims=True), second, -np.inf).argmax(1)
