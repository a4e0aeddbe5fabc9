"""A game as PettingZoo's agent environment cycle: one agent after the other."""

from typing import Any

import torch
from pettingzoo import AECEnv

from games.export import spaces
from games.export.players import Players
from games.game import Game


class AECGame(Players, AECEnv[str, Any, Any]):
    """The agents who must move choose in the order of their seats, and the game goes on once all of them have chosen.

    So in a simultaneous move the earlier choices are hidden from the later agents, and the rewards come with the last.
    """

    def __init__(self, game: Game, render_mode: str | None) -> None:
        Players.__init__(self, game, render_mode)
        self._seat = {agent: seat for seat, agent in enumerate(self.possible_agents)}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game: the first of a seed's, else the next, or `options["game"]`."""
        self._begin(seed, options)
        self.infos = self._infos()
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self._turn()

    def observe(self, agent: str) -> Any:
        """Return what an agent sees, and an empty mask where it has nothing to choose."""
        seat = self._seat[agent]
        waits = seat in self._waiting
        return self._seen(seat, self._legal([seat])[0] if waits else torch.zeros(self.game.spec.actions).bool())

    def step(self, action: Any) -> None:
        """Take the action of `agent_selection`; of one whose game is over, None."""
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        spec, seat = self.game.spec, self._seat[agent]
        chosen = spaces.read_actions(spec, [action]).to(self.game.device)
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        if not spaces.allowed(spec, self._legal([seat]), chosen):
            self.match.forfeit(self._row, self._row.new_tensor([seat]))
            self._turn()
            return
        self._joint[0, seat] = chosen[0]
        self._waiting.remove(seat)
        if self._waiting:
            self.agent_selection = self.possible_agents[self._waiting[0]]
        else:
            self.match.proceed(self._row, self._joint)
            self._turn()

    def _turn(self) -> None:
        """Tell what was paid and whether the game is over, and let the first who must move choose."""
        self.rewards = self._paid()
        self._accumulate_rewards()
        self.terminations, self.truncations = self._ended()
        self._waiting, self._joint = self._acting(), self.match.blank()
        self.agent_selection = self.possible_agents[self._waiting[0] if self._waiting else 0]
        self._deads_step_first()
        if self.render_mode == "human":
            self.render()
