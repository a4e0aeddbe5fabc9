"""One seat of B games against fixed opponents: what a single learner outside sees."""

from collections.abc import Sequence

import torch
from torch import Tensor

from games.errors import GameError
from games.export.match import Match
from games.export.opponents import Agent, seat_opponents
from games.export.spaces import allowed, idle
from games.game import Game


class Seat:
    """Plays `seat` of a batch of games, whose opponents and chance move inside.

    observation `[B, *observation_shape]` float32 and legal `[B, A]` bool are what it sees and may do; where the game is
    over and nothing is to choose, action 0, and any action is ignored.
    """

    match: Match
    observation: Tensor
    legal: Tensor

    def __init__(self, game: Game, seat: int, opponents: Agent | Sequence[Agent] | None) -> None:
        if not isinstance(seat, int) or not 0 <= seat < game.spec.players:
            raise GameError(
                f"expected a seat of {game.spec.name}, 0 to {game.spec.players - 1}, but got {seat!r}; choose one of "
                "those"
            )
        self.game, self.seat = game, seat
        self._idle = idle(game.spec).to(game.device)
        self._opponents = seat_opponents(game.spec, seat, opponents)

    def begin(self, seed: int, games: range) -> None:
        """Begin the games numbered `games` of a seed."""
        self.match = Match(self.game, seed, games)
        self._told = torch.zeros_like(self.match.paid[:, self.seat])
        self._start(torch.arange(len(games), device=self.match.games.device))
        self._wait()
        self._look()

    def step(self, actions: Tensor, restarting: Tensor, games: Tensor) -> Tensor:
        """Take `actions [B, *action_shape]`, except where `restarting [B]` holds and the game in `games [B]` begins.

        Returns `[B]` float64: what the seat was paid until it must act again; nothing for a beginning, whose payments,
        if any, come with its first step. An illegal action loses; in a game that is already over any is ignored.
        """
        match = self.match
        playing = ~match.over & ~restarting
        fine = allowed(self.game.spec, self.legal, actions)
        lost = (playing & ~fine).nonzero().view(-1)
        match.forfeit(lost, torch.full_like(lost, self.seat))
        joint = match.blank()
        joint[:, self.seat] = actions
        self._proceed((playing & fine).nonzero().view(-1), joint)
        if len(rows := restarting.nonzero().view(-1)):
            match.begin_again(rows, games[rows])
            self._told[rows] = 0.0
            self._start(rows)
        self._wait()
        self._look()
        reward = (match.paid[:, self.seat] - self._told).masked_fill(restarting, 0.0)
        self._told += reward
        return reward

    def _start(self, rows: Tensor) -> None:
        for opponent in self._opponents:
            opponent.start(self.match, rows)

    def _wait(self) -> None:
        """Let the opponents move until the seat must or the game is over."""
        while len(rows := (~self.match.over & ~self.match.acting[:, self.seat]).nonzero().view(-1)):
            self._proceed(rows, self.match.blank())

    def _proceed(self, rows: Tensor, joint: Tensor) -> None:
        for opponent in self._opponents:
            opponent.answer(self.match, rows, joint)
        self.match.proceed(rows, joint)

    def _look(self) -> None:
        match, count = self.match, len(self.match.games)
        rows = torch.arange(count, device=match.games.device)
        self.observation = self.game.observe(match.state, rows, torch.full_like(rows, self.seat))
        acting = match.acting[:, self.seat].nonzero().view(-1)
        self.legal = self._idle.repeat(count, 1)
        self.legal[acting] = self.game.legal(match.state, acting, torch.full_like(acting, self.seat))
