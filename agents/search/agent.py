"""Agents that search with a network: `alphazero`."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents.agent import Agent, AgentError
from agents.networks.policy_value import PolicyValueNetwork
from agents.pool import sitting
from agents.search.device_search import DeviceSearch
from agents.search.found import Found
from agents.search.native_search import NativeSearch
from agents.search.search import Evaluate, Search, SearchConfig
from agents.search.stepped_search import SteppedSearch
from agents.search.tree import bytes_a_tree
from agents.zoo.lookahead import Deterministic, LookAhead, Positions, bounded, on_host, refuse_unfit
from games.draws import Draws
from games.game import Game
from games.names import shorten
from games.native import NativeGame
from games.turn import Turn

_MEMORY = {"cpu": 2**28, "cuda": 2**33}
"""Bytes of trees that are grown at once, or kept from move to move."""

_ANSWERS = 2**14
"""Positions whose answers are remembered."""

_PLAYFUL = 0.1
"""The scale of the Gumbel noise of an agent at play: enough to choose among equals. Self-play explores with 1."""

_HALF = 256
"""From so many positions at a time on, bfloat16 costs a CPU less."""


def judge(network: PolicyValueNetwork, observation: Tensor, *, half: bool) -> tuple[Tensor, Tensor]:
    """Return logits and values of `observation [n, *obs]`; where `half`, large batches are computed in bfloat16."""
    many = half and len(observation) >= _HALF
    return network.infer(observation, dtype=torch.bfloat16 if many else torch.float32)


def searching(
    game: Game, evaluate: Evaluate, config: SearchConfig, *, device: torch.device, capacity: int = 0
) -> Search:
    """Return the search for a game, which runs where the network is if it can; `capacity` is `NativeSearch`'s."""
    if not isinstance(game, NativeGame) or game.spec.chance_outcomes or game.spec.players == 1:
        return SteppedSearch(game, evaluate, config)
    if device.type == "cpu":
        return NativeSearch(game, evaluate, config, capacity=capacity)
    return DeviceSearch(game, evaluate, config, device=device)


