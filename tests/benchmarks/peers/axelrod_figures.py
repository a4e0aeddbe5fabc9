"""What the Axelrod library does, as figures for our tests: run it in an environment of its own with axelrod 4.14.0 and
write what it prints to `tests/agents/zoo/prisoners_reference.json`. It takes some five minutes.

Totals of every pair of the first tournament over 200 turns, mean and covariance where chance plays; and the
probabilities of cooperating, round by round, of strategies whose past is forced: the opponent's moves are given, and
some of the own are turned into the other action, as noise would.
"""

import itertools
import json
import random

import axelrod as axl
import numpy as np

TOURNAMENT = {
    "tit_for_tat": axl.TitForTat,
    "tideman_chieruzzi": axl.FirstByTidemanAndChieruzzi,
    "nydegger": axl.FirstByNydegger,
    "grofman": axl.FirstByGrofman,
    "shubik": axl.FirstByShubik,
    "stein_rapoport": axl.FirstBySteinAndRapoport,
    "grudger": axl.Grudger,
    "davis": axl.FirstByDavis,
    "graaskamp": axl.FirstByGraaskamp,
    "downing": axl.FirstByDowning,
    "feld": axl.FirstByFeld,
    "joss": axl.FirstByJoss,
    "tullock": axl.FirstByTullock,
    "anonymous": axl.FirstByAnonymous,
    "random": axl.Random,
}
CLASSICS = {
    "cooperator": axl.Cooperator,
    "defector": axl.Defector,
    "alternator": axl.Alternator,
    "tit_for_two_tats": axl.TitFor2Tats,
    "suspicious_tit_for_tat": axl.SuspiciousTitForTat,
    "generous_tit_for_tat": axl.GTFT,
    "win_stay_lose_shift": axl.WinStayLoseShift,
    "zd_extortion": axl.ZDExtortion,
    "zd_generous": axl.ZDGTFT2,
    "memory_one": axl.FirmButFair,
}
TURNS, REPETITIONS, ROUNDS = 200, 300, 120


class Told(axl.RandomGenerator):
    """Random numbers, and the last probability that was asked for."""

    def random_choice(self, p=0.5):
        self.asked = p
        return super().random_choice(p)

    def uniform(self, low, high):
        return (low + high) / 2


def totals():
    """Return each pair's totals where they are certain, else means and covariance (xx, xy, yy)."""
    certain, mean, seed = {}, {}, 0
    for (a, first), (b, second) in itertools.combinations(TOURNAMENT.items(), 2):
        stochastic = any(axl.Classifiers["stochastic"](player()) for player in (first, second))
        scores = []
        for _ in range(REPETITIONS if stochastic else 1):
            seed += 1
            match = axl.Match((first(), second()), turns=TURNS, seed=seed)
            match.play()
            scores.append(match.final_score())
        if stochastic:
            covariance = np.cov(np.array(scores, float).T)
            kept = [*np.mean(scores, 0), covariance[0, 0], covariance[0, 1], covariance[1, 1]]
            mean[f"{a} {b}"] = [round(float(value), 4) for value in kept]
        else:
            certain[f"{a} {b}"] = [int(score) for score in scores[0]]
    return certain, mean


def pasts():
    """Return what the opponent plays, and where the own hand slips (D): six pairs of ROUNDS letters."""
    source, out = random.Random(7), []
    for defects, slips in ((0.5, 0), (0.1, 0), (0.85, 0), (0.5, 0.1), (0.2, 0.05), (0.03, 0.02)):
        out.append(["".join("CD"[source.random() < share] for _ in range(ROUNDS)) for share in (defects, slips)])
    return out


def answers(make, other, slips, length):
    """Return the probabilities of cooperating, and what was meant, in a past of given moves."""
    player, opponent = make(), axl.Player()
    player.set_match_attributes(length=length, game=axl.Game(), noise=0)
    player._random = Told(seed=3)
    shares, meant = [], ""
    for theirs, slip in zip(other, slips, strict=True):
        player._random.asked = None
        chosen = player.strategy(opponent)
        asked = player._random.asked
        shares.append(round(float(chosen == axl.Action.C if asked is None else asked), 6))
        meant += str(chosen)
        mine, answer = chosen.flip() if slip == "D" else chosen, axl.Action.from_char(theirs)
        player.update_history(mine, answer)
        opponent.update_history(answer, mine)
    return ["".join("DC"[int(share)] for share in shares) if set(shares) <= {0, 1} else shares, meant]


def main():
    certain, mean = totals()
    forced = pasts()
    known, unknown = {}, {}
    for name, make in {**TOURNAMENT, **CLASSICS}.items():
        if name == "random":
            continue  # it has no past
        known[name] = [answers(make, other, slips, ROUNDS) for other, slips in forced]
    for name in ("tideman_chieruzzi", "stein_rapoport"):
        unknown[name] = [answers(TOURNAMENT[name], other, slips, float("inf")) for other, slips in forced]
    figures = {
        "library": f"axelrod {axl.__version__}",
        "repetitions": REPETITIONS,
        "certain": certain,
        "mean": mean,
        "pasts": forced,
        "answers": known,
        "answers_without_a_known_length": unknown,
    }
    text = json.dumps(figures)
    for cut in ('], "', "], [", '}, "'):
        text = text.replace(cut, cut.replace(" ", "\n"))
    print(text)


if __name__ == "__main__":
    main()
