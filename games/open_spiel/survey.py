"""Every game that OpenSpiel registers: whether it can be played here, what the conformance suite says, or why not.

python -m games.open_spiel.survey docs/open_spiel.md    # writes the table again
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from games.conformance import Report, check_game
from games.errors import GameError
from games.names import parse
from games.open_spiel.adapter import make_open_spiel
from games.open_spiel.describe import chance, information, players, turns

if TYPE_CHECKING:
    import pyspiel

GAMES = 4
"""How many random games a check plays."""

_SLOW = {"bridge_uncontested_bidding": 1}
"""It solves ten deals at the end of each game, which takes a second."""

EXAMPLES = {
    "add_noise": "add_noise(epsilon=0.1, game='kuhn_poker', seed=1)",
    "cached_tree": "cached_tree(game='kuhn_poker')",
    "coop_to_1p": "coop_to_1p(game='tiny_hanabi')",
    "misere": "misere(game='tic_tac_toe')",
    "normal_form_extensive_game": "normal_form_extensive_game(game='kuhn_poker')",
    "repeated_game": "repeated_game(num_repetitions=3, stage_game='matrix_pd')",
    "repeated_poker": "repeated_poker(max_num_hands=2, reset_stacks=True, "
    "universal_poker_game_string='universal_poker')",
    "restricted_nash_response": "restricted_nash_response(game='leduc_poker')",
    "start_at": "start_at(game='tic_tac_toe', history='4')",
    "turn_based_simultaneous_game": "turn_based_simultaneous_game(game='goofspiel(num_cards=4)')",
    "zerosum": "zerosum(game='kuhn_poker')",
}
"""Arguments for games that cannot do without."""

Outcome = Literal["works", "refused", "needs a file"]


@dataclass(frozen=True)
class Row:
    """What became of one game.

    name: what stands after `open_spiel:`. sight: what a seat sees of it, and in which shape. outcome: "works" when no
    check failed. detail: how many checks hold and which were skipped, what observations leave out, or the reason of a
    refusal.
    """

    name: str
    long_name: str
    players: str
    turns: str
    information: str
    chance: str
    sight: str
    outcome: Outcome
    detail: str

    def __str__(self) -> str:
        kind = self.players, self.turns, self.information, self.chance, self.sight
        return f"| {' | '.join((f'`{self.name}`', self.long_name, *kind, self.outcome, self.detail))} |"


class Unsound(Exception):
    """A game can be played but breaks what the conformance suite asks: it wants a repair or a reason to refuse it."""


def names() -> list[str]:
    """Return what OpenSpiel registers, in order, with arguments where a game cannot do without.

    Its games in Python are left out, for they register only once somebody imports them.
    """
    import pyspiel

    registered: list[str] = [kind.short_name for kind in pyspiel.registered_games()]
    return [EXAMPLES.get(name, name) for name in registered if not name.startswith("python_")]


def survey(name: str) -> Row:
    """Try one game; raises `Unsound` where it can be made and a check of it fails."""
    import pyspiel

    parsed = parse(name, error=GameError)
    kind = next(kind for kind in pyspiel.registered_games() if kind.short_name == parsed.target)
    known = _known(name, kind)
    if not kind.default_loadable and not parsed.arguments:
        return Row(*known, "", "needs a file", f"takes {', '.join(sorted(kind.parameter_specification))}")
    try:
        game = make_open_spiel(parsed.target, parsed.arguments)
    except GameError as refusal:
        return Row(*known, "", "refused", str(refusal).removeprefix(f"open_spiel:{name} "))
    report = check_game(game, games=_SLOW.get(name, GAMES))
    if not report.passed:
        raise Unsound(str(report))
    seen = f"{game.sight.name} {list(game.sight.shape)}"
    return Row(*_known(name, game.kind), seen, "works", _verdict(report, game.spec.forgets))


def page(rows: Iterable[Row]) -> str:
    """Write the rows as a page of documentation."""
    listed = list(rows)
    counts = Counter(row.outcome for row in listed)
    return f"""# OpenSpiel's games

What became of each of the {len(listed)} games that OpenSpiel {version("open_spiel")} registers when it was made as
`open_spiel:NAME`, with its default arguments or those that stand in the table, and held to the conformance suite of
`games.check_game`: {counts["works"]} work, {counts["refused"]} are refused, and {counts["needs a file"]} need a file.

A seat sees OpenSpiel's information state tensor where there is one, else its observation tensor, else the text that
OpenSpiel has for the seat, as bits (and in Quoridor, whose tensor shows no walls).

A game works when no check fails. A check that does not apply is skipped and named: `chance` where chance never moves
or is not listed, `zero-sum` and `symmetry` where the game does not claim them, `distinct observations` where perfect
information need not tell how a position came about. Where observations leave out something that a seat knows, a policy
of them cannot tell everything apart, which the game says in `spec.forgets`; a game tree of it is refused when that
matters. Sampled chance is drawn inside OpenSpiel, from the match's own seed: such games repeat exactly, but have no
game tree.

`python -m games.open_spiel.survey docs/open_spiel.md` writes this page; a test holds it to what OpenSpiel does.

| game | long name | players | moves | information | chance | a seat sees | outcome | checks, or the reason |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
""" + "".join(f"{row}\n" for row in listed)


def _known(name: str, kind: "pyspiel.GameType") -> tuple[str, str, str, str, str, str]:
    return name, kind.long_name, players(kind), turns(kind), information(kind), chance(kind)


def _verdict(report: Report, forgets: str) -> str:
    held = sum(check.outcome == "passed" for check in report.checks)
    skipped = [check.name for check in report.checks if check.outcome == "skipped"]
    left_out = f"; observations leave out {forgets}" if forgets else ""
    return f"{held} hold; skipped: {', '.join(skipped)}{left_out}"


def _announced(listed: list[str]) -> Iterator[Row]:
    for number, name in enumerate(listed, 1):
        print(f"{number}/{len(listed)} {name}", file=sys.stderr)
        yield survey(name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("expected the file to write; try python -m games.open_spiel.survey docs/open_spiel.md")
    Path(sys.argv[1]).write_text(page(_announced(names())))
