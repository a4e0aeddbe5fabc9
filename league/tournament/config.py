"""What a tournament is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from games.errors import UserError, nearest
from games.names import shorten


class TournamentError(UserError):
    """A tournament cannot be held as asked."""


class TournamentConfig(BaseModel):
    """Everything that shapes a tournament but the game and the agents."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["round-robin", "gauntlet", "swiss", "knockout", "double-elimination", "adaptive", "league"] = Field(
        default="round-robin", description="who meets whom"
    )
    repetitions: int = Field(
        default=10, ge=1, le=10_000_000, description="deals of an encounter; each is played in every seating"
    )
    opening: int = Field(default=0, ge=0, le=10_000, description="moves at the start of each game that are drawn")
    rounds: int | None = Field(default=None, ge=1, le=100_000, description="of swiss [default: those of a knockout]")
    heads: int = Field(default=1, ge=1, le=100_000, description="of gauntlet: how many of the first meet everyone")
    encounters: int | None = Field(
        default=None, ge=1, le=10_000_000, description="of adaptive: in all [default: twice those of round-robin]"
    )
    confidence: float | None = Field(
        default=None, gt=0.5, lt=1, description="of adaptive: end once the order of all is that sure, such as 0.95"
    )
    at_once: int = Field(
        default=2, ge=1, le=10_000, description="of adaptive and league: encounters chosen before their results are in"
    )
    move_time: float = Field(default=5.0, gt=0, le=86_400, description="seconds that a bot may think about a move")
    game_time: float = Field(default=300.0, gt=0, le=864_000, description="seconds that a bot may think in a game")
    start_time: float = Field(default=30.0, gt=0, le=86_400, description="seconds until a bot must be ready")
    memory: int = Field(default=1024, ge=16, le=1 << 20, description="MiB that a bot may use, all in all")
    seed: int = Field(default=0, ge=0, lt=2**63, description="all randomness comes from it")
    hours: float | None = Field(default=None, gt=0, le=100_000, description="stop after this long")
    workers: int = Field(default=0, ge=0, le=256, description="processes that play, 0 for one a core")


VOLATILE = ("hours", "workers")
"""What may differ between tournaments in which the same happened."""


def validated(values: dict[str, object]) -> TournamentConfig:
    """Check every flag; raises `TournamentError` that names the first that cannot be."""
    try:
        return TournamentConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise TournamentError(f"unknown key '{key}'{nearest(key, TournamentConfig.model_fields)}") from None
        raise TournamentError(
            f"--{key.replace('_', '-')} {shorten(repr(first['input']))} is not allowed: "
            f"{first['msg'][0].lower()}{first['msg'][1:]}"
        ) from None