class NetworkSearch(LookAhead):
    """Searches before every move, and keeps what lies below it for the next one of the same game.

    network: what judges positions; config: how the search chooses; seed: of its random numbers, which are each game's
    own at each move. half: whether large batches are judged in bfloat16, which is quicker and a little coarser.
    """

    remembers = True

    def __init__(
        self,
        game: Game,
        network: PolicyValueNetwork,
        config: SearchConfig,
        *,
        seed: int = 0,
        noise: bool = True,
        half: bool = False,
    ) -> None:
        self.game, self.network, self.config, self.seed, self.noise = game, network, config, seed, noise
        self.half, self._words = half, len(game.rules.start) if isinstance(game, NativeGame) else 0
        self._searching = searching(game, self._judge, config, device=network.weights.device, capacity=_ANSWERS)
        self._version, self._keeps = network.version, False

    def _judge(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        return judge(self.network, observation, half=self.half)

    def _room(self, nodes: int) -> int:
        """Return how many trees of so many nodes there is room for."""
        memory = _MEMORY[self.network.weights.device.type]
        return max(1, memory // bytes_a_tree(nodes, self.game.spec.actions, self._words))

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Forget the trees of the games before, and make room for those to come where there is enough."""
        nodes = 2 * self.config.simulations + 2
        self._keeps = self.remembers and self._searching.goes_on and len(seats) <= self._room(nodes)
        if self._keeps:
            self._searching.reserve(len(seats), nodes, keep=True)

    def drawn(self, seed: int) -> Deterministic:
        """Return the agent whose noise in a position is always that of `seed`; it keeps nothing from move to move."""
        return DeterministicNetworkSearch(
            self.game, self.network, self.config, seed=seed, noise=self.noise, half=self.half
        )

    def decide(self, positions: Positions) -> Tensor:
        """Return the actions to play `[m]` int64."""
        return self.search(positions).actions

    def search(self, positions: Positions) -> Found:
        """Search from every position in a tree of its own, with random numbers named by its key."""
        self._keeps = False
        parts = torch.arange(len(positions.seats)).split(self._room(self.config.simulations + 1))
        found = [self._look(positions.rows(rows), None) for rows in parts]
        return Found(*(torch.cat([getattr(part, name.name) for part in found]) for name in fields(Found)))

    def _look(self, positions: Positions, slots: np.ndarray | None) -> Found:
        if self._version != self.network.version:
            self._searching.forget()
            self._version = self.network.version
        draws = Draws.of(self.seed, "search", positions.keys) if self.noise else None
        return self._searching.search(positions, draws, slots=slots)

    def _decide(self, turn: Turn, keys: Tensor) -> Tensor:
        if not self._keeps:
            return super()._decide(turn, keys)
        positions = Positions(on_host(turn.state), turn.seats.cpu(), keys)
        return self._look(positions, turn.memory.cpu().numpy()).actions


class DeterministicNetworkSearch(Deterministic, NetworkSearch):
    """Plays a position always alike: in a fresh tree, of equal actions the lowest.

    Its noise, where it has any, is drawn by `seed` and the position, whatever game comes to it.
    """

    remembers = False


def alphazero(
    game: Game,
    network: Agent,
    *,
    simulations: int = 64,
    rule: str = "gumbel",
    deterministic: bool = False,
    seed: int = 0,
    **settings: Any,
) -> NetworkSearch:
    """Return search with a trained network, so many simulations a move.

    rule: `gumbel` or `puct`; settings: other fields of `SearchConfig`, of which `gumbel_scale` is 0.1 here. Where
    `deterministic`, a position is always played alike, so that the agent can be evaluated exactly; else the noise at
    the root is drawn for each game and move, and what was found below the move is kept for the next.

    Raises:
        AgentError: where the game is not turn-based, zero-sum, with perfect information, or a setting is none.
    """
    refuse_unfit(game, "alphazero", chance=True, alone=True)
    network = sitting(network)
    if not isinstance(network, PolicyValueNetwork):
        raise AgentError(
            "alphazero searches with a policy-value network, and the member named has none: name a run that "
            "--oracle alphazero trained, or mcts(simulations=200), which needs no network"
        )
    if rule not in ("gumbel", "puct"):
        raise AgentError(f"expected rule to be 'gumbel' or 'puct' but got {shorten(repr(rule))}; write one of them")
    if not isinstance(deterministic, bool):
        raise AgentError(
            f"expected deterministic to be True or False but got {shorten(repr(deterministic))}; write one of these"
        )
    bounded("simulations", simulations, least=1, most=1_000_000)
    bounded("seed", seed, least=0, most=2**63 - 1)
    config = configured({"gumbel_scale": _PLAYFUL, **settings}, simulations=simulations, rule=rule)
    kind = DeterministicNetworkSearch if deterministic else NetworkSearch
    return kind(game, network, config, seed=seed, noise=not deterministic)


_BOUNDS: dict[str, tuple[float, float]] = {
    "considered": (1, 2**16),
    "gumbel_scale": (0, 100),
    "c_visit": (0, 1e6),
    "c_scale": (0, 1e6),
    "c_init": (0, 1e6),
    "c_base": (1, 1e12),
    "reduction": (0, 2),
    "noise": (0, 1),
    "dirichlet": (1e-3, 1e6),
    "leaves": (1, 1024),
}


def configured(settings: dict[str, Any], **own: Any) -> SearchConfig:
    """Return a `SearchConfig`; raises `AgentError` for what is no setting, or out of its bounds."""
    config = SearchConfig(**own)
    for key, value in settings.items():
        if key not in _BOUNDS:
            raise AgentError(
                f"alphazero has no setting {shorten(repr(key))}: leave it out, or name one of run, simulations, rule, "
                f"deterministic, seed, {', '.join(_BOUNDS)}"
            )
        low, high = _BOUNDS[key]
        whole = isinstance(getattr(config, key), int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise AgentError(
                f"expected {key} to be {kind} from {low:g} to {high:g} but got {shorten(repr(value))}; correct it"
            )
        config = replace(config, **{key: value if whole else float(value)})
    return config
