"""From a game's name to the game."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from games.errors import GameError, nearest
from games.game import Game, GameSpec
from games.kuhn_poker import KuhnPoker
from games.leduc_poker import LeducPoker
from games.matrix import MatrixGame, rock_paper_scissors
from games.names import Name, describe, load_from_file, parse, shorten
from games.tic_tac_toe import TicTacToe


def _matrix(*, payoffs: list[Any], device: torch.device | str = "cpu") -> MatrixGame:
    """Return a matrix game whose name holds its payoffs."""
    return MatrixGame(payoffs, device=device)


_OWN: dict[str, tuple[Callable[..., Game], str, str]] = {
    "kuhn_poker": (KuhnPoker, "kuhn_poker", "three cards, one bet"),
    "leduc_poker": (LeducPoker, "leduc_poker", "six cards, two rounds of betting around a public card"),
    "matrix": (_matrix, "matrix(payoffs=[[3, 0], [5, 1]])", "one simultaneous move, paid by a table"),
    "rock_paper_scissors": (rock_paper_scissors, "rock_paper_scissors", "one simultaneous move in a cycle of three"),
    "tic_tac_toe": (TicTacToe, "tic_tac_toe", "three in a row on nine cells"),
}
_LIBRARIES = ("open_spiel", "pettingzoo")


def make(name: str, *, device: torch.device | str = "cpu") -> Game:
    """Return the game called `name`, with its states on `device`.

    `make(game.spec.name)` makes the same game again. Raises `GameError` with one sentence when it cannot be made.
    """
    parsed, place = parse(name, error=GameError), _device(device)
    if parsed.kind == "own":
        return _make_own(parsed, place)
    if parsed.kind == "file":
        return _make_from_file(parsed, place)
    if parsed.source == "open_spiel":
        from games.open_spiel import make_open_spiel

        return make_open_spiel(parsed.target, dict(parsed.arguments), place)
    if parsed.source == "pettingzoo":
        raise GameError(
            f"PettingZoo is not supported yet, so {shorten(repr(name))} cannot be played; "
            "choose a game of ours or of OpenSpiel"
        )
    if parsed.kind == "library":
        raise GameError(
            f"expected open_spiel: before a library's game but got {shorten(repr(parsed.source))}"
            f"{nearest(parsed.source, _LIBRARIES)}"
        )
    raise GameError(f"expected a game but {shorten(repr(name))} names an agent; give a game such as kuhn_poker")


def known() -> list[tuple[str, str]]:
    """Return the games of our own: a name that `make` takes and one line about each."""
    return [(example, description) for _, example, description in _OWN.values()]


def _make_own(name: Name, device: torch.device) -> Game:
    if name.target not in _OWN:
        hint = nearest(name.target, _OWN) or f"; ours are {', '.join(_OWN)}"
        raise GameError(f"there is no game called {shorten(repr(name.target))}{hint}")
    factory = _OWN[name.target][0]
    _check_arguments(name.target, factory, name.arguments)
    return factory(**name.arguments, device=device)


def _make_from_file(name: Name, device: torch.device) -> Game:
    """Construct a user's game and give it the name that makes it again."""
    place = shorten(repr(name.source))
    if not name.target:
        raise GameError(f"expected the game's class after {place}; write it as file.py:MyGame")
    factory = load_from_file(name.source, name.target, error=GameError)
    label = shorten(name.target, limit=40)
    if not callable(factory) or (isinstance(factory, type) and not issubclass(factory, Game)):
        raise GameError(
            f"expected {label} in {place} to be a subclass of games.Game but it is not; derive it from Game"
        )
    _check_arguments(label, factory, name.arguments)
    takes_device = "device" in inspect.signature(factory).parameters
    if not takes_device and device.type != "cpu":
        raise GameError(f"{label} in {place} cannot be put on {device}: its constructor takes no device; add one")
    try:
        game = factory(**name.arguments, **({"device": device} if takes_device else {}))
    except GameError:
        raise
    except Exception as cause:
        raise GameError(
            f"making {label} of {place} raised {describe(cause)}; correct the class or its arguments"
        ) from cause
    if not isinstance(game, Game) or not isinstance(getattr(game, "spec", None), GameSpec):
        raise GameError(f"expected {label} of {place} to make a games.Game with a GameSpec in .spec; give it both")
    game.spec = replace(game.spec, name=str(name))
    return game


def _check_arguments(label: str, factory: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Raise `GameError` when `factory` does not take exactly these arguments beside its device."""
    parameters = {key: value for key, value in inspect.signature(factory).parameters.items() if key != "device"}
    named = [
        key for key, value in parameters.items() if value.kind in (value.POSITIONAL_OR_KEYWORD, value.KEYWORD_ONLY)
    ]
    open_ended = any(value.kind is value.VAR_KEYWORD for value in parameters.values())
    takes = f"takes {shorten(', '.join(named))}" if named else "takes no arguments"
    unknown = "device" if "device" in arguments else next((key for key in arguments if key not in named), None)
    if unknown is not None and (not open_ended or unknown == "device"):
        hint = nearest(unknown, named) or "; leave it out"
        raise GameError(f"{label} {takes} but got {shorten(repr(unknown))}{hint}")
    missing = [key for key in named if parameters[key].default is inspect.Parameter.empty and key not in arguments]
    if missing:
        raise GameError(f"{label} {takes} but {shorten(repr(missing[0]))} is missing; write {label}({missing[0]}=...)")


def _device(device: torch.device | str) -> torch.device:
    try:
        place = torch.device(device)
    except RuntimeError:
        raise GameError(
            f"expected a device such as cpu or cuda but got {shorten(repr(device))}; name one of these"
        ) from None
    if place.type == "cuda" and not torch.cuda.is_available():
        raise GameError(f"expected a device of this machine but {place} is not available here; use device='cpu'")
    return place
