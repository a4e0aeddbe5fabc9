"""A game as PettingZoo's parallel environment: all agents at once."""

from collections.abc import Mapping
from typing import Any

from pettingzoo import ParallelEnv

from games.errors import GameError
from games.export import spaces
from games.export.players import Players
from games.game import Game


class ParallelGame(Players, ParallelEnv[str, Any, Any]):
    """The actions of agents who do not move are ignored and may be left out; their mask holds action 0 alone.

    So everybody can always act, as users of parallel environments expect. `info["moves"]` tells who really does.
    """

    def __init__(self, game: Game, render_mode: str | None) -> None:
        Players.__init__(self, game, render_mode)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin a game: the first of a seed's, else the next, or `options["game"]`."""
        self._begin(seed, options)
        return self._all(), self._infos()

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Take the actions of the agents who must move."""
        if self._match is not None and not self.agents:
            return {}, {}, {}, {}, {}
        self._move(self._acting(), actions)
        told = self._all(), self._paid(), *self._ended(), self._infos()
        if self.match.over:
            self.agents = []
        return told

    def _move(self, seats: list[int], actions: Mapping[str, Any]) -> None:
        names = [self.possible_agents[seat] for seat in seats]
        if missing := [name for name in names if name not in actions]:
            raise GameError(
                f"expected an action of {missing[0]}, who must move in {self.game.spec.name}, but got those of "
                f"{', '.join(actions) or 'nobody'}; give one for every agent that moves"
            )
        spec, match = self.game.spec, self.match
        if not seats:
            return
        chosen = spaces.read_actions(spec, [actions[name] for name in names]).to(self.game.device)
        places = self._row.new_tensor(seats)
        illegal = ~spaces.allowed(spec, self._legal(seats), chosen)
        if illegal.any():
            match.forfeit(self._row.expand(int(illegal.sum())), places[illegal])
            return
        joint = match.blank()
        joint[0, places] = chosen
        match.proceed(self._row, joint)

    def _all(self) -> dict[str, Any]:
        if self.render_mode == "human":
            self.render()
        legal = spaces.idle(self.game.spec).repeat(len(self.possible_agents), 1)
        if seats := self._acting():
            legal[seats] = self._legal(seats).cpu()
        return {agent: self._seen(seat, legal[seat]) for seat, agent in enumerate(self.possible_agents)}

    def _infos(self) -> dict[str, dict[str, Any]]:
        moving, infos = self._acting(), super()._infos()
        return {agent: {**info, "moves": seat in moving} for seat, (agent, info) in enumerate(infos.items())}
