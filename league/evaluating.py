"""`evaluate`, `check-game` and `check-agent`."""

import math
from dataclasses import asdict
from typing import Any

from agents.agent import Evaluable
from agents.conformance import check_agent
from arena.cells import Cell
from arena.evaluate import exploitability, proportion_interval, versus
from games import make
from games.conformance import check_game
from league.config import Config
from league.jobs import why_no_tree, world
from league.process import prepare_process
from league.runs import load_agent


def evaluate_agent(game: str, agent: str, *, against: str | None, games: int, seed: int, device: str) -> dict[str, Any]:
    """Measure an agent exactly where the game's tree allows it, and against another where one is named."""
    import torch

    prepare_process()
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    limit = Config.model_fields["tree_limit"].default
    made, tree = world(game, chosen, limit)
    player = load_agent(agent, made)
    other = None if against is None else load_agent(against, made)
    result: dict[str, Any] = {"game": made.spec.name, "policy": agent}
    if tree is not None and isinstance(player, Evaluable):
        measured = exploitability(tree, player)
        result |= {"kind": "exact", **asdict(measured)}
    else:
        no_tree = f"the game has no tree, for {why_no_tree(made.spec, limit)}"
        why = no_tree if tree is None else "the agent can only be played"
        result |= {"kind": None, "reason": why, "exploitability": None, "nash_conv": None, "gains": None}
    if other is not None:
        cells = versus(made, player, other, games=games, seed=seed)
        result |= {
            "against": against,
            "games": games,
            "seats": [_seat(cell, seat, made.spec.utility) for seat, cell in enumerate(cells)],
        }
    return result


def _seat(cell: Cell, seat: int, utility: tuple[float, float]) -> dict[str, Any]:
    """Return what came of one seat; its interval has None for a bound where the game tells none of its returns."""
    wins, draws, losses = (counts[seat] for counts in (cell.wins, cell.draws, cell.losses))
    return {
        "seat": seat,
        "wins": wins,
        "draws": draws,
        "losses": losses,
        "mean": float(cell.mean[seat]),
        "interval": [bound if math.isfinite(bound) else None for bound in cell.interval(utility)[seat].tolist()],
        "loss_interval": list(proportion_interval(losses, cell.count)),
    }


def check_game_named(game: str) -> dict[str, Any]:
    """Return the report of `games.conformance.check_game`."""
    made = make(game)
    report = check_game(made)
    return {"name": made.spec.name, "passed": report.passed, "checks": [asdict(check) for check in report.checks]}


def check_agent_named(game: str, agent: str) -> dict[str, Any]:
    """Return the report of `agents.conformance.check_agent`."""
    made = make(game)
    load_agent(agent, made)  # what cannot even be made is not worth a report
    report = check_agent(made, lambda: load_agent(agent, made), name=agent)
    return {"name": agent, "passed": report.passed, "checks": [asdict(check) for check in report.checks]}
