"""What OpenSpiel's description of a game leaves out or gets wrong, game by game.

Tests take each quirk away in turn and see something break, so that none outlives its cause.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyspiel


@dataclass(frozen=True, kw_only=True)
class Quirk:
    """One game's peculiarities.

    forgets: what an observation leaves out of what its seat knows, beyond what `forgets` below says of a whole kind.
    blind: the observation tensor leaves out so much that OpenSpiel's text of the observation is shown instead.
    terse: the observation string says less than the observation tensor, so it does not name what a seat knows.
    chance: (a, b) where at most a * max_game_length + b chance moves are made, more than OpenSpiel's bound.
    local_names: naming an action that is not legal at hand crashes the process.
    """

    forgets: str = ""
    blind: bool = False
    terse: bool = False
    chance: tuple[int, int] = (0, 0)
    local_names: bool = False


QUIRKS = {
    "chess": Quirk(local_names=True),
    # Each agent's success is drawn, then who goes first.
    "coop_box_pushing": Quirk(chance=(3, 0)),
    "crazyhouse": Quirk(local_names=True),
    "dark_hex": Quirk(
        forgets="the number of moves made, which OpenSpiel's information state string counts and its tensor does not"
    ),
    "hive": Quirk(forgets="which bug of a kind stands where, which tells the actions that are legal"),
    # Both agents are placed; then who goes first is drawn, and where a tagged agent returns.
    "laser_tag": Quirk(chance=(2, 2)),
    "liars_dice_ir": Quirk(forgets="all but the last four bids, by design: a game of imperfect recall"),
    "phantom_go": Quirk(terse=True),
    "phantom_ttt_ir": Quirk(forgets="the order of its own moves, by design: a game of imperfect recall"),
    "quoridor": Quirk(blind=True),  # the tensor shows no walls
    "repeated_game": Quirk(forgets="how many repetitions are left"),
    "repeated_leduc_poker": Quirk(forgets="the hands before the present one, and whether that one is over"),
    "stones_and_gems": Quirk(forgets="which stones are falling"),
}


def quirk(game: "pyspiel.Game") -> Quirk:
    """Return the peculiarities of `game`, or of the game that it wraps, such as chess in misere(game=chess())."""
    names = re.findall(r"\w+(?=\()", str(game))
    return next((QUIRKS[name] for name in names if name in QUIRKS), Quirk())


def forgets(game: "pyspiel.Game") -> str:
    """Say what an observation leaves out of what its seat knows, as a clause; empty where it tells everything.

    A game of perfect information need not tell how a position came about, so that it forgets nothing that matters.
    """
    kind = game.get_type()
    if own := quirk(game).forgets:
        return own
    recalls = kind.provides_information_state_tensor or (
        kind.provides_information_state_string and not kind.provides_observation_tensor
    )
    imperfect = kind.information == kind.Information.IMPERFECT_INFORMATION
    return "what was seen earlier and OpenSpiel's observation does not repeat" if imperfect and not recalls else ""
