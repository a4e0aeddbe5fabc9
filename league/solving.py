"""`solve`: a game's equilibrium by named algorithms, and how near each came on its way."""

import inspect
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.files import write_atomically
from agents.snapshot import SUFFIX, Snapshot
from agents.tabular import tabular
from games import make
from games.errors import UserError
from games.extensive.solution import Solution
from games.extensive.tree import GameTree
from games.matrices.matrix import MatrixGame
from games.names import Name, shorten
from games.normal_form.payoffs import Equilibrium, nash_conv
from games.progress import Point, Watch
from games.solvers import EXTENSIVE, NORMAL_FORM, SolverError, find
from league.config import Config
from league.jobs import why_no_tree, world
from league.process import prepare_process
from league.stopping import stop_on_signals

_PAYOFF_FILES = (".npy", ".csv", ".json")
_FEW = 200
"""Payoffs up to which all equilibria of a game that is not zero-sum are looked for, unless another way is named."""

_STOPPING = "stopping with what was found so far"


class _Problem:
    """What is solved: in normal form the payoffs `[P, A1, ..., AP]`, else the tree, which is grown when asked for.

    names: what each player's actions are called, in normal form. file: the file of payoffs, where it is one.
    """

    def __init__(self, game: str) -> None:
        self.file = game if game.lower().endswith(_PAYOFF_FILES) else None
        text = game if self.file is None else str(Name("matrix_file", arguments={"path": game}))
        self.game = make(text)
        self.payoffs: np.ndarray | None = None
        self.names: list[list[str]] = []
        if isinstance(self.game, MatrixGame):
            self.payoffs = np.ascontiguousarray(np.moveaxis(self.game.payoffs, -1, 0))
            sizes = enumerate(self.payoffs.shape[1:])
            self.names = [[self.game.action_name(seat, action) for action in range(size)] for seat, size in sizes]

    @cached_property
    def tree(self) -> GameTree:
        """The game's tree; raises `UserError` where it has none."""
        limit = Config.model_fields["tree_limit"].default
        tree = world(self.game.spec.name, "cpu", limit)[1]
        if tree is None:
            raise UserError(
                f"{shorten(self.game.spec.name)} cannot be solved whole, for {why_no_tree(self.game.spec, limit)}; run "
                "a league on it instead"
            )
        return tree

    @property
    def usual(self) -> str:
        """The algorithm for those who name none."""
        spec = self.game.spec
        if self.payoffs is None:
            return "cfr+" if spec.players == 2 and spec.zero_sum else "cfr"
        if spec.players == 2 and spec.zero_sum:
            return "nash"
        return "support_enumeration" if self.payoffs.size <= _FEW else "replicator"


class _Algorithm:
    """One algorithm, ready for one problem: `label` is its canonical name."""

    def __init__(self, text: str, problem: _Problem, asked: Mapping[str, Any]) -> None:
        target = text.partition("(")[0].strip()
        known = EXTENSIVE if problem.payoffs is None else {**EXTENSIVE, **NORMAL_FORM}
        if target in NORMAL_FORM and target not in known:
            raise SolverError(
                f"{target} solves games in normal form and {shorten(problem.game.spec.name)} is a tree; use one of "
                f"{', '.join(EXTENSIVE)}"
            )
        name, function = find(text, known)
        self._in_normal_form = problem.payoffs is not None and target in NORMAL_FORM
        self.label = str(name)
        takes = inspect.signature(function).parameters
        for key in asked:
            if key not in takes or key in name.arguments:
                why = "takes none" if key not in takes else "says so in its name already"
                raise SolverError(f"--{key} was given but {shorten(self.label)} {why}; leave one out")
        self.iterations = asked.get("iterations", name.arguments.get("iterations", _default(takes, "iterations")))
        self._watched = "watch" in takes
        self._run = partial(function, **asked)

    def __call__(self, problem: _Problem, watch: Watch) -> Equilibrium | Solution:
        """Solve."""
        given = problem.payoffs if self._in_normal_form else problem.tree
        return self._run(given, watch=watch) if self._watched else self._run(given)


def _default(parameters: Mapping[str, inspect.Parameter], key: str) -> Any:
    return parameters[key].default if key in parameters else None


