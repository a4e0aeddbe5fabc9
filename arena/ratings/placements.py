"""Skill from games of any number of players, by the order in which they ended: the models of openskill."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from games.errors import UserError, nearest

MODELS = {
    "plackett-luce": "PlackettLuce",
    "bradley-terry-full": "BradleyTerryFull",
    "bradley-terry-part": "BradleyTerryPart",
    "thurstone-mosteller-full": "ThurstoneMostellerFull",
    "thurstone-mosteller-part": "ThurstoneMostellerPart",
}
"""openskill's classes by the models' names."""


@dataclass(frozen=True, kw_only=True)
class Skill:
    """A player's skill: its mean and standard deviation, 25 and 25/3 before the first game."""

    mu: float
    sigma: float


def rate_placements(games: Iterable[Sequence[tuple[str, float]]], *, model: str = "plackett-luce") -> dict[str, Skill]:
    """Return every player's skill after `games`, one after another; each lists its players with what each scored.

    A higher score is a better place, equal ones share it. Weng and Lin, "A Bayesian approximation method for online
    ranking", 2011, as openskill has it. Raises `UserError` without that library, for an unknown model, and for a game
    of fewer than two players or with one of them twice.
    """
    if model not in MODELS:
        raise UserError(f"expected one of {', '.join(MODELS)}, not {model!r}{nearest(model, MODELS)}")
    engine = _engine(model)
    skills: dict[str, Any] = {}
    for number, game in enumerate(games, start=1):
        names = [name for name, _ in game]
        if len(names) < 2 or len(set(names)) < len(names):
            raise UserError(
                f"game {number}: expected two different players or more, not {', '.join(names) or 'none'}: leave it out"
            )
        teams = [[skills.get(name) or engine.rating()] for name in names]
        after = engine.rate(teams, scores=[float(score) for _, score in game])
        skills.update((name, team[0]) for name, team in zip(names, after, strict=True))
    return {name: Skill(mu=skill.mu, sigma=skill.sigma) for name, skill in skills.items()}


def _engine(model: str) -> Any:
    try:
        from openskill import models
    except ModuleNotFoundError as error:
        raise UserError(
            "skill from placements takes openskill, which is not installed: install it with "
            "`pip install 'redqueen[openskill]'`"
        ) from error
    return getattr(models, MODELS[model])()
