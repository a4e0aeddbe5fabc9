"""Repeated games by name: any matrix game again and again, and the iterated prisoner's dilemma."""

import math
from typing import Any

import numpy as np
import torch

from games.about import About
from games.arguments import share, usual, whole
from games.entry import Entry
from games.errors import GameError
from games.game import Game
from games.matrices.catalogue import prisoners_dilemma
from games.matrices.matrix import MatrixGame
from games.matrices.repeated_game import RepeatedGame
from games.names import shorten

_USUAL = 10
_MOST = 100_000
_CUT_SHORT = 1e-4
"""How likely the cap on the rounds may cut a game short, where it is not given."""


def repeated(
    game: str | MatrixGame,
    rounds: int | None = None,
    *,
    continuation: float = 1.0,
    noise: float = 0.0,
    device: torch.device | str = "cpu",
) -> RepeatedGame:
    """Return a matrix game played again and again.

    game: a matrix game or the name of one; a game given as such stays on its own device.
    rounds: how many at most. Without it, 10 where the game never stops before; else as many as leave the cap a chance
        of at most 1e-4 to cut a game short: the same part of all that is expected to be paid.
    continuation: the probability that there is another round after each but the last.
    noise: the probability, for each seat and round, that its hand slips to another action, each as likely.

    Raises `GameError` when an argument is out of range or `game` is no matrix game.
    """
    stage, arguments = _stage(game, device), _arguments(rounds, continuation, noise)
    name = usual("repeated", repeated, {"game": _name(stage), **arguments})
    return RepeatedGame(stage, name=name, **arguments)


def iterated_prisoners_dilemma(
    *,
    rounds: int | None = None,
    continuation: float = 1.0,
    noise: float = 0.0,
    device: torch.device | str = "cpu",
) -> RepeatedGame:
    """Return the prisoner's dilemma at its usual payoffs, repeated; the arguments are those of `repeated`."""
    arguments = _arguments(rounds, continuation, noise)
    name = usual("iterated_prisoners_dilemma", iterated_prisoners_dilemma, arguments)
    return RepeatedGame(prisoners_dilemma(device=device), name=name, **arguments)


def _stage(game: object, device: torch.device | str) -> MatrixGame:
    made = _make(game, device) if isinstance(game, str) else game
    if not isinstance(made, MatrixGame):
        what = repr(game) if isinstance(game, str) else f"an object of type {type(game).__name__}"
        raise GameError(
            f"expected a matrix game to repeat but {shorten(what)} is not one; give for example "
            "game='prisoners_dilemma'"
        )
    return made


def _name(stage: MatrixGame) -> str:
    """Return a name that makes the stage game again: its own, or where that makes another game or none its payoffs."""
    try:
        again = _make(stage.spec.name)
    except GameError:
        again = None
    same = isinstance(again, MatrixGame) and np.array_equal(again.payoffs, stage.payoffs)
    return stage.spec.name if same else MatrixGame(stage.payoffs).spec.name


def _make(name: str, device: torch.device | str = "cpu") -> Game[Any]:
    from games.registry import make  # which lists the games of this file

    return make(name, device=device)


def _arguments(rounds: int | None, continuation: float, noise: float) -> dict[str, Any]:
    going_on = share("continuation", continuation)
    if rounds is None:
        rounds = rounds_until(going_on, chance=_CUT_SHORT) if going_on < 1 else _USUAL
        if rounds > _MOST:
            raise GameError(
                f"expected rounds beside a continuation of {going_on}, with which a game may well last {rounds:,} "
                f"rounds; write rounds={_MOST}"
            )
    return {
        "rounds": whole("rounds", rounds, least=1, most=_MOST),
        "continuation": going_on,
        "noise": share("noise", noise),
    }


def rounds_until(continuation: float, *, chance: float) -> int:
    """Return the fewest rounds that a game which goes on with probability `continuation` outlasts with `chance`."""
    return max(1, math.ceil(math.log(chance) / math.log(continuation))) if continuation else 1


_OBSERVATION = (
    "round by round the seat's own action one-hot, then the next seats' around the table, as they were played, and "
    "where hands tremble the action that the seat itself chose; zeros for the rounds to come"
)
_CHANCE = (
    "chance, under noise, the joint action that is played instead of the chosen one, the last seat's action running "
    "fastest; where the game may stop, then one outcome more to go on and one to stop"
)
_RULES = (
    "After each round but the last there is another with probability `continuation` (1); `rounds` is 10, or where the "
    "game may stop before, as many as at most one game in 10,000 would outlast. With `noise` (0) a seat's hand slips, "
    "with that probability, to one of its other actions."
)

GAMES = {
    "repeated": Entry(
        factory=repeated,
        example="repeated(game='stag_hunt', rounds=4)",
        about=About(
            summary="a matrix game again and again",
            rules="The seats play `game`, a matrix game, `rounds` times at most, are paid each time, and see what was "
            f"played. {_RULES}",
            observation=_OBSERVATION,
            actions=f"those of the stage game; {_CHANCE}",
            known="an equilibrium of the stage game in every round is an equilibrium, and where the stage game has "
            "only one and the number of rounds is known, the only one that is perfect in all subgames; with enough of "
            "a future, whatever is better for all is one too, but for the last rounds before a cap (the folk theorem)",
            sources=(
                'J. W. Friedman, "A non-cooperative equilibrium for supergames", Review of Economic Studies 38, 1971',
                "agrees with OpenSpiel's repeated_game",
            ),
        ),
    ),
    "iterated_prisoners_dilemma": Entry(
        factory=iterated_prisoners_dilemma,
        example="iterated_prisoners_dilemma",
        about=About(
            summary="the prisoner's dilemma again and again, where cooperation can be rewarded",
            rules="In every round both cooperating pays each 3 and both defecting 1; a defector is paid 5 against a "
            f"cooperator, who is paid 0. {_RULES}",
            observation=_OBSERVATION,
            actions=f"0 cooperate, 1 defect; {_CHANCE}",
            known="(4^rounds - 1) / 3 information sets a seat without chance; where the number of rounds is known, all "
            "equilibria defect in every round that they reach; where it is not, never to defect first and always after "
            "(the grim trigger) is an equilibrium from a continuation of 1/2 on, and tit for tat from 2/3 on, but for "
            "a cap, against which a last defection gains 2 with probability continuation^(rounds - 1)",
            sources=(
                "R. D. Luce and H. Raiffa, Games and Decisions, 1957, for the known horizon",
                'R. Axelrod, "Effective choice in the prisoner\'s dilemma", Journal of Conflict Resolution 24, 1980, '
                "whose tournament is rounds=200",
                "agrees with OpenSpiel's repeated_game of matrix_pd",
            ),
        ),
    ),
}
