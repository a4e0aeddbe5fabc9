"""Tic-tac-toe on bitboards: three in a row wins.

Cells, and the bits of a board:

    0 1 2
    3 4 5
    6 7 8
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from games.draws import Draws
from games.game import Game, GameSpec, State

_CELLS = 9
_FULL = (1 << _CELLS) - 1
_LINES = (0o007, 0o070, 0o700, 0o111, 0o222, 0o444, 0o421, 0o124)
_MARKS = "xo"


@dataclass(frozen=True)
class TicTacToeState(State):
    """boards `[B, 2]` int64: the cells of x and of o; history `[B]` int64: the moves made, latest in the low nibble.

    A nibble of `history` is cell + 1. Nine moves take 36 bits.
    """

    boards: Tensor
    history: Tensor


class TicTacToe(Game[TicTacToeState]):
    """Two players mark cells in turn, x first; the action is the cell.

    A seat sees two planes `[2, 3, 3]`: its own marks and the other's.
    """

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.spec = GameSpec(
            name="tic_tac_toe",
            players=2,
            actions=_CELLS,
            observation_shape=(2, 3, 3),
            utility=(-1.0, 1.0),
            max_moves=_CELLS,
            zero_sum=True,
            perfect_information=True,
        )
        boards = torch.arange(_FULL + 1)
        marked = (boards[:, None] >> torch.arange(_CELLS) & 1).bool()
        lines = torch.tensor(_LINES)
        self._planes = marked.float().to(self.device)
        self._empty = (~marked).to(self.device)
        self._wins = (boards[:, None] & lines == lines).any(-1).to(self.device)
        self._gain = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64, device=self.device)

    def reset(self, draws: Draws) -> TicTacToeState:
        """Return empty boards with x to move."""
        count = len(draws.games)
        unset = torch.zeros(count, dtype=torch.bool, device=self.device)
        return TicTacToeState(
            acting=torch.tensor([True, False], device=self.device).expand(count, 2).contiguous(),
            rewards=torch.zeros(count, 2, dtype=torch.float64, device=self.device),
            terminated=unset,
            truncated=unset,
            boards=torch.zeros(count, 2, dtype=torch.int64, device=self.device),
            history=torch.zeros(count, dtype=torch.int64, device=self.device),
        )

    def step(self, state: TicTacToeState, actions: Tensor, draws: Draws | None = None) -> TicTacToeState:
        """Mark one cell in every live row; a finished row has no acting seat, so nothing in it moves."""
        acting = state.acting
        boards = state.boards | (1 << actions) * acting
        won = self._wins.index_select(0, boards.flatten()).view(-1, 2) & acting
        terminated = state.terminated | won[:, 0] | won[:, 1] | (boards[:, 0] + boards[:, 1] == _FULL)
        nibbles = (actions + 1) * acting
        return TicTacToeState(
            acting=(acting | terminated[:, None]).logical_not_(),
            rewards=won.double() @ self._gain,
            terminated=terminated,
            truncated=state.truncated,
            boards=boards,
            history=state.history << 4 * ~state.terminated | nibbles[:, 0] + nibbles[:, 1],
        )

    def legal(self, state: TicTacToeState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the empty cells `[n, 9]`."""
        boards = state.boards.index_select(0, rows)
        return self._empty.index_select(0, boards[:, 0] + boards[:, 1])

    def observe(self, state: TicTacToeState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the seat's own marks and the other's `[n, 2, 3, 3]`."""
        own = 2 * rows + seats
        boards = state.boards.flatten().index_select(0, torch.stack((own, own ^ 1), 1).flatten())
        return self._planes.index_select(0, boards).view(-1, 2, 3, 3)

    def draw(self, state: TicTacToeState, row: int) -> str:
        """Return the board as three lines of `x`, `o` and `.`."""
        x, o = (int(board) for board in state.boards[row])
        cells = ["x" if x >> cell & 1 else "o" if o >> cell & 1 else "." for cell in range(_CELLS)]
        return "\n".join("".join(cells[start : start + 3]) for start in (0, 3, 6))

    def information_state(self, state: TicTacToeState, row: int, seat: int) -> str:
        """List the cells marked so far, earliest first: `"4, 0, 8"`."""
        history = int(state.history[row])
        nibbles = [history >> shift & 15 for shift in range(4 * (_CELLS - 1), -1, -4)]
        return ", ".join(str(nibble - 1) for nibble in nibbles if nibble)

    def action_name(self, seat: int, action: int) -> str:
        """Name a move as OpenSpiel does: mark, row, column."""
        return f"{_MARKS[seat]}({action // 3},{action % 3})"
