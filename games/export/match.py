"""Games in progress, as a tool outside sees them: chance moves inside, and who does what is illegal has lost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from games.draws import Draws
from games.errors import GameError
from games.game import Game, State, concatenate


@dataclass
class Series:
    """The games of one seed, in order: each start without a seed takes the following ones."""

    seed: int | None = None
    following: int = 0

    def start(self, seed: int | None, options: Mapping[str, Any] | None, *, count: int = 1) -> tuple[int, range]:
        """Return the seed and the numbers of `count` games.

        A seed begins its series at game 0, and without any the first one is drawn from the operating system;
        `options["game"]` names the first game instead.
        """
        if seed is not None or self.seed is None:
            self.seed, self.following = np.random.SeedSequence(seed).entropy, 0  # pyright: ignore[reportAttributeAccessIssue]
        assert self.seed is not None
        first = (options or {}).get("game", self.following)
        if not isinstance(first, int) or not 0 <= first < 2**62:
            raise GameError(f"expected options['game'] to be the number of a game, 0 or more, but got {first!r}")
        self.following = first + count
        return self.seed, range(first, first + count)


class Match:
    """B games, each of them drawn from `seed` and its number in `games [B]` alone, as in `agents.play`.

    state: where they stand. moves `[B]` int64: how many moves were made, chance's included. paid `[B, P]` float64: what
    each seat has been paid. forfeited `[B]` bool: an illegal action has ended the game.
    """

    def __init__(self, game: Game, seed: int, games: range) -> None:
        self.game, self.seed = game, seed
        self._number(torch.tensor(games, device=game.device))
        self.state, self.moves = self._open(self.games)
        self.paid = self.state.rewards.clone()
        self.forfeited = torch.zeros_like(self.state.terminated)

    @property
    def terminated(self) -> Tensor:
        """`[B]` bool: the game is over, by its rules or by an illegal action."""
        return self.state.terminated | self.forfeited

    @property
    def over(self) -> Tensor:
        """`[B]` bool: the game is over or cut short."""
        return self.state.done | self.forfeited

    @property
    def acting(self) -> Tensor:
        """`[B, P]` bool: the players who must move."""
        return self.state.acting[:, : self.game.spec.players] & ~self.over[:, None]

    @property
    def draws(self) -> Draws:
        """The players' random numbers at the move that each game has come to."""
        return self._action.at(self.moves)

    def blank(self) -> Tensor:
        """Return an action of zeros for every seat: `[B, S, *action_shape]`."""
        spec = self.game.spec
        shape = (*self.state.acting.shape, *spec.action_shape)
        return torch.zeros(shape, dtype=spec.action_type, device=self.state.device)

    def proceed(self, rows: Tensor, actions: Tensor) -> None:
        """Make the moves in `actions [B, S, *action_shape]` of the games at `rows [n]`, and chance's after them."""
        if len(rows):
            state = self.state if len(rows) == len(self.state) else self.state[rows]
            state, moves = self.game.proceed(state, actions[rows], self._chance.rows(rows), self.moves[rows])
            self._put(rows, state, moves)
            self.paid[rows] += state.rewards

    def forfeit(self, rows: Tensor, seats: Tensor) -> None:
        """End the games at `rows [n]`: `seats [n]` acted illegally, so their return is the least there is."""
        least = self.game.spec.utility[0]
        if len(rows) and not math.isfinite(least):
            raise GameError(
                f"seat {int(seats[0])} of {self.game.spec.name} took an illegal action, which loses, but this game "
                "does not tell its least utility; choose among the action mask"
            )
        self.paid[rows, seats] = least
        self.forfeited[rows] = True

    def begin_again(self, rows: Tensor, games: Tensor) -> None:
        """Begin the games numbered `games [n]` at `rows [n]`."""
        self._number(self.games.index_copy(0, rows, games))
        state, moves = self._open(games)
        self._put(rows, state, moves)
        self.paid[rows] = state.rewards
        self.forfeited[rows] = False

    def _number(self, games: Tensor) -> None:
        self.games = games
        self._chance, self._action = (Draws.of(self.seed, purpose, games) for purpose in ("chance", "action"))

    def _open(self, games: Tensor) -> tuple[State, Tensor]:
        start = self.game.reset(Draws.of(self.seed, "reset", games))
        return self.game.deal(start, Draws.of(self.seed, "chance", games), torch.zeros_like(games))

    def _put(self, rows: Tensor, state: State, moves: Tensor) -> None:
        if len(rows) == len(self.state):
            self.state, self.moves = state, moves
            return
        kept = torch.ones_like(self.forfeited)
        kept[rows] = False
        others = kept.nonzero().view(-1)
        order = torch.cat([rows, others]).argsort()
        self.state = concatenate([state, self.state[others]])[order]
        self.moves = torch.cat([moves, self.moves[others]])[order]
