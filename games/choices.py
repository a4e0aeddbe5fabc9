"""Uniformly random actions of every kind: one choice, several choices at once, or continuous."""

import torch
from torch import Tensor

from games.draws import Draws, choose, sample
from games.game import GameSpec


def uniform_actions(spec: GameSpec, legal: Tensor, draws: Draws, seats: Tensor) -> Tensor:
    """Draw an action for each of n seats from its game's numbers: `[n, *action_shape]`.

    `legal [n, A]`: a choice is drawn among the legal ones of each part; numbers are uniform within `spec.bounds`.
    """
    if spec.discrete:
        return choose(legal, draws, seats)
    if spec.parts:
        chosen = [sample(part, draws.uniform(seats, draw)) for draw, part in enumerate(legal.split(spec.parts, 1))]
        return torch.stack(chosen, 1)
    low, high = torch.tensor(spec.bounds, dtype=torch.float64, device=legal.device).T
    drawn = torch.stack([draws.uniform(seats, draw) for draw in range(len(spec.bounds))], 1)
    return (low + drawn * (high - low)).float()
