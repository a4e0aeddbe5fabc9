"""Games in normal form: every seat chooses once, all at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from games.about import About
from games.draws import Draws
from games.entry import Entry
from games.errors import GameError
from games.game import Game, GameSpec, State
from games.matrices.pictures import Bimatrix
from games.names import Name, shorten
from games.svg import text_picture

NOTHING_TO_SEE = "the constant 1: there is nothing to see before the move"

_WIDEST = 8
"""Rows and columns up to which a table is shown whole."""
_LONGEST = 32
"""Joint actions of more than two seats up to which they are listed."""


@dataclass(frozen=True)
class MatrixState(State):
    """played `[B, P]` int64: each seat's action, -1 before it is chosen."""

    played: Tensor


class MatrixGame(Game[MatrixState]):
    """One simultaneous move of P seats, paid by a table.

    payoffs: `[A1, ..., AP, P]`, what each seat is paid for each joint action; or `[A1, A2]`, what the row seat is paid
        in a zero-sum game of two. Kept as float64, bit for bit.
    name: what `games.make` calls it; without one, the `matrix(payoffs=...)` that makes the same game.
    action_names: one list of names for all seats, or one list a seat; without any, the actions' numbers.

    A seat with fewer actions than another has the rest masked as illegal. An observation is the constant 1.
    """

    def __init__(
        self,
        payoffs: ArrayLike,
        *,
        name: str | None = None,
        action_names: Sequence[str] | Sequence[Sequence[str]] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        table = _table(payoffs)
        *counts, players = table.shape
        self.payoffs = table
        self._flat = torch.tensor(table.reshape(-1, players), device=self.device)
        self._strides = torch.tensor([int(np.prod(counts[seat + 1 :])) for seat in range(players)], device=self.device)
        self._legal = torch.arange(max(counts), device=self.device) < torch.tensor(counts, device=self.device)[:, None]
        self.action_names = _action_names(action_names, counts)
        self.spec = GameSpec(
            name=name or str(Name("matrix", arguments={"payoffs": table.tolist()})),
            players=players,
            actions=max(counts),
            observation_shape=(1,),
            utility=(float(table.min()), float(table.max())),
            max_moves=1,
            zero_sum=bool(np.abs(table.sum(-1)).max() <= 1e-12 * np.abs(table).max()),
            symmetric=_is_symmetric(table),
        )

    def reset(self, draws: Draws) -> MatrixState:
        """Return the game with every seat to choose."""
        count, players = len(draws), self.spec.players
        unset = torch.zeros(count, dtype=torch.bool, device=self.device)
        return MatrixState(
            acting=torch.ones(count, players, dtype=torch.bool, device=self.device),
            rewards=torch.zeros(count, players, dtype=torch.float64, device=self.device),
            terminated=unset,
            truncated=unset,
            played=torch.full((count, players), -1, device=self.device),
        )

    def step(self, state: MatrixState, actions: Tensor, draws: Draws | None = None) -> MatrixState:
        """Pay every seat its entry of the joint action."""
        over = state.terminated[:, None]
        played = torch.where(over, state.played, actions)
        rewards = self._flat[(played * self._strides).sum(1)]
        return MatrixState(
            acting=torch.zeros_like(state.acting),
            rewards=rewards.masked_fill(over, 0.0),
            terminated=torch.ones_like(state.terminated),
            truncated=state.truncated,
            played=played,
        )

    def legal(self, state: MatrixState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return each seat's own actions `[n, A]`."""
        return self._legal[seats]

    def observe(self, state: MatrixState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return ones `[n, 1]`: there is nothing to see before the move."""
        return torch.ones(len(rows), 1, device=state.device)

    def draw(self, state: MatrixState, row: int) -> str:
        """Return the table of payoffs, or once it is played the joint action and what it paid."""
        return self._outcome(tuple(state.played[row].tolist())) if state.terminated[row] else self._table_as_text()

    def svg(self, state: MatrixState, row: int) -> str:
        """Return the table of payoffs as a picture, the cell that was played marked."""
        if not self._fits:
            return text_picture(self.draw(state, row))
        played = state.played[row].tolist() if state.terminated[row] else None
        return self._bimatrix.svg(title=self.draw(state, row), chosen=played)

    def information_state(self, state: MatrixState, row: int, seat: int) -> str:
        """Return OpenSpiel's words: who looks, and the joint action once it is played."""
        if not state.terminated[row]:
            return f"Observing player: {seat}. Non-terminal"
        history = ", ".join(str(action) for action in state.played[row].tolist())
        return f"Observing player: {seat}. Terminal. History string: {history}"

    def action_name(self, seat: int, action: int) -> str:
        """Name one action as given at construction, else by its number."""
        names = self.action_names[seat]
        return names[action] if action < len(names) else str(action)

    @property
    def _fits(self) -> bool:
        return self.spec.players == 2 and self.spec.actions <= _WIDEST

    @property
    def _bimatrix(self) -> Bimatrix:
        cells = [[(f"{own:g}", f"{other:g}") for own, other in line] for line in self.payoffs.tolist()]
        rows, columns = self.action_names
        return Bimatrix(rows, columns, cells)

    def _table_as_text(self) -> str:
        if self._fits:
            return self._bimatrix.text()
        counts = self.payoffs.shape[:-1]
        if self.spec.players > 2 and np.prod(counts) <= _LONGEST:
            return "\n".join(map(self._outcome, np.ndindex(*counts)))
        low, high = self.spec.utility
        return f"{' x '.join(map(str, counts))} actions, payoffs from {low:g} to {high:g}"

    def _outcome(self, joint: tuple[int, ...]) -> str:
        """Return a joint action and what it pays: `"Rock, Paper: -1, 1"`."""
        names = ", ".join(self.action_names[seat][action] for seat, action in enumerate(joint))
        return f"{names}: {', '.join(f'{paid:g}' for paid in self.payoffs[joint].tolist())}"


def _matrix(*, payoffs: list[Any], device: torch.device | str = "cpu") -> MatrixGame:
    """Return a matrix game whose name holds its payoffs."""
    return MatrixGame(payoffs, device=device)


def _table(payoffs: ArrayLike) -> np.ndarray:
    """Return payoffs as `[A1, ..., AP, P]` float64, or raise `GameError`."""
    try:
        table = np.array(payoffs, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise GameError(
            f"payoffs must be an array of numbers, rows of equal length, but got {shorten(repr(payoffs))}; "
            "write for example payoffs=[[1, -1], [-1, 1]]"
        ) from None
    if table.ndim == 2:
        table = np.stack((table, 0.0 - table), axis=-1)
    if table.ndim < 2 or table.size == 0 or table.shape[-1] != table.ndim - 1:
        raise GameError(
            "payoffs must have shape [A1, A2], or [A1, ..., AP, P] for P seats, none of them empty, "
            f"but got shape {shorten(str(list(np.shape(payoffs))))}; add the last dimension with "
            "each seat's payoff, which np.moveaxis(payoffs, 0, -1) brings there from the first"
        )
    if not np.isfinite(table).all():
        raise GameError("payoffs must be finite numbers but some are infinite or not a number; replace those")
    table.setflags(write=False)
    return table


def _is_symmetric(table: np.ndarray) -> bool:
    """Tell whether exchanging any two neighbouring seats, and so any permutation, leaves the game the same."""
    *counts, players = table.shape
    if len(set(counts)) > 1:
        return False
    for seat in range(players - 1):
        order = list(range(players))
        order[seat], order[seat + 1] = seat + 1, seat
        if not np.array_equal(table.swapaxes(seat, seat + 1)[..., order], table):
            return False
    return True


def _action_names(names: Sequence[str] | Sequence[Sequence[str]] | None, counts: list[int]) -> list[list[str]]:
    """Return one list of action names a seat: without any, the actions' numbers."""
    if names is None:
        return [list(map(str, range(count))) for count in counts]
    lists = [list(seat) for seat in names if not isinstance(seat, str)] or [list(map(str, names))] * len(counts)
    if [len(seat) for seat in lists] != counts:
        raise GameError(
            f"action_names must hold {shorten(str(counts))} names, one list a seat, "
            f"but got lists of {shorten(str([len(seat) for seat in lists]))}; name every action once"
        )
    return lists


GAMES = {
    "matrix": Entry(
        factory=_matrix,
        example="matrix(payoffs=[[3, 0], [5, 1]])",
        about=About(
            summary="one simultaneous move, paid by a table",
            rules="Every seat chooses an action at the same time and is paid the table's entry for the joint action. "
            "payoffs is [A1, A2], what the row seat of a zero-sum game is paid, or [A1, ..., AP, P] for any "
            "game of P seats.",
            observation=NOTHING_TO_SEE,
            actions="the row, the column, ... of the table",
            known="every game of this kind has an equilibrium in mixed strategies",
            sources=('J. Nash, "Equilibrium points in n-person games", PNAS 36, 1950',),
        ),
    ),
}
