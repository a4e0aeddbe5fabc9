"""From a name, an environment or a function to the game. PettingZoo itself is imported when one is made."""

import math
from typing import TYPE_CHECKING, Any

import torch

from games.errors import GameError
from games.names import Name
from games.pettingzoo.load import LIBRARY, Given, find, is_environment, need

if TYPE_CHECKING:
    from games.pettingzoo.adapter import PettingZooGame

_RESERVED = ("fresh", "max_moves", "utility", "zero_sum")
"""The arguments of a name that are the adapter's, beside `api`."""


def make_pettingzoo(
    parsed: Name, *, device: torch.device | str = "cpu", workers: int = 0, deadline: float = 60.0
) -> "PettingZooGame":
    """Return the game of an environment's name, or raise `GameError`.

    Of its arguments five are the adapter's, and the others the environment's own. `api`: "parallel" or "aec", where an
    environment has both. `max_moves`: after how many steps a game is cut short. `fresh`: play each game in a new
    environment, for those whose reset leaves traces of the game before. `zero_sum` and `utility`, the least and the
    greatest return: what no environment tells of itself.
    """
    source = find(parsed, reserved=_RESERVED)
    from games.pettingzoo.adapter import PettingZooGame

    own = {key: value for key, value in parsed.arguments.items() if key in _RESERVED}
    return PettingZooGame(source, device=torch.device(device), workers=workers, deadline=deadline, **own)


def from_pettingzoo(
    environment: Any,
    *,
    max_moves: int = 10_000,
    fresh: bool = False,
    zero_sum: bool = False,
    utility: tuple[float, float] = (-math.inf, math.inf),
    device: torch.device | str = "cpu",
) -> "PettingZooGame":
    """Return the game of an environment of your own, or of a function that makes such environments.

    An environment plays one game at a time; a function's play as many as are asked for. The arguments are those of
    `make_pettingzoo`. The game's name cannot be made again: for that, put the code in a file and write
    `pettingzoo:file.py:make`.
    """
    need("a PettingZoo environment")
    from games.pettingzoo.adapter import PettingZooGame

    single = is_environment(environment)
    if not single and not callable(environment):
        raise GameError(
            "expected a PettingZoo environment or a function that makes one but got a "
            f"{type(environment).__name__}; give one of these"
        )
    label = getattr(environment, "metadata", {}).get("name") if single else getattr(environment, "__name__", None)
    safe = "".join(letter if letter.isalnum() else "_" for letter in str(label or type(environment).__name__))
    return PettingZooGame(
        Given(f"{LIBRARY}:object/{safe}", (lambda: environment) if single else environment),
        device=torch.device(device),
        max_moves=max_moves,
        fresh=fresh and not single,
        zero_sum=zero_sum,
        utility=utility,
        single=single,
    )
