"""One seat of many games at once as a Gymnasium vector environment."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from games.errors import GameError
from games.export import pictures, spaces
from games.export.match import Series
from games.export.opponents import Agent
from games.export.seat import Seat
from games.game import Game

Array = NDArray[Any]


class SeatVectorEnv(VectorEnv[Array, Array, Array]):
    """N games stepped as one batch; `to_gymnasium` tells what it does.

    Row i plays the games i, i + N, i + 2N, ... of the seed, whatever happens in other rows. The step after a game's end
    begins the row's next one: its action is ignored and its reward is zero.
    """

    def __init__(
        self,
        game: Game,
        num_envs: int,
        *,
        seat: int,
        opponents: Agent | Sequence[Agent] | None,
        render_mode: str | None,
    ) -> None:
        pictures.check_mode(render_mode)
        if not isinstance(num_envs, int) or num_envs < 1:
            raise GameError(f"expected num_envs to be 1 or more but got {num_envs!r}; leave it out for a single game")
        self.game, self.num_envs, self.render_mode = game, num_envs, render_mode
        self.metadata = {**pictures.metadata(game.spec.name), "autoreset_mode": AutoresetMode.NEXT_STEP}
        self.single_observation_space = spaces.observation_space(game)
        self.single_action_space = spaces.action_space(game.spec)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seat, self._series, self._over = Seat(game, seat, opponents), Series(), None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """Begin a game in every row: the first of a seed's, else those after all that were begun."""
        super().reset(seed=seed)
        if self._series.seed is None:
            seed = self.np_random_seed
        self._seat.begin(*self._series.start(seed, options, count=self.num_envs))
        self._over = torch.zeros_like(self._seat.match.forfeited)
        return self._shown()

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Take an action in every row, `[N, *action_shape]`, and wait until the seat must act again."""
        if self._over is None:
            raise GameError(f"expected games of {self.game.spec.name} in progress but there are none; call reset first")
        chosen = spaces.read_actions(self.game.spec, actions).to(self.game.device)
        if len(chosen) != self.num_envs:
            raise GameError(f"expected {self.num_envs} actions, one a row, but got {len(chosen)}; give as many")
        match, over = self._seat.match, self._over
        following = match.games + self.num_envs
        reward = self._seat.step(chosen, over, following)
        self._series.following = max(self._series.following, int(match.games.max()) + 1)
        terminated, truncated = match.terminated & ~over, match.state.truncated & ~over
        self._over = terminated | truncated
        observation, info = self._shown()
        paid, ended, cut = (column.numpy(force=True) for column in (reward, terminated, truncated))
        return observation, paid, ended, cut, info

    def render(self) -> tuple[Any, ...] | None:
        """Return the position of every row as the render mode says."""
        frames = tuple(pictures.render(self._seat.match, self.render_mode, row=row) for row in range(self.num_envs))
        return None if self.render_mode in (None, "human") else frames

    def _shown(self) -> tuple[Array, dict[str, Any]]:
        if self.render_mode == "human":
            self.render()
        seen, spec = self._seat.observation.numpy(force=True).copy(), self.game.spec
        info: dict[str, Any] = {"game": self._seat.match.games.numpy(force=True).copy()}
        if not spec.bounds:
            info["action_mask"] = spaces.mask(spec, self._seat.legal)
        return seen, info | {f"_{key}": np.ones(self.num_envs, dtype=np.bool_) for key in info}
