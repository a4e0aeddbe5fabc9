"""Axelrod's first tournament by the Axelrod library, in a process and an environment of its own: give it TURNS.

Says `ready`, and for every line on standard input plays one match of each of the 105 pairs and says how many turns that
was. One core. Every match is a new one, so that none is taken from the library's cache of certain matches.
"""

import itertools
import os
import sys

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import axelrod as axl  # noqa: E402

PLAYERS = (
    axl.TitForTat,
    axl.FirstByTidemanAndChieruzzi,
    axl.FirstByNydegger,
    axl.FirstByGrofman,
    axl.FirstByShubik,
    axl.FirstBySteinAndRapoport,
    axl.Grudger,
    axl.FirstByDavis,
    axl.FirstByGraaskamp,
    axl.FirstByDowning,
    axl.FirstByFeld,
    axl.FirstByJoss,
    axl.FirstByTullock,
    axl.FirstByAnonymous,
    axl.Random,
)


def main(turns: int) -> None:
    print("ready", flush=True)
    for repetition, _ in enumerate(sys.stdin):
        played = 0
        for number, (one, other) in enumerate(itertools.combinations(PLAYERS, 2)):
            match = axl.Match((one(), other()), turns=turns, seed=1000 * repetition + number)
            played += len(match.play())
            match.final_score()
        print(played, flush=True)


main(int(sys.argv[1]))
