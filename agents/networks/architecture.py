"""What a policy-value network is built from: plain JSON, checked before anything is built."""

import math
from typing import Any

from agents.agent import AgentError
from games.names import shorten

_SIZES = {"dense": {"layers": 1, "width": 1}, "residual": {"blocks": 0, "channels": 1}}
"""The least value of each kind's sizes."""

_MOST = 65_536
"""The most that any size may be, so that a damaged file is refused before memory is asked for."""


def checked(architecture: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `architecture`.

    Raises:
        AgentError: when it is not that of a policy-value network.
    """
    if not isinstance(architecture, dict) or architecture.get("kind") not in list(_SIZES):
        came = architecture.get("kind") if isinstance(architecture, dict) else architecture
        raise AgentError(
            "a policy-value network's architecture needs as its kind 'dense' or 'residual', "
            f"not {shorten(repr(came))}: name one of them"
        )
    sizes = _SIZES[architecture["kind"]]
    needed = [*sizes, "observation", "actions"]
    missing = [name for name in needed if name not in architecture]
    unknown = [name for name in architecture if name not in (*needed, "kind", "temperature")]
    if missing or unknown:
        wrong = f"{missing[0]!r} is missing" if missing else f"{shorten(repr(unknown[0]))} is not one of them"
        raise AgentError(
            f"a {architecture['kind']} network's architecture has {', '.join(map(repr, needed))} and perhaps "
            f"'temperature', but {wrong}: correct it"
        )
    for name, least in (*sizes.items(), ("actions", 1)):
        _refuse_other_than_whole(name, architecture[name], least)
    shape = architecture["observation"]
    if not isinstance(shape, list | tuple) or (architecture["kind"] == "residual" and len(shape) != 3):
        wanted = "[channels, height, width]" if architecture["kind"] == "residual" else "a list of sizes"
        raise AgentError(
            f"a {architecture['kind']} network sees observations of shape {wanted}, "
            f"not {shorten(repr(shape))}: use a dense network for other games"
        )
    for size in shape:
        _refuse_other_than_whole("observation", size, 1)
    _refuse_other_than_whole("observation", math.prod(shape), 1, most=_MOST**2)
    temperature = architecture.get("temperature", 1.0)
    if not isinstance(temperature, int | float) or not 0 <= temperature < math.inf:
        raise AgentError(
            f"a network's temperature is a number of at least 0, not {shorten(repr(temperature))}: correct it"
        )
    return {**architecture, "observation": list(shape)}


def _refuse_other_than_whole(name: str, value: Any, least: int, *, most: int = _MOST) -> None:
    if type(value) is not int or not least <= value <= most:
        raise AgentError(
            f"a network's architecture needs as {name!r} whole numbers from {least} to {most:,}, "
            f"not {shorten(repr(value))}: correct it"
        )
