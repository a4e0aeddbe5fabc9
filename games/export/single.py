"""One seat of a game as a Gymnasium environment."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from games.errors import GameError
from games.export import pictures, spaces
from games.export.match import Series
from games.export.opponents import Agent
from games.export.seat import Seat
from games.game import Game

_STAY, _SAME = torch.zeros(1, dtype=torch.bool), torch.zeros(1, dtype=torch.int64)


class SeatEnv(gymnasium.Env[NDArray[Any], Any]):
    """The batch of one game; `to_gymnasium` tells what it does."""

    def __init__(
        self, game: Game, *, seat: int, opponents: Agent | Sequence[Agent] | None, render_mode: str | None
    ) -> None:
        pictures.check_mode(render_mode)
        self.game, self.render_mode = game, render_mode
        self.metadata = pictures.metadata(game.spec.name)
        self.observation_space = spaces.observation_space(game)
        self.action_space = spaces.action_space(game.spec)
        self._seat, self._series, self._over = Seat(game, seat, opponents), Series(), True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin a game: the first of a seed's, else the next, or `options["game"]`."""
        super().reset(seed=seed)
        if self._series.seed is None:
            seed = self.np_random_seed
        self._seat.begin(*self._series.start(seed, options))
        self._over = False
        return self._shown()

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Take an action and wait until the seat must act again or the game is over."""
        if self._over:
            raise GameError(f"expected a game of {self.game.spec.name} in progress but there is none; call reset first")
        actions = spaces.read_actions(self.game.spec, np.asarray(action)[None]).to(self.game.device)
        reward = self._seat.step(actions, _STAY.to(self.game.device), _SAME.to(self.game.device))
        match = self._seat.match
        self._over = bool(match.over)
        return self._shown()[0], float(reward), bool(match.terminated), bool(match.state.truncated), self._info()

    def action_masks(self) -> NDArray[np.bool_]:
        """Return what is legal now as `[A]` bool, the parts of an action end to end: what sb3-contrib asks for."""
        return self._seat.legal[0].numpy(force=True).copy()

    def render(self) -> Any:
        """Return the position as the render mode says."""
        return pictures.render(self._seat.match, self.render_mode)

    def _shown(self) -> tuple[NDArray[Any], dict[str, Any]]:
        if self.render_mode == "human":
            self.render()
        return self._seat.observation[0].numpy(force=True).copy(), self._info()

    def _info(self) -> dict[str, Any]:
        spec, game = self.game.spec, {"game": int(self._seat.match.games)}
        return game if spec.bounds else {"action_mask": spaces.mask(spec, self._seat.legal[0]), **game}
