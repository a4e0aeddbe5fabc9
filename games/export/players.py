"""What PettingZoo's two kinds of environment share: named seats, their spaces, and what each of them sees."""

from typing import Any

import torch
from torch import Tensor

from games.errors import GameError
from games.export import pictures, spaces
from games.export.match import Match, Series
from games.game import Game

ROW = torch.zeros(1, dtype=torch.int64)
"""The one row of a batch of one game."""


class Players:
    """The seats of one game as the agents `player_0`, `player_1`, ..."""

    def __init__(self, game: Game, render_mode: str | None) -> None:
        pictures.check_mode(render_mode)
        self.game, self.render_mode = game, render_mode
        self.metadata = pictures.metadata(game.spec.name)
        self.possible_agents = [f"player_{seat}" for seat in range(game.spec.players)]
        self.agents: list[str] = []
        self.observation_spaces = {agent: spaces.masked_space(game) for agent in self.possible_agents}
        self.action_spaces = {agent: spaces.action_space(game.spec) for agent in self.possible_agents}
        self._series, self._row = Series(), ROW.to(game.device)
        self._match: Match | None = None

    def observation_space(self, agent: str) -> Any:
        """Return the space of what an agent sees."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """Return the space of an agent's actions."""
        return self.action_spaces[agent]

    def render(self) -> Any:
        """Return the position as the render mode says."""
        return pictures.render(self.match, self.render_mode)

    def close(self) -> None:
        """Close nothing."""

    @property
    def match(self) -> Match:
        """The game in progress, or GameError before the first."""
        if self._match is None:
            raise GameError(f"expected a game of {self.game.spec.name} in progress but there is none; call reset first")
        return self._match

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> None:
        """Begin a game: the first of a seed's, else the next, or `options["game"]`."""
        self._match = Match(self.game, *self._series.start(seed, options))
        self.agents = list(self.possible_agents)
        self._told = torch.zeros_like(self._match.paid[0])

    def _paid(self) -> dict[str, float]:
        """Return what the agents were paid since this was last asked."""
        paid = self.match.paid[0].clone()
        due, self._told = (paid - self._told).tolist(), paid
        return dict(zip(self.possible_agents, due, strict=True))

    def _ended(self) -> tuple[dict[str, bool], dict[str, bool]]:
        """Return whether the game is terminated and whether it is truncated, for each agent."""
        terminated, truncated = bool(self.match.terminated), bool(self.match.state.truncated)
        return dict.fromkeys(self.agents, terminated), dict.fromkeys(self.agents, truncated)

    def _infos(self) -> dict[str, dict[str, Any]]:
        return {agent: {"game": int(self.match.games)} for agent in self.agents}

    def _acting(self) -> list[int]:
        """Return the seats that must move."""
        return self.match.acting[0].nonzero().view(-1).tolist()

    def _seen(self, seat: int, legal: Tensor) -> Any:
        """Return what a seat sees and, unless actions are continuous, the mask of what it may do, `legal [A]`."""
        spec, place = self.game.spec, self._row.new_tensor([seat])
        observation = self.game.observe(self.match.state, self._row, place)[0].numpy(force=True).copy()
        return observation if spec.bounds else {"observation": observation, "action_mask": spaces.mask(spec, legal)}

    def _legal(self, seats: list[int]) -> Tensor:
        """Return what `seats`, k of them, may do: `[k, A]` bool."""
        return self.game.legal(self.match.state, self._row.expand(len(seats)), self._row.new_tensor(seats))
