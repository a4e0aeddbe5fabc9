"""What is known of an OpenSpiel game: its specification and its page."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from games.about import About
from games.game import GameSpec
from games.names import shorten
from games.open_spiel.chance import SEED, is_sampled
from games.open_spiel.load import written
from games.open_spiel.quirks import forgets, quirk
from games.open_spiel.sight import Sight

if TYPE_CHECKING:
    import pyspiel

BATCH = 1024
"""Past this many games at once, the C++ states of a batch only crowd each other out of the processor's cache."""


def describe(game: "pyspiel.Game", name: str, sight: Sight) -> GameSpec:
    """Return what OpenSpiel tells of `game`, called `name`."""
    kind = game.get_type()
    listed = kind.chance_mode == kind.ChanceMode.EXPLICIT_STOCHASTIC
    left_out = forgets(game)
    return GameSpec(
        name=name,
        players=game.num_players(),
        actions=game.num_distinct_actions(),
        observation_shape=sight.shape,
        utility=(game.min_utility(), game.max_utility()),
        max_moves=game.max_game_length() + (_chance_moves(game) if listed else 0),
        zero_sum=kind.utility == kind.Utility.ZERO_SUM,
        perfect_information=kind.information == kind.Information.PERFECT_INFORMATION and not left_out,
        chance_outcomes=game.max_chance_outcomes() if listed else 0,
        sampled_chance=is_sampled(game),
        forgets=left_out,
        batch=BATCH,
    )


def about(game: "pyspiel.Game", sight: Sight, actions: Sequence[str]) -> About:
    """Return the page of `game`, in OpenSpiel's words; `actions` names those that are few enough to list."""
    kind, left_out = game.get_type(), forgets(game)
    numbered = ", ".join(f"{number} {name}" for number, name in enumerate(actions))
    listed = "; chance's are OpenSpiel's outcome ids" * (kind.chance_mode == kind.ChanceMode.EXPLICIT_STOCHASTIC)
    return About(
        summary=f"{kind.long_name}, as OpenSpiel plays it.",
        rules=f"{turns(kind).capitalize()}, for {players(kind)} players, {information(kind)}, {chance(kind)}. "
        f"{_utilities(kind)} {_parameters(game)}",
        observation=sight.layout + (left_out and f". It leaves out {left_out}"),
        actions="OpenSpiel's action ids" + (numbered and f": {numbered}") + listed,
        sources=(f"OpenSpiel {version('open_spiel')}, {kind.short_name}",),
    )


def players(kind: "pyspiel.GameType") -> str:
    """Say how many play."""
    least, most = kind.min_num_players, kind.max_num_players
    return str(least) if least == most else f"{least} to {most}"


def turns(kind: "pyspiel.GameType") -> str:
    """Say in which order players move."""
    return "simultaneous" if kind.dynamics == kind.Dynamics.SIMULTANEOUS else "turn-based"


def information(kind: "pyspiel.GameType") -> str:
    """Say what players know."""
    return kind.information.name.lower().replace("_", " ").replace("one shot", "one-shot")


def chance(kind: "pyspiel.GameType") -> str:
    """Say how chance moves."""
    return {
        kind.ChanceMode.DETERMINISTIC: "no chance",
        kind.ChanceMode.EXPLICIT_STOCHASTIC: "listed chance",
        kind.ChanceMode.SAMPLED_STOCHASTIC: "sampled chance",
    }[kind.chance_mode]


def _utilities(kind: "pyspiel.GameType") -> str:
    sum_of = {
        kind.Utility.ZERO_SUM: "Returns are zero-sum",
        kind.Utility.CONSTANT_SUM: "Returns have a constant sum",
        kind.Utility.GENERAL_SUM: "Returns are general-sum",
        kind.Utility.IDENTICAL: "Returns are the same for all",
    }[kind.utility]
    when = "at the end" if kind.reward_model == kind.RewardModel.TERMINAL else "along the way"
    return f"{sum_of} and paid {when}."


def _parameters(game: "pyspiel.Game") -> str:
    """List the parameters as they are, and what they are unless given."""
    import pyspiel

    short_name, given = game.get_type().short_name, game.get_parameters()
    kind = next(kind for kind in pyspiel.registered_games() if kind.short_name == short_name)
    usual = {key: value for key, value in sorted(kind.parameter_specification.items()) if key != SEED}
    if not usual:
        return "It has no parameters."
    listed = [_parameter(key, given.get(key, value)) for key, value in usual.items()]
    changed = [key for key, value in usual.items() if not isinstance(value, dict) and given.get(key, value) != value]
    defaults = [_parameter(key, usual[key]) for key in changed]
    return f"Parameters: {', '.join(listed)}" + (f"; unless given, {', '.join(defaults)}." if defaults else ".")


def _parameter(key: str, value: Any) -> str:
    return f"{key}={shorten(written(value) if isinstance(value, dict) else repr(value))}"


def _chance_moves(game: "pyspiel.Game") -> int:
    """Bound the chance moves of one game: OpenSpiel's own bound is too small where many follow a joint move."""
    times, more = quirk(game).chance
    return max(game.max_chance_nodes_in_history(), times * game.max_game_length() + more)
