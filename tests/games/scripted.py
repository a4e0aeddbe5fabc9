"""Players whose choices look random but depend only on what they see, so that the same games can be played anywhere."""

import zlib

import numpy as np
import torch

from agents import Mixture, Random
from games import Draws, Turn


def scripted(observation, mask, salt=0):
    """Return the number of a legal action."""
    legal = np.flatnonzero(mask)
    seen = np.ascontiguousarray(observation, dtype=np.float32)
    return int(legal[zlib.crc32(seen.tobytes(), salt) % len(legal)])


class Scripted:
    """An agent that answers with `scripted`."""

    def __init__(self, salt=0):
        self.salt = salt

    def start(self, seats: torch.Tensor, draws: Draws) -> None:
        pass

    def act(self, turn: Turn) -> torch.Tensor:
        pairs = zip(turn.observation.numpy(), turn.legal.numpy(), strict=True)
        return torch.tensor([scripted(seen, legal, self.salt) for seen, legal in pairs])


class Remembering:
    """An agent that counts its moves in each game from a number drawn at the start, and whose `start` forgets."""

    def start(self, seats: torch.Tensor, draws: Draws) -> None:
        self.count = (draws.uniform(seats) * 1000).long()

    def act(self, turn: Turn) -> torch.Tensor:
        self.count[turn.memory] += 1
        return torch.tensor(
            [
                int(legal.nonzero()[count % int(legal.sum()), 0])
                for legal, count in zip(turn.legal, self.count[turn.memory].tolist(), strict=True)
            ]
        )


def mixture():
    """Return a mixture of an agent that remembers and one that does not, for three seats at most."""
    return Mixture([Remembering(), Random()], np.full((3, 2), 0.5))
