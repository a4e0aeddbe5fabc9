"""Matches: a lineup of agents plays one seating many times, and what came of it as a payoff cell."""

from collections.abc import Sequence

import torch

from agents.agent import Agent
from agents.rollout import Played, play
from arena.cells import Cell
from games.game import Game


def play_match(
    game: Game, lineup: Sequence[Agent], *, games: int, seed: int, first: int = 0, batch: int | None = None
) -> Cell:
    """Play `games` games with `lineup[p]` in seat p and count what each seat got.

    The games are numbered from `first`, and the same numbers give the same games whatever the `batch`; without one,
    it is what the game asks for, or 1 for an agent that plays one game at a time. Raises the `Fault` of an agent.
    """
    alone = not all(getattr(agent, "batched", True) for agent in lineup)
    batch = 1 if alone else batch or game.spec.batch
    cell = Cell.empty(game.spec.players)
    for start in range(first, first + games, batch):
        numbers = torch.arange(start, min(start + batch, first + games), device=game.device)
        played = seated(game, lineup, numbers, seed)
        if played.forfeit is not None:
            raise played.forfeit.fault
        cell = cell.merge(Cell.of(played.returns.cpu().numpy()))
    return cell


def seated(game: Game, lineup: Sequence[Agent], games: torch.Tensor, seed: int) -> Played:
    """Play the games `games [B]`, with `lineup[p]` in seat p of each; one that sits twice is called once a step."""
    agents = list({id(agent): agent for agent in lineup}.values())
    places = [next(i for i, agent in enumerate(agents) if agent is seat) for seat in lineup]
    seating = torch.tensor(places, device=game.device).expand(len(games), -1).contiguous()
    return play(game, agents, seating=seating, games=games, seed=seed)
