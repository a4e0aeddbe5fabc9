"""Loading of an OpenSpiel game from a name and arguments, with every failure as one sentence."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from games.errors import GameError, nearest
from games.names import Name
from games.open_spiel.chance import SEED, is_sampled, is_seeded

if TYPE_CHECKING:
    import pyspiel

MOST_ACTIONS = 2**20
"""A legality mask of more entries than this is not worth building for every decision."""

_FAILURES = (RuntimeError, IndexError, ValueError, TypeError, MemoryError)
"""What pybind makes of C++ exceptions; pyspiel.SpielError is a RuntimeError."""

_EXPECTED = {bool: "True or False", int: "a whole number", float: "a number", str: "text", dict: "an OpenSpiel game"}


def load(target: str, arguments: Mapping[str, Any]) -> "tuple[pyspiel.Game, str]":
    """Load the OpenSpiel game `target` and return it with its name, which loads it again.

    Raises GameError for a missing library, an unknown name or argument, a value OpenSpiel refuses, and for games that
    the face of a game cannot carry: mean fields, chance that can neither be listed nor seeded, actions without numbers,
    nothing that says what a seat sees.
    """
    try:
        import pyspiel
    except ImportError as missing:
        raise GameError(
            f"open_spiel:{_short(target)} needs OpenSpiel, which is not installed; "
            "install it with `pip install open_spiel`"
        ) from missing
    checked = _check(pyspiel, target, arguments)
    plain = {key: written(value) if isinstance(value, dict) else value for key, value in checked.items()}
    name = str(Name(target, "open_spiel", plain, "library"))
    try:
        with quiet():
            game = pyspiel.load_game(target, checked)
            if is_seeded(game):
                game = pyspiel.load_game(target, {**checked, SEED: 0})
            opening = game.new_initial_state()
    except _FAILURES as refused:
        takes = _takes(_kinds(pyspiel)[target])
        raise GameError(f"OpenSpiel refuses {_short(name)}: {_reason(refused)}{takes}") from refused
    _check_kind(pyspiel, game, _short(name))
    _check_opening(pyspiel, opening, _short(name))
    return game, name


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what is written to the process's standard error inside: OpenSpiel prints each exception before it throws.

    It throws rarely and only for arguments that a person typed, so that what other threads lose is next to nothing.
    """
    try:
        kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error to keep quiet
        yield
        return
    os.dup2(sink, 2)
    os.close(sink)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def first_decision(state: "pyspiel.State") -> "pyspiel.State":
    """Return a state of the first decision after `state`; chance's outcomes are taken in turn.

    Always taking the first would never leave a redeal: crazy eights puts an opening eight back and draws again.
    """
    for move in count():
        if not state.is_chance_node():
            break
        outcomes = state.chance_outcomes()
        state = state.child(outcomes[move % len(outcomes)][0])
    return state


def _check(pyspiel: Any, target: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments in OpenSpiel's own types."""
    kinds = _kinds(pyspiel)
    if target not in kinds:
        close = nearest(target, kinds) or "; pyspiel.registered_names() lists those it has"
        raise GameError(f"OpenSpiel has no game {_short(repr(target))}{close}")
    known = kinds[target].parameter_specification
    checked = {}
    for key, value in arguments.items():
        if key not in known:
            close = nearest(key, known) or _takes(kinds[target])
            raise GameError(f"open_spiel:{target} has no argument {_short(repr(key))}{close}")
        if key == SEED:
            raise GameError(f"open_spiel:{target} is seeded game by game, by the match; leave {SEED} out")
        checked[key] = _convert(pyspiel, f"open_spiel:{target}", key, value, type(known[key]))
    least, most = kinds[target].min_num_players, kinds[target].max_num_players
    if "players" in checked and not least <= checked["players"] <= most:
        raise GameError(f"open_spiel:{target} is played by {least} to {most} players, not {checked['players']}")
    return checked


def _kinds(pyspiel: Any) -> "dict[str, pyspiel.GameType]":
    return {kind.short_name: kind for kind in pyspiel.registered_games()}


def _takes(kind: "pyspiel.GameType") -> str:
    names = _short(", ".join(sorted(kind.parameter_specification)), 120)
    return f"; it takes {names}" if names else "; it takes no arguments"


def _convert(pyspiel: Any, name: str, key: str, value: Any, kind: type) -> Any:
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is dict and isinstance(value, str):
        try:
            with quiet():
                inner = pyspiel.game_parameters_from_string(value)
        except _FAILURES as refused:
            raise GameError(f"{name} cannot read {key}={_short(value)}: {_reason(refused)}") from refused
        target = inner.pop("name")
        return {"name": target, **_check(pyspiel, target, inner)}
    if type(value) is not kind or (kind is int and abs(value) >= 2**31):
        raise GameError(f"{name} expects {_EXPECTED[kind]} for {key}, not {_short(repr(value))}")
    return value


def written(value: Any) -> str:
    """Write an argument as OpenSpiel does, a game as `goofspiel(num_cards=3)`."""
    if not isinstance(value, dict):
        return str(value)
    inner = ",".join(f"{key}={written(value[key])}" for key in sorted(value) if key != "name")
    return f"{value['name']}({inner})"


def _check_kind(pyspiel: Any, game: "pyspiel.Game", name: str) -> None:
    kind = game.get_type()
    if kind.dynamics == pyspiel.GameType.Dynamics.MEAN_FIELD:
        raise GameError(f"{name} is a mean-field game, played by a distribution over states and not by seats")
    if is_sampled(game) and not is_seeded(game):
        raise GameError(
            f"{name} draws its chance moves inside OpenSpiel, with no list of outcomes and no seed, so its games could "
            "not be repeated; use a game whose chance_mode is not SAMPLED_STOCHASTIC"
        )
    if kind.action_structs_only:
        raise GameError(f"{name} is played by structures and not by numbered actions, which nothing here can choose")
    if not (
        kind.provides_information_state_tensor
        or kind.provides_observation_tensor
        or kind.provides_information_state_string
        or kind.provides_observation_string
    ):
        raise GameError(f"{name} has neither a tensor nor a text that shows its players what they see")
    if game.num_distinct_actions() > MOST_ACTIONS:
        raise GameError(
            f"{name} has {game.num_distinct_actions()} actions, more than the {MOST_ACTIONS} a legality mask can hold; "
            "choose smaller arguments"
        )
    if game.num_distinct_actions() < 1 or game.max_game_length() < 1:
        raise GameError(f"{name} lists no moves to play; choose other arguments or another game")


def _check_opening(pyspiel: Any, state: "pyspiel.State", name: str) -> None:
    """Refuse games that list no actions, such as those played by action structures only."""
    try:
        with quiet():
            state = first_decision(state)
            player = 0 if state.is_simultaneous_node() else state.current_player()
            playable = not state.is_terminal() and len(state.legal_actions(player)) > 0
    except _FAILURES as refused:
        raise GameError(f"{name} cannot be played move by move: {_reason(refused)}") from refused
    if not playable:
        raise GameError(f"{name} lists no moves to play; choose other arguments or another game")


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _reason(error: Exception) -> str:
    """Return OpenSpiel's message on one line, without the place in its source."""
    words = " ".join(str(error).replace("\n", ", ").split()).rstrip(" .,")
    if words.startswith("/") and ".cc:" in words:
        words = words.split(" ", 1)[-1]
    return _short(words, 150)