def solve_game(
    game: str,
    algorithms: Sequence[str],
    *,
    iterations: int | None = None,
    tolerance: float | None = None,
    seed: int | None = None,
    plot: str | None = None,
    output: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Solve a game, by name, or a file of payoffs, by one algorithm after another.

    plot: a file for the picture of their gaps; output: a file for the first one's policy, as a snapshot.
    """
    _refuse_files(plot, output)
    prepare_process()
    problem = _Problem(game)
    given = {"iterations": iterations, "tolerance": tolerance, "seed": seed}
    asked = {key: value for key, value in given.items() if value is not None}
    ready = [_Algorithm(text, problem, asked) for text in algorithms or [problem.usual]]
    found: list[Equilibrium | Solution] = []
    solutions: list[dict[str, Any]] = []
    with stop_on_signals(_STOPPING) as stop:
        for algorithm in ready:
            began = time.perf_counter()
            with _shown(algorithm, stop, quiet=quiet) as watch:
                found.append(algorithm(problem, watch))
            solutions.append(_report(problem, algorithm.label, found[-1], time.perf_counter() - began))
            if stop():
                break
    low, high = problem.game.spec.utility
    result: dict[str, Any] = {"game": problem.game.spec.name, "file": problem.file}
    result |= {"players": problem.game.spec.players, "utility": [low, high]}
    result |= {"actions": problem.names or None, "interrupted": stop()}
    result |= solutions[0] if len(ready) == 1 else {"solutions": solutions}
    if plot is not None:
        from league.plotting import draw_gaps

        draw_gaps(problem.game.spec.name, solutions, Path(plot))
        result["plot"] = plot
    if output is not None:
        _write_policy(problem, found[0], solutions[0]["algorithm"], Path(output))
        result["output"] = output
    return result


def _refuse_files(plot: str | None, output: str | None) -> None:
    """Raise `UserError` for files that could not be written once the work is done."""
    if plot is not None:
        from league.plotting import refuse_picture

        refuse_picture(plot)
    if output is not None and not output.endswith(SUFFIX):
        raise UserError(f"expected --output to end in {SUFFIX} but got {shorten(repr(output))}; name such a file")
    for file in (plot, output):
        if file is not None and not Path(file).expanduser().absolute().parent.is_dir():
            raise UserError(f"there is no folder for {shorten(repr(file))}; make it first")


def _report(problem: _Problem, label: str, found: Equilibrium | Solution, seconds: float) -> dict[str, Any]:
    """Return what is printed of a solution.

    Its exploitability is that of its strategies, each played on its own: what a mediator correlates has none.
    """
    players = len(found.values)
    distribution = getattr(found, "distribution", None)
    exploitability = None if distribution is not None else found.gap / players
    if problem.payoffs is not None and isinstance(found, Equilibrium) and distribution is None:
        exploitability = nash_conv(problem.payoffs, found.strategies) / players
    return {
        "algorithm": label,
        "strategy": [strategy.tolist() for strategy in found.strategies] if isinstance(found, Equilibrium) else None,
        **({} if distribution is None else {"distribution": distribution.tolist()}),
        "value": found.values.tolist(),
        "gap": found.gap,
        "exploitability": exploitability,
        "iterations": found.iterations,
        "converged": bool(found.converged),
        "by_iteration": [_point(point, players) for point in found.by_iteration],
        "seconds": seconds,
    }


def _point(point: Point, players: int) -> dict[str, Any]:
    return {
        "iteration": point.iteration,
        "seconds": point.seconds,
        "gap": point.gap,
        "exploitability": point.gap / players,
    }


def _write_policy(problem: _Problem, found: Equilibrium | Solution, label: str, file: Path) -> None:
    """Write a solution as a snapshot, which can be seated like any agent."""
    if getattr(found, "distribution", None) is not None:
        raise UserError(
            f"{label} correlates what the players do, which no policy of one seat can: leave --output out, or solve by "
            "nash or support_enumeration"
        )
    behaviour = np.concatenate(found.strategies) if isinstance(found, Equilibrium) else found.behaviour
    spec = problem.game.spec
    snapshot = Snapshot(spec.name, (tabular(problem.tree, behaviour),), (0,) * spec.players, {"algorithm": label})
    write_atomically(file.expanduser(), snapshot.to_bytes())


@contextmanager
def _shown(algorithm: _Algorithm, stop: Callable[[], bool], *, quiet: bool) -> Iterator[Watch]:
    """Show a person how far an algorithm is; what is yielded says whether to stop."""
    from league.live import Countdown, watched

    with ExitStack() as stack:
        countdown = None
        if watched() and not quiet:
            countdown = stack.enter_context(Countdown(algorithm.label, algorithm.iterations))

        def watch(done: int, points: tuple[Point, ...]) -> bool:
            if countdown is not None:
                countdown.show(done, f"gap {points[-1].gap:.3g} at {points[-1].iteration:,}" if points else "")
            return stop()

        yield watch
