"""What may be turned or mirrored in a game without changing it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Turned = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""From a board of cells `[H, W]` to the same cells elsewhere."""

SAME: Turned = lambda board: board  # noqa: E731
MIRRORED: Turned = np.fliplr
HALF_TURN: Turned = lambda board: board[::-1, ::-1]  # noqa: E731
TRANSPOSED: Turned = np.transpose
DIAGONALS: tuple[Turned, ...] = (SAME, HALF_TURN, TRANSPOSED, lambda board: board[::-1, ::-1].T)
"""Those of a square that leave its two diagonals where they are, or exchange them."""
SQUARE: tuple[Turned, ...] = (*DIAGONALS, *(lambda board, turn=turn: np.fliplr(turn(board)) for turn in DIAGONALS))
"""All eight of a square."""


@dataclass(frozen=True)
class Symmetries:
    """The S symmetries of a game, the first of which changes nothing.

    observation `[S, size]` int64: where each number of a flattened observation is found in the original; action
    `[S, A]` int64: which of the original's actions each action is.
    """

    observation: Tensor
    action: Tensor

    def __len__(self) -> int:
        return len(self.action)

    @classmethod
    def none(cls, size: int, actions: int) -> "Symmetries":
        """Return those of a game that has none but the identity."""
        return cls(torch.arange(size)[None], torch.arange(actions)[None])

    @classmethod
    def of_board(
        cls,
        turns: Sequence[Turned],
        shape: tuple[int, ...],
        *,
        actions: Callable[[NDArray[np.int64]], Sequence[int]] = lambda board: board.reshape(-1).tolist(),
    ) -> "Symmetries":
        """Return those of a board that is seen as planes `shape` = (C, H, W).

        turns: the identity first; actions: from the board of the cells' numbers, turned, to what the actions 0 to A - 1
        are on it; every cell is one unless it is said.
        """
        planes, *side = shape
        cells = np.arange(side[0] * side[1]).reshape(side)
        boards = [np.ascontiguousarray(turn(cells)) for turn in turns]
        seen = [np.concatenate([board.reshape(-1) + plane * cells.size for plane in range(planes)]) for board in boards]
        return cls(
            torch.from_numpy(np.stack(seen)),
            torch.tensor([list(actions(board)) for board in boards], dtype=torch.int64),
        )

    def apply(self, which: Tensor, observation: Tensor, *tables: Tensor) -> tuple[Tensor, ...]:
        """Return observations `[n, *obs]` and tables over actions `[n, A]` as the symmetries `which [n]` show them."""
        flat = observation.flatten(1).gather(1, self.observation[which]).view_as(observation)
        return flat, *(table.gather(1, self.action[which]) for table in tables)
