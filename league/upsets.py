"""Upsets and rings in words, for a report as for a warning."""

from collections.abc import Sequence

from arena.ratings.upsets import Upset, Upsets
from league.words import counted, percent


def contradicted(found: Upsets, names: Sequence[str], *, rule: str) -> str:
    """Return a clause on what contradicts the ranking, or "" where nothing is shown to; `rule` is what ranks them."""
    said = []
    if found.ring is not None:
        one, two, three = (names[player] for player in found.ring)
        said.append(f"{one} beats {two}, {two} beats {three} and {three} beats {one}, so that no ranking fits")
    if found.found:
        more = len(found.found) - 1
        said.append(
            _clearest(found.found[0], names, rule) + (f", and {counted(more, 'other pair')} went so" * (more > 0))
        )
    return "; ".join(said)


def _clearest(upset: Upset, names: Sequence[str], rule: str) -> str:
    won = f"earns {upset.score:.3g} a game"
    if upset.games is not None:
        won = f"took {percent(upset.score)} of the points in {counted(upset.games, 'game')}"
    return f"{names[upset.first]} {won} against {names[upset.second]}, which stands above it {rule}"
