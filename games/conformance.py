"""The conformance suite: what every game must keep, checked on games played at random. A user's game can take it too.

report = check_game(make("mygame.py:MyGame"))
print(report)
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from games.conformance_checks import AFTER_PLAY, BEFORE_PLAY, Broken, Skip, check_length
from games.errors import GameError
from games.game import Game, GameSpec
from games.names import describe, shorten
from games.playout import Playout, play

_VITAL = ("columns", "legal actions", "finished rows", "chance", "observations")
"""What must hold for a game to be played at all, beside its description, start and length."""

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One property of a game: whether it held, and a sentence on what was seen."""

    name: str
    outcome: Outcome
    detail: str

    def __str__(self) -> str:
        return f"{self.outcome:8}{self.name}: {self.detail}"


@dataclass(frozen=True)
class Report:
    """Every check of one game, in order."""

    game: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """No check failed; some may have been skipped."""
        return not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    def __str__(self) -> str:
        return "\n".join((self.game, *map(str, self.checks)))


def check_game(game: Game, *, seed: int = 0, games: int = 64, only: Container[str] | None = None) -> Report:
    """Play `games` random games of `game` and check every property, or those named in `only`.

    A game that raises fails the check at hand. Where it cannot be played at all, the checks of play are skipped.
    """
    checks = [_run(name, partial(check, game)) for name, check in BEFORE_PLAY.items()]
    played: list[Playout] = []

    def length() -> str:
        ids = torch.arange(games, device=game.device)
        played.append(play(game, ids, seed=seed, limit=game.spec.max_moves + 1))
        return check_length(game, played[0])

    checks.append(_run("length", length))
    for name, check in AFTER_PLAY.items():
        if only is not None and name not in only:
            continue
        checks.append(_run(name, partial(check, game, played[0]) if played else _not_played))
    return Report(getattr(getattr(game, "spec", None), "name", type(game).__name__), tuple(checks))


def refuse_broken(game: Game, *, games: int = 2) -> None:
    """Play `games` random games and raise `GameError` for what would make an engine stumble: for games of users' files.

    A game that passes may still break its rules elsewhere; `check_game` looks at all of them, and longer.
    """
    checks = check_game(game, games=games, only=_VITAL).failures
    if checks:
        name = game.spec.name if isinstance(game.spec, GameSpec) else type(game).__name__
        raise GameError(
            f"{shorten(name)} cannot be played, {checks[0].name}: {shorten(checks[0].detail, limit=130)}; correct it "
            "and try `redqueen check-game`"
        )


def _not_played() -> str:
    raise Skip("no game could be played")


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, "passed", check())
    except Skip as reason:
        return Check(name, "skipped", str(reason))
    except Broken as reason:
        return Check(name, "failed", str(reason))
    except Exception as error:
        return Check(name, "failed", f"the game raised {describe(error)}")
