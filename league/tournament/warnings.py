"""What a reader of a tournament's ranking should be wary of, in sentences."""

from arena.opening import takes_openings
from games import make
from games.errors import UserError
from league.tournament.plan import Tournament
from league.words import counted

_FEW = 100
"""Games that end within their opening are worth a word where they are more than one in so many."""


def warnings_of(state: Tournament) -> list[str]:
    """Return sentences on faults, on games that say less than they seem to, and on what was not played."""
    out = [*_faults(state), *_openings(state), *_repeats(state)]
    if state.stopped == "hours" and state.about["format"] != "league":
        out.append("the time was over before the format was: those who have not met yet are compared through others")
    return out


def _faults(state: Tournament) -> list[str]:
    tally, out = state.tally, []
    for agent, entrant in enumerate(state.agents):
        faults, games = sum(tally.forfeits[agent].values()), int(tally.games[0, agent])
        if faults:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in tally.forfeits[agent].most_common())
            lost = f"{entrant['name']} lost {faults:,} of {counted(games, 'game')} by its own fault ({kinds})"
            out.append(f"{lost}; the first: {tally.first[agent]}")
    return out


def _openings(state: Tournament) -> list[str]:
    """Return what to say of openings that are longer than games."""
    repeats = state.tally.repeats
    if repeats.drawn * _FEW <= repeats.games:
        return []
    games, opening = counted(repeats.games, "game"), counted(state.about["plies"], "move")
    return [
        f"{repeats.drawn:,} of {games} ended within their opening of {opening}, so no agent chose anything in "
        "them and they say nothing about strength: draw fewer moves with --opening"
    ]


def _repeats(state: Tournament, most: int = 3) -> list[str]:
    """Return what to say of games that are copies of others."""
    repeated = state.tally.repeats.repeated()
    if not repeated:
        return []
    told = [
        f"{' and '.join(state.agents[agent]['name'] for agent in one.lineup)} played {counted(one.games, 'game')}, "
        f"{one.different:,} of them different"
        for one in repeated[:most]
    ]
    if len(repeated) > most:
        told.append(f"{len(repeated) - most:,} more such")
    advice = "draw the first moves with --opening 4" if _takes_openings(state) else "more of them tell nothing more"
    return [
        f"{'; '.join(told)}: where nothing is drawn a copy of a game says nothing new, and intervals that count it are "
        f"too narrow; {advice}"
    ]


def _takes_openings(state: Tournament) -> bool:
    """Whether openings would help: there are none, and the game, where it can be made here, is one for them."""
    if state.about["plies"]:
        return False
    try:
        return takes_openings(make(state.about["game"]))
    except UserError:
        return False
