"""What self-play teaches, and the window of it that is learned from."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Lessons:
    """n positions in which the learner moved.

    observation `[n, *obs]`: uint8 where observations are bits, else float32; legal `[n, A]` bool; policy `[n, A]`
    float32: what the search says of the moves, all zero where it was too short to teach; outcome `[n]` float32: what
    whoever moved was still paid of the game's return, scaled to [-1, 1]; value `[n]` float32: what the search expected.
    """

    observation: Tensor
    legal: Tensor
    policy: Tensor
    outcome: Tensor
    value: Tensor

    def __len__(self) -> int:
        return len(self.outcome)

    def rows(self, rows: Tensor | slice) -> "Lessons":
        """Return the lessons at `rows`."""
        return Lessons(*(column[rows] for column in self.columns().values()))

    def columns(self) -> dict[str, Tensor]:
        """Return the columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def join(cls, parts: list["Lessons"]) -> "Lessons":
        """Return the lessons of all parts, in order."""
        names = [field.name for field in fields(cls)]
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def window(total: int, *, least: int, exponent: float = 0.75) -> int:
    """Return how many of the newest lessons are learned from after `total` have been seen.

    All of the first `least`, and then less and less of what there is: least * (1 + ((total / least)^a - 1) / a), as
    D. J. Wu, "Accelerating self-play learning in Go", 2019, appendix C, with beta 1.
    """
    if total <= least:
        return total
    return min(total, int(least * (1 + ((total / least) ** exponent - 1) / exponent)))
