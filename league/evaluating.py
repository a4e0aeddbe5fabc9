"""`evaluate`, `check-game` and `check-agent`."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

from agents.agent import Agent, Drawing, Evaluable, Fault, Policy
from agents.conformance import check_agent
from agents.tabular import tabular
from agents.zoo.lookahead import Deterministic
from arena.best_response import Watch, exact_gains, lower_bound, train_responses
from arena.cells import Cell, Floats
from arena.evaluate import estimated, exploitability, proportion_interval, versus
from arena.local_best_response import LocalBestResponse
from games import make
from games.conformance import Check, check_game
from games.errors import UserError
from games.extensive.tree import GameTree
from games.game import Game
from league.config import Config, PPOSection
from league.jobs import why_no_tree, world
from league.process import prepare_process
from league.runs import load_agent

_GAMES, _GAMES_OF_A_BOUND = 1_000, 10_000
"""Games that are played in each seat, unless it is said how many."""

_SEEDS = 3


def evaluate_agent(
    game: str,
    agent: str,
    *,
    against: Sequence[str] = (),
    games: int | None = None,
    seed: int = 0,
    device: str = "auto",
    best_response: str | None = None,
    updates: int | None = None,
    seeds: int | None = None,
    runs: int = 20,
    mistakes: bool = False,
    quiet: bool = True,
) -> dict[str, Any]:
    """Measure an agent exactly where the game's tree allows it, and by playing it where that is asked for.

    against: agents to play it against. best_response: ppo or local, for a lower bound of its exploitability; by ppo
    it trains `seeds` responses for each seat with so many `updates`. runs: how often an agent is measured that draws
    while it thinks, see `arena.evaluate.estimated`. mistakes: whether to count its mistakes against
    perfect play, see `arena.mistakes`.
    """
    import torch

    _refuse_budget(best_response, updates=updates, seeds=seeds)
    prepare_process()
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    limit = Config.model_fields["tree_limit"].default
    made, tree = world(game, chosen, limit)
    player = load_agent(agent, made)
    others = {name: load_agent(name, made) for name in against}
    result: dict[str, Any] = {"game": made.spec.name, "policy": agent}
    if tree is not None and isinstance(player, Evaluable):
        measured = exploitability(tree, player)
        mode = {"mode": "deterministic"} if isinstance(player, Deterministic) else {}
        result |= {"kind": "exact", **mode, **asdict(measured)}
    elif tree is not None and isinstance(player, Drawing):
        with _shown(runs, quiet, "runs") as watch:
            told = estimated(
                tree, player, runs=runs, seed=seed, watch=lambda mean: watch(1, f"exploitability {mean:.4g}")
            )
        result |= {"kind": "estimate", "mode": "stochastic", **asdict(told)}
    else:
        no_tree = f"the game has no tree, for {why_no_tree(made.spec, limit)}"
        why = no_tree if tree is None else "the agent can only be played"
        result |= {"kind": None, "reason": why, "exploitability": None, "nash_conv": None, "gains": None}
    if best_response is not None:
        subject = _Subject(made, tree, player, games or _GAMES_OF_A_BOUND, seed, quiet)
        local = best_response == "local"
        bound = subject.bound_locally() if local else subject.bound_by_ppo(updates, seeds or _SEEDS)
        result["best_response"] = {"method": best_response, **bound}
    if mistakes:
        result["mistakes"] = _mistakes(made, tree, player, seed, quiet)
    if others:
        matches = [_match(made, player, name, other, games or _GAMES, seed, quiet) for name, other in others.items()]
        result |= {"matches": matches, **(matches[0] if len(matches) == 1 else {})}
    return result


def _refuse_budget(best_response: str | None, **given: int | None) -> None:
    """Raise `UserError` where a budget of training is given to what does not train."""
    for flag, value in given.items():
        if value is not None and best_response != "ppo":
            method = "without --best-response" if best_response is None else f"with --best-response {best_response}"
            raise UserError(
                f"--{flag} {value} was given {method}, which trains nothing: add --best-response ppo or leave it out"
            )


@dataclass(frozen=True)
class _Subject:
    """What is measured: an agent of a game, in so many games, from a seed."""

    game: Game
    tree: GameTree | None
    agent: Agent
    games: int
    seed: int
    quiet: bool

    def bound_by_ppo(self, updates: int | None, seeds: int) -> dict[str, Any]:
        """Return what responses gain that PPO trained."""
        config = (PPOSection() if updates is None else PPOSection(updates=updates)).learner()
        players = self.game.spec.players
        budget = {"updates": config.updates, "games_per_update": config.games, "seeds": seeds}
        with _shown(players * seeds * config.updates * config.games + self._played(seeds), self.quiet) as watch:
            candidates = train_responses(self.game, self.agent, config=config, seeds=seeds, seed=self.seed, watch=watch)
            return {"budget": budget, **self._measured(candidates, watch)}

    def bound_locally(self) -> dict[str, Any]:
        """Return what local best responses gain; the tree tells them the probabilities of what is no policy."""
        known = self.agent
        if self.tree is not None and isinstance(known, Evaluable) and not isinstance(known, Policy):
            known = tabular(self.tree, known.behaviour(self.tree))
        candidates = [[LocalBestResponse(self.game, known, seat)] for seat in range(self.game.spec.players)]
        with _shown(self._played(1), self.quiet) as watch:
            return {"budget": None, **self._measured(candidates, watch)}

    def _played(self, candidates: int) -> int:
        """Return how many games are played to choose among so many candidates for each seat, and to measure."""
        return self.games * (2 + (candidates + 1) * self.game.spec.players)

    def _measured(self, candidates: Sequence[Sequence[Agent]], watch: Watch) -> dict[str, Any]:
        bound = lower_bound(self.game, self.agent, candidates, games=self.games, seed=self.seed, watch=watch)
        players, utility = self.game.spec.players, self.game.spec.utility
        exact: list[float | None] = [None] * players
        responses = [response for response in bound.responses if isinstance(response, Evaluable)]
        if self.tree is not None and isinstance(self.agent, Evaluable) and len(responses) == players:
            exact = exact_gains(self.tree, self.agent, responses).tolist()
        columns = {
            "response": (bound.returns.mean, bound.returns.interval(utility)),
            "own": (bound.own.mean, bound.own.interval(utility)),
            "gain": (bound.gains.mean, bound.gain_intervals()),
        }
        return {
            "kind": "lower bound",
            "exploitability": bound.nash_conv / players,
            "interval": _finite(bound.interval() / players),
            "nash_conv": bound.nash_conv,
            "gains": bound.gains.mean.tolist(),
            "clipped": bound.clipped,
            "games": self.games,
            "choosing_games": self.games,
            "seats": [
                {
                    "seat": seat,
                    **{name: float(mean[seat]) for name, (mean, _) in columns.items()},
                    **{f"{name}_interval": _finite(intervals[seat]) for name, (_, intervals) in columns.items()},
                    "exact_gain": exact[seat],
                    "counted": bound.counted[seat],
                }
                for seat in range(players)
            ],
        }


def _mistakes(game: Game, tree: GameTree | None, agent: Agent, seed: int, quiet: bool) -> dict[str, Any]:
    """Return how often an agent errs against perfect play; the tree tells whether what is no policy ever draws."""
    from arena.mistakes import mistakes, positions_of

    positions, complete = positions_of(game)
    draws = True
    if tree is not None and isinstance(agent, Evaluable) and not isinstance(agent, Policy):
        behaviour = agent.behaviour(tree)
        draws = bool(((behaviour > 0) & (behaviour < 1)).any())
    with _shown(len(positions), quiet, "positions"):
        counts = mistakes(agent, game, positions, complete=complete, draws=draws, seed=seed)
    return {
        "kind": "exact" if counts[-1].exact else "estimate",
        "positions": len(positions),
        "sets": [
            {**asdict(count), "rate": count.rate, "interval": list(count.interval), "slow_rate": count.slow_rate}
            for count in counts
        ],
    }


@contextmanager
def _shown(total: int, quiet: bool, what: str = "games") -> Iterator[Watch]:
    """Show a person how many of `total` games are played, or whatever it is; what is yielded is told of more."""
    from league.live import Countdown, watched

    with ExitStack() as stack:
        countdown = None
        if watched() and not quiet:
            countdown = stack.enter_context(Countdown(what, total))
        done = 0

        def watch(played: int, found: str) -> None:
            nonlocal done
            done += played
            if countdown is not None:
                countdown.show(done, found)

        yield watch


def _match(game: Game, agent: Agent, name: str, other: Agent, games: int, seed: int, quiet: bool) -> dict[str, Any]:
    """Return what came of `games` games in each seat of `agent` against one other."""
    utility = game.spec.utility
    with _shown(games * game.spec.players, quiet) as watch:
        cells = versus(game, agent, other, games=games, seed=seed, watch=lambda played: watch(played, ""))
    order = range(len(cells))
    first = [cell.seated([seat, *(place for place in order if place != seat)]) for seat, cell in enumerate(cells)]
    return {
        "against": name,
        "games": games,
        "seats": [{"seat": seat, **_row(cell, seat, utility)} for seat, cell in enumerate(cells)],
        "overall": _row(reduce(Cell.merge, first), 0, utility),
    }


def _row(cell: Cell, seat: int, utility: tuple[float, float]) -> dict[str, Any]:
    """Return what came of one seat; its interval has None for a bound where the game tells none of its returns."""
    wins, draws, losses = (counts[seat] for counts in (cell.wins, cell.draws, cell.losses))
    return {
        "wins": wins,
        "draws": draws,
        "losses": losses,
        "mean": float(cell.mean[seat]),
        "interval": _finite(cell.interval(utility)[seat]),
        "loss_interval": list(proportion_interval(losses, cell.count)),
    }


def _finite(interval: Floats) -> list[float | None]:
    """Return the bounds of an interval, with None for one that is not known."""
    return [bound if math.isfinite(bound) else None for bound in interval.tolist()]


def check_game_named(game: str) -> dict[str, Any]:
    """Return the report of `games.conformance.check_game`."""
    made = make(game)
    report = check_game(made)
    return {"name": made.spec.name, "passed": report.passed, "checks": [asdict(check) for check in report.checks]}


def check_agent_named(game: str, agent: str) -> dict[str, Any]:
    """Return the report of `agents.conformance.check_agent`; that it could not be started is a check of its own."""
    made = make(game)
    try:
        first = load_agent(agent, made)
    except Fault as fault:
        failed = Check("starts", "failed", f"{fault.kind}: {fault}")
        return {"name": agent, "passed": False, "checks": [asdict(failed)]}
    if hasattr(first, "close"):
        first.close()  # pyright: ignore[reportAttributeAccessIssue]
    report = check_agent(made, lambda: load_agent(agent, made), name=agent)
    return {"name": agent, "passed": report.passed, "checks": [asdict(check) for check in report.checks]}
