"""What an agent would do in a person's place."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agents.agent import Agent, Policy
from agents.profile import Mixture, Profile
from agents.tabular import HistoryPolicy
from games.game import Game
from games.hashing import History, Index, hash_observations
from league.playing.dialogue import BOUND


@dataclass(frozen=True)
class Decision:
    """A position in which a seat had to choose: `observation [1, *obs]`, `legal [1, A]`, `action` or None."""

    observation: Tensor
    legal: Tensor
    action: Tensor | None = None


def chances(agent: Agent, game: Game, decisions: Sequence[Decision], seat: int) -> Tensor | None:
    """Return the agent's probabilities `[n, A]` at each of the n decisions of `seat`, in order.

    A mixture is read as its realization-equivalent behaviour: each member counts by how likely it is to have chosen
    what was chosen before. None for an agent that has no probabilities to tell.
    """
    if not game.spec.discrete:
        return None
    if isinstance(agent, Profile):
        return chances(agent.agents[seat], game, decisions, seat)
    if isinstance(agent, Mixture):
        return _mixed(agent, game, decisions, seat)
    seats = torch.full((len(decisions),), seat, device=decisions[0].legal.device)
    observation, legal = (torch.cat([getattr(d, name) for d in decisions]) for name in ("observation", "legal"))
    if isinstance(agent, HistoryPolicy):
        return _remembered(agent, decisions, observation, legal, seats)
    if isinstance(agent, Policy) and type(agent).probabilities is not Policy.probabilities:
        with torch.no_grad():
            return agent.probabilities(observation, legal, seats).double()
    return None


def _mixed(agent: Mixture, game: Game, decisions: Sequence[Decision], seat: int) -> Tensor | None:
    tables = [chances(member, game, decisions, seat) for member in agent.agents]
    known = [table for table in tables if table is not None]
    if len(known) < len(tables):
        return None
    prior = agent.weights[seat].to(known[0].device)
    weights, rows = prior, []
    for place, decision in enumerate(decisions):
        likely = weights if bool(weights.sum() > 0) else prior  # no member would have come here
        here = torch.stack([table[place] for table in known])
        rows.append((likely / likely.sum()) @ here)
        if decision.action is not None:
            weights = likely / likely.sum() * here[:, int(decision.action)]
    return torch.stack(rows)


def _remembered(
    agent: HistoryPolicy, decisions: Sequence[Decision], observation: Tensor, legal: Tensor, seats: Tensor
) -> Tensor:
    """Follow the seat's history by what was really chosen, and read the agent's row of each."""
    memory, infosets = History.start(seats[:1]), []
    for decision, seen in zip(decisions, hash_observations(observation, seats), strict=True):
        infoset = History.observe(memory, seen[None])
        infosets.append(infoset)
        if decision.action is not None:
            memory = History.act(infoset, decision.action[None])
    row = Index(agent.keys).find(torch.cat(infosets))
    uniform = legal / legal.sum(-1, keepdim=True)
    return torch.where((row >= 0)[:, None], agent.table[row], uniform).double()


def in_words(table: Tensor, names: Sequence[str], *, most: int = 5) -> str:
    """Write probabilities `[m]` of the moves `names`, the likeliest first: `"e4 62 %, d4 38 %"`."""
    order = table.argsort(descending=True, stable=True).tolist()
    shown = [action for action in order[:most] if table[action] >= 0.0005]
    listed = [f"{names[action]} {100 * float(table[action]):.3g} %".replace(" ", BOUND) for action in shown]
    rest = max(0.0, 1.0 - float(table[shown].sum()))
    if rest >= 0.0005:
        listed.append(f"all others {100 * rest:.3g} %")
    return ", ".join(listed)
