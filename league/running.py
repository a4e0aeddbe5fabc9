"""`run` and `resume`: a league in this process, with its folder, its processes, its picture and its signals."""

import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Evaluable
from agents.files import AGAIN, StorageError
from agents.learner import Interrupted
from agents.registry import make as make_agent
from agents.snapshot import SUFFIX, read
from arena.ledger import Entry, Ledger
from arena.match import play_match
from games.errors import UserError
from games.game import Game, GameSpec
from games.names import shorten
from league.config import VOLATILE, Config, ConfigError, limits_of, validated
from league.plan import League, replay
from league.process import prepare_process
from league.runs import free_folder, included, refuse_foreign
from league.stopping import Stop, stop_on_signals
from league.summary import summary

_STOPPING = "stopping after the job at hand"


def run_league(config: Config, run_dir: str | None, *, quiet: bool) -> dict[str, Any]:
    """Begin a league and run it to its end; return its summary."""
    from league.jobs import why_no_tree, world

    prepare_process()
    game, tree = world(config.game, device_of(config), config.tree_limit)
    solver = config.solver or ("nash" if _nash_serves(game.spec) else "prd")
    eval_solver = config.eval_solver or solver
    for chosen in (solver, eval_solver):
        _refuse_solver(chosen, game.spec)
    if tree is None and (config.oracle == "exact" or config.payoffs == "exact"):
        why = why_no_tree(game.spec, config.tree_limit)
        raise ConfigError(
            f"exact answers need the game tree, and {shorten(game.spec.name)} has none, for {why}: "
            f"use --oracle ppo and --payoffs played{', or raise --tree-limit' if 'histories' in why else ''}"
        )
    if config.oracle == "alphazero":
        from agents.search.learner import refuse_game

        refuse_game(game)
    for name in config.include:
        _rehearse(name, game, exact="exact" in (config.oracle, config.payoffs))
    folder = Path(run_dir) if run_dir is not None else free_folder(game.spec.name)
    refuse_foreign(folder)
    body = {
        "game": game.spec.name,
        "players": game.spec.players,
        "oracle": config.oracle,
        "solver": solver,
        "eval_solver": eval_solver,
        "seed": config.seed,
        "included": len(config.include),
        "config": {key: value for key, value in config.model_dump(mode="json").items() if key not in VOLATILE},
    }
    limits = limits_of(config)
    note = {"device": device_of(config), "workers": config.workers, "config": config.model_dump(mode="json")}
    with stop_on_signals(_STOPPING) as stop, Ledger.create(folder) as ledger:
        ledger.append([Entry("league", body, note), Entry("limits", limits, {})])
        return _manage(ledger, config, stop, quiet=quiet)


def resume_league(run: str, limits: dict[str, Any], *, workers: int | None, quiet: bool) -> dict[str, Any]:
    """Go on with the league in a folder, extended where `limits` says so; return its summary."""
    asked = {key: value for key, value in limits.items() if value is not None}
    _refuse_extension(run, {**asked, **({} if workers is None else {"workers": workers})})
    with stop_on_signals(_STOPPING) as stop, Ledger.open(run) as ledger:
        folder, league = ledger.folder, replay(ledger.records())
        extended = _extended(league, asked, run)
        if extended != league.limits:
            ledger.append([Entry("limits", extended, {})])
        elif league.stopped:
            return summary(league, str(folder.root))
        overrides = {**league.note["config"], **({} if workers is None else {"workers": workers})}
        prepare_process()
        return _manage(ledger, validated(overrides, source=run), stop, quiet=quiet)


def _refuse_extension(run: str, asked: dict[str, Any]) -> None:
    """Find what is damaged in the run and what cannot be asked of it, before anything is written, be it to its lock."""
    ledger = Ledger.read(run)
    league = replay(ledger.records())
    for member in league.members:
        read(ledger.folder.snapshots / f"{member['snapshot']}{SUFFIX}")
    if league.about:
        validated({**league.note["config"], **asked}, source=run, flags=asked)
        _extended(league, asked, run)


def _extended(league: League, asked: dict[str, Any], run: str) -> dict[str, Any]:
    """Return a league's limits with those that were asked for; hours come on top of those that it has taken.

    A limit that ended the league would end it again at once: where another is asked for instead, it is lifted.
    """
    done = len(league.meta) - 1
    if asked.get("iterations", done) < done:
        raise UserError(
            f"{run} already has {done} iterations and {asked['iterations']} were asked for: give more, or none"
        )
    lifted = {name: None for name in league.limits if asked and name == league.stopped}
    if "hours" in asked:
        asked = {**asked, "hours": asked["hours"] + league.seconds / 3600}
    return {**league.limits, **lifted, **asked}


def device_of(config: Config) -> str:
    """Return the device that a configuration means."""
    if config.device != "auto":
        return config.device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _refuse_solver(name: str, spec: GameSpec) -> None:
    """Raise `ConfigError` where a meta-solver refuses games of this kind: zero-sum or not, of so many players."""
    from games.solvers import solver

    payoffs = np.zeros((spec.players, *(2,) * spec.players))
    payoffs[0].flat[0], payoffs[-1].flat[0] = 1, -1 if spec.zero_sum else 1
    try:
        solver(name)(payoffs)
    except UserError as error:
        raise ConfigError(f"the solver {shorten(name)} cannot serve {shorten(spec.name)}: {error}") from None


def _nash_serves(spec: GameSpec) -> bool:
    return spec.players == 2 and spec.zero_sum


def _rehearse(name: str, game: Game, *, exact: bool) -> None:
    """Seat an agent that is to join the population in two games, so that one that cannot play stops no league later."""
    agent = included(name, game).agent(lambda code: make_agent(code, game))
    if exact and not isinstance(agent, Evaluable):
        raise ConfigError(
            f"{shorten(name)} can only be played, and exact answers need members whose behaviour is known: use "
            "--oracle ppo and --payoffs played, or derive it from agents.Policy"
        )
    play_match(game, [agent] * game.spec.players, games=2, seed=0)


def _manage(ledger: Ledger, config: Config, stop: Stop, *, quiet: bool) -> dict[str, Any]:
    from league.executor import Inline, Pool
    from league.jobs import Job
    from league.live import Picture, watched
    from league.manager import Limits, Manager
    from league.watch import Watch

    folder = ledger.folder
    resume = f"redqueen resume {shlex.quote(str(folder.root))}"
    with ExitStack() as stack:
        picture = stack.enter_context(Picture(f"{config.game}  {folder.root}")) if watched() and not quiet else None
        watch = Watch(folder.log, picture)
        league = replay(ledger.records())
        workers = min(config.workers or (os.cpu_count() or 1), league.about["players"]) if config.oracle == "ppo" else 1
        executor = Pool(workers, kind=Job) if workers > 1 else Inline()
        stack.callback(executor.close)
        manager = Manager(ledger, config, executor=executor, watch=watch, stop=stop, device=device_of(config))
        try:
            manager.run(Limits(**league.limits))
        except Interrupted:
            watch.say("interrupted")
            raise UserError(f"interrupted; everything finished is kept: go on with `{resume}`") from None
        except UserError as error:
            watch.say(str(error))
            if isinstance(error, StorageError):
                raise StorageError(str(error).replace(AGAIN, f"run `{resume}`")) from error
            raise
    return summary(replay(ledger.records()), str(folder.root))
