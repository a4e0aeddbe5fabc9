"""A fixed ladder: agents that are always the same, against which a training is measured while it goes on."""

from contextlib import suppress

import torch

from agents.agent import Agent, AgentError, Random
from agents.rollout import play
from agents.zoo.lookahead import finite_scale
from agents.zoo.mcts import mcts
from games.draws import key
from games.game import Game
from games.native import NativeGame


def _rungs(game: Game) -> tuple[int, ...]:
    """Return the simulations of plain Monte Carlo tree search above the lowest rung, which is random play."""
    return (10, 100, 1000) if isinstance(game, NativeGame) else (10, 100)


def climb(game: Game, agent: Agent, *, games: int, seed: int) -> dict[str, float]:
    """Return the agent's mean return against each rung, scaled to [-1, 1], over so many games in either seat.

    A game for one has no rungs.
    """
    if game.spec.players == 1:
        return {}
    rungs: dict[str, Agent] = {"random": Random()}
    with suppress(AgentError):  # plain search goes without chance, and needs two
        rungs |= {f"mcts({simulations})": mcts(game, simulations=simulations) for simulations in _rungs(game)}
    seats = torch.arange(2 * games, device=game.device) % 2
    seating = torch.stack([seats, 1 - seats], 1)  # where the agent, number 0, sits
    found = {}
    for name, rung in rungs.items():
        numbers = torch.arange(2 * games, device=game.device)
        played = play(game, [agent, rung], seating=seating, games=numbers, seed=key(seed, f"ladder/{name}"))
        mean = played.returns.gather(1, seats[:, None]).mean()
        found[f"against {name}"] = float(mean) / finite_scale(game)
    return found
