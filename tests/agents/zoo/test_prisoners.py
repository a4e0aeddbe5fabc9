"""The strategies of the iterated prisoner's dilemma, beside what the Axelrod library plays and what is proved of them.

`prisoners_reference.json` holds the library's figures; `tests/benchmarks/peers/axelrod_figures.py` made them.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from agents import Agent, AgentError, Random
from agents.zoo import FIELDS, ZOO
from agents.zoo.scripted import Scripted, play_field
from games import GameError, build_tree, make

REFERENCE = json.loads((Path(__file__).parent / "prisoners_reference.json").read_text())
FIFTEEN = FIELDS["axelrod-first"]
FIRST_TOURNAMENT = {
    "stein_rapoport": 517,
    "grofman": 506,
    "tit_for_tat": 504.5,
    "shubik": 502,
    "tideman_chieruzzi": 494,
    "nydegger": 493,
    "grudger": 483,
    "davis": 480,
    "graaskamp": 461,
    "downing": 449,
    "feld": 397,
    "joss": 362,
    "tullock": 357,
    "anonymous": 328,
    "random": 325,
}
"""The library's replay: mean points a match of 25 round robins, each known to .4 to 3.6."""


def agent(name: str, game_name: str = "iterated_prisoners_dilemma(rounds=200)", **arguments: Any) -> Agent:
    return Random() if name == "random" else ZOO[name].load()(make(game_name), **arguments)


def scripted(name: str, game_name: str = "iterated_prisoners_dilemma(rounds=200)", **arguments: Any) -> Scripted:
    made = agent(name, game_name, **arguments)
    assert isinstance(made, Scripted)
    return made


def totals(one: str, other: str, games: int = 1) -> torch.Tensor:
    """Return what both are paid `[games, 2]` in 200 rounds."""
    game, pairs = make("iterated_prisoners_dilemma(rounds=200)"), torch.tensor([[0, 1]]).repeat(games, 1)
    played = play_field(game, [agent(one), agent(other)], pairs, seed=0, games=torch.arange(games))
    assert played is not None
    return played[0]


def round_robin(seed: int, repetitions: int) -> np.ndarray:
    """Return what every pair of the fifteen is paid, `[105, repetitions, 2]`, pairs in the field's order."""
    game, lineup = make("iterated_prisoners_dilemma(rounds=200)"), [agent(name) for name in FIFTEEN]
    pairs = torch.tensor(list(itertools.combinations(range(15), 2))).repeat_interleave(repetitions, 0)
    played = play_field(game, lineup, pairs, seed=seed, games=torch.arange(len(pairs)))
    assert played is not None
    return played[0].numpy().reshape(105, repetitions, 2)


def table(pairs: np.ndarray) -> np.ndarray:
    """Return the mean points a match `[15]` of pairs' means `[105, 2]`."""
    points = np.zeros(15)
    np.add.at(points, np.array(list(itertools.combinations(range(15), 2))), pairs)
    return points / 14


@pytest.mark.parametrize(
    ("one", "other", "points"),
    [
        ("tit_for_tat", "defector", [199, 204]),
        ("win_stay_lose_shift", "defector", [100, 600]),
        ("tit_for_tat", "alternator", [498, 503]),
        ("grudger", "suspicious_tit_for_tat", [203, 203]),
        ("cooperator", "tit_for_two_tats", [600, 600]),
        ("tit_for_two_tats", "alternator", [300, 800]),
    ],
)
def test_certain_matches_come_out_as_they_must(one, other, points):
    assert totals(one, other).tolist() == [points]
    assert totals(other, one).tolist() == [points[::-1]]


def test_every_certain_pair_of_the_first_tournament_is_the_librarys():
    assert len(REFERENCE["certain"]) == 28
    for pair, points in REFERENCE["certain"].items():
        assert totals(*pair.split(), games=3).tolist() == [points] * 3, pair


def test_every_uncertain_pair_of_the_first_tournament_has_the_librarys_mean():
    """Both means of each pair at once: Hotelling's statistic is chi-squared with two degrees of freedom, or one."""
    ours = np.concatenate([round_robin(seed, 250) for seed in range(8)], 1)
    values, shares, freedom = [], {}, 0
    names = [f"{one} {other}" for one, other in itertools.combinations(FIFTEEN, 2)]
    assert set(names) == REFERENCE["certain"].keys() | REFERENCE["mean"].keys()
    for name, scores in zip(names, ours, strict=True):
        if name not in REFERENCE["mean"]:
            continue
        *mean, xx, xy, yy = REFERENCE["mean"][name]
        theirs, mine = np.array([[xx, xy], [xy, yy]]), np.cov(scores.T)
        error = theirs / REFERENCE["repetitions"] + mine / scores.shape[0]
        difference, rank = scores.mean(0) - mean, int(np.linalg.matrix_rank(error, tol=1e-6))
        if rank == 0:
            assert difference.tolist() == [0, 0], name
            continue
        value = difference @ np.linalg.pinv(error, rcond=1e-9) @ difference
        values.append(value)
        shares[name] = float(stats.chi2.sf(value, rank))
        freedom += rank
    assert len(values) > 60
    least = min(shares, key=shares.__getitem__)
    assert shares[least] > 0.001 / len(shares), least
    assert 0.001 < stats.chi2.cdf(sum(values), freedom) < 0.999


def test_the_first_tournament_has_the_librarys_scores():
    """A tournament of 25 repetitions scatters by what 60 of ours show; the figures are rounded to 1, or to 1/2."""
    tournaments = np.array([table(round_robin(100 + seed, 25).mean(1)) for seed in range(60)])
    known = np.array([FIRST_TOURNAMENT[name] for name in FIFTEEN])
    scatter = tournaments.var(0, ddof=1) * (1 + 1 / 60) + 1 / 12
    z = (tournaments.mean(0) - known) / np.sqrt(scatter)
    assert np.abs(z).max() < stats.norm.isf(0.001 / 30), dict(zip(FIFTEEN, z.round(1), strict=True))
    assert float(np.sqrt(tournaments.var(0, ddof=1)).max()) < 5


def forced(kind: str) -> list[tuple[str, int]]:
    return [(name, number) for name in REFERENCE[kind] for number in range(len(REFERENCE["pasts"]))]


def shares_after(player: Scripted, own: str, other: str, meant: str) -> np.ndarray:
    """Return the probabilities of cooperating before every round of a past `[R]`."""
    rounds = len(other)
    seen = torch.zeros(rounds, rounds, 3, 2)
    for number, actions in enumerate(zip(own, other, meant, strict=True)):
        for plane, action in enumerate(actions):
            seen[number + 1 :, number, plane, "CD".index(action)] = 1
    seats = torch.zeros(rounds, dtype=torch.int64)
    return player.probabilities(seen, torch.ones(rounds, 2, dtype=torch.bool), seats)[:, 0].numpy()


@pytest.mark.parametrize("kind", ["answers", "answers_without_a_known_length"])
def test_in_a_past_that_is_given_the_answers_are_the_librarys(kind):
    """Six pasts of 120 rounds each, some with slips of the own hand."""
    ends = ", continuation=0.9" if "without" in kind else ""
    name_of_game = f"iterated_prisoners_dilemma(rounds=120, noise=0.1{ends})"
    uncertain = 0
    for name, number in forced(kind):
        other, slips = REFERENCE["pasts"][number]
        shares, meant = REFERENCE[kind][name][number]
        own = "".join("DC"["CD".index(m)] if slip == "D" else m for m, slip in zip(meant, slips, strict=True))
        ours = shares_after(scripted(name, name_of_game), own, other, meant)
        theirs = np.array([float(share == "C") for share in shares] if isinstance(shares, str) else shares)
        if name == "graaskamp":  # the library draws when it defects next and does not tell: here the chance of each
            known = (ours == 0) | (ours == 1)
            uncertain += int((~known).sum())
            ours, theirs = ours[known], theirs[known]
        assert ours == pytest.approx(theirs, abs=1e-6), (name, number)
    assert uncertain > 10 or "without" in kind


@pytest.mark.parametrize(("rounds", "answer"), [(27, 1), (26, 0)])
def test_tideman_and_chieruzzi_forgive_just_in_time(rounds, answer):
    """At the edge of each condition: 10 points ahead, 2 defections in 16 rounds, which is 3 deviations, 10 to come."""
    other, slips = ["D" if number in (2, 14) else "C" for number in range(16)], (13, 14)
    meant = ["D" if number in (3, 15) else "C" for number in range(16)]
    own = ["D" if number in slips else action for number, action in enumerate(meant)]
    player = scripted("tideman_chieruzzi", f"iterated_prisoners_dilemma(rounds={rounds}, noise=0.1)")
    shares = shares_after(player, *("".join(actions) + "C" * (rounds - 16) for actions in (own, other, meant)))
    assert shares[:16].tolist() == [float(action == "C") for action in meant]
    assert shares[16] == answer


def test_graaskamp_waits_from_5_to_14_rounds_for_its_next_defection():
    """Ten waits, all equally likely, as the library draws them; shown by who always cooperates after round 57."""
    game, count = make("iterated_prisoners_dilemma(rounds=200)"), 3000
    pairs, lineup = torch.tensor([[0, 1]]).repeat(count, 1), [agent("graaskamp"), agent("cooperator")]
    played = play_field(game, lineup, pairs, seed=5, games=torch.arange(count))
    assert played is not None
    rows, rounds = np.nonzero(played[1][:, :, 0].numpy())
    waits = np.diff(rounds)[(np.diff(rows) == 0) & (rounds[:-1] >= 56) & (rounds[:-1] < 180)]
    counts = np.bincount(waits, minlength=15)
    assert counts[:5].sum() == 0
    assert len(counts) == 15
    assert stats.chisquare(counts[5:]).pvalue > 0.001
    assert set(rounds[rounds < 61].tolist()) == {50}


def long_run(own: tuple[float, ...], other: tuple[float, ...], payoffs: np.ndarray) -> np.ndarray:
    """Return both payoffs a round of two memory-one strategies in the long run."""
    seen = [own[0:4], [other[place] for place in (0, 2, 1, 3)]]
    steps = np.array(
        [[(p if mine == 0 else 1 - p) * (q if yours == 0 else 1 - q) for mine in (0, 1) for yours in (0, 1)]
         for p, q in zip(*seen, strict=True)]
    )  # fmt: skip
    stationary = np.linalg.lstsq(np.vstack([steps.T - np.eye(4), np.ones(4)]), [0, 0, 0, 0, 1], rcond=None)[0]
    return stationary @ payoffs.reshape(4, 2)


@pytest.mark.parametrize(
    "game_name",
    [
        "iterated_prisoners_dilemma(rounds=200)",
        "repeated(game='prisoners_dilemma(temptation=10, reward=6, punishment=2, sucker=-1)', rounds=20)",
        "repeated(game='prisoners_dilemma(temptation=3.2, reward=3)', rounds=20)",
    ],
)
@pytest.mark.parametrize(("name", "factor"), [("zd_extortion", 10), ("zd_extortion", 3), ("zd_generous", 2)])
def test_a_zero_determinant_strategy_sets_the_ratio_of_the_surpluses(game_name, name, factor):
    """Press and Dyson's theorem, against opponents of all kinds."""
    payoffs, generator = make(game_name).stage.payoffs, np.random.default_rng(3)  # pyright: ignore[reportAttributeAccessIssue]
    base = payoffs[0, 0, 0] if name == "zd_generous" else payoffs[1, 1, 0]
    own = scripted(name, game_name, factor=factor).strategy.parameters
    assert all(0 <= p <= 1 for p in own)
    for _ in range(5):
        mine, theirs = long_run(own, tuple(generator.uniform(0.05, 0.95, 4)), payoffs)
        if name == "zd_extortion":
            assert mine - base == pytest.approx(factor * (theirs - base))
            assert mine > theirs
        else:
            assert mine - base == pytest.approx(factor * (theirs - base))
            assert mine < theirs


def test_memory_one_is_what_its_four_probabilities_say():
    """Half of all games cooperate first; then each last round has its own share, in 40,000 rounds."""
    arguments: dict[str, Any] = {"cc": 0.9, "cd": 0.2, "dc": 0.6, "dd": 0.35, "first": 0.5}
    game, count = make("iterated_prisoners_dilemma(rounds=40)"), 1000
    lineup, pairs = [agent("memory_one", **arguments), Random()], torch.tensor([[0, 1]]).repeat(count, 1)
    played = play_field(game, lineup, pairs, seed=1, games=torch.arange(count))
    assert played is not None
    own, other = played[1].long().unbind(2)
    shares = {"first": own[:, 0]}
    for number, name in enumerate(("cc", "cd", "dc", "dd")):
        shares[name] = own[:, 1:][2 * own[:, :-1] + other[:, :-1] == number]
    for name, defections in shares.items():
        wanted, seen = arguments[name], 1 - float(defections.double().mean())
        assert abs(seen - wanted) < 3.9 * (wanted * (1 - wanted) / len(defections)) ** 0.5, name


def test_arguments_say_what_they_say():
    assert scripted("generous_tit_for_tat").strategy.parameters == pytest.approx((1, 1 / 3, 1, 1 / 3, 1))
    assert scripted("generous_tit_for_tat", generosity=0.2).strategy.parameters == (1, 0.2, 1, 0.2, 1)
    low = "repeated(game='prisoners_dilemma(temptation=9)', rounds=9)"
    assert scripted("generous_tit_for_tat", low).strategy == scripted("tit_for_tat", low).strategy
    assert scripted("coin", p=0).strategy == scripted("defector").strategy
    assert scripted("joss", p=1).strategy == scripted("tit_for_tat").strategy
    assert scripted("davis", rounds=0).strategy == scripted("grudger").strategy


def test_the_significance_level_is_chi_squareds():
    for alpha in (0.05, 0.01, 0.5):
        critical = scripted("stein_rapoport", alpha=alpha).strategy.parameters[0]
        assert critical == pytest.approx(stats.chi2.isf(alpha, 1))


def test_strategies_are_evaluated_exactly_as_policies():
    """Tit for tat cooperates with itself, and all it can be exploited for is the last round; the grudger likewise."""
    name = "iterated_prisoners_dilemma(rounds=4)"
    tree = build_tree(make(name))
    for strategy, paid, gain in [("tit_for_tat", 12, 2), ("grudger", 12, 2), ("cooperator", 12, 8), ("defector", 4, 0)]:
        plan = tree.plan(scripted(strategy, name).behaviour(tree))
        assert tree.returns(plan) == pytest.approx([paid, paid])
        assert tree.gains(plan) == pytest.approx([gain, gain], abs=1e-12)
    shubik = tree.plan(scripted("shubik", name).behaviour(tree))
    never = tree.plan(scripted("defector", name).behaviour(tree))
    assert tree.returns(tree.seated([shubik, never])) == pytest.approx([0 + 1 + 0 + 1, 5 + 1 + 5 + 1])


NOT_DILEMMAS = [
    "tic_tac_toe",
    "prisoners_dilemma",
    "repeated(game='stag_hunt', rounds=4)",
    "repeated(game='rock_paper_scissors', rounds=4)",
]


@pytest.mark.parametrize("name", [name for name in FIELDS["prisoners"] if name != "random"])
def test_other_games_are_refused_in_a_sentence(name):
    for game in NOT_DILEMMAS:
        with pytest.raises(AgentError, match=r"expected the iterated prisoner's dilemma.*but the game is .*: name"):
            agent(name, game)


@pytest.mark.parametrize(
    ("name", "arguments", "what"),
    [
        ("memory_one", {"cc": 1.2}, "cc to be a probability"),
        ("memory_one", {"first": "C"}, "first to be a probability"),
        ("coin", {"p": -0.1}, "p to be a probability"),
        ("joss", {"p": None}, "p to be a probability"),
        ("davis", {"rounds": 2.5}, "rounds to be a whole number"),
        ("graaskamp", {"alpha": 2}, "alpha to be a probability"),
        ("stein_rapoport", {"alpha": "low"}, "alpha to be a probability"),
        ("generous_tit_for_tat", {"generosity": 7}, "generosity to be a probability"),
        ("zd_extortion", {"factor": 0.5}, "factor of a zero-determinant strategy to be at least 1"),
        ("zd_extortion", {"factor": "high"}, "factor to be a number"),
        ("zd_generous", {"phi": 0.3}, "phi above 0 and at most 0.25"),
        ("zd_extortion", {"phi": 0}, "phi above 0 and at most"),
    ],
)
def test_bad_arguments_are_answered_in_a_sentence(name, arguments, what):
    with pytest.raises((AgentError, GameError), match=what):
        agent(name, **arguments)


@pytest.mark.parametrize("alpha", [0, 1])
def test_the_extreme_significance_levels_are_allowed(alpha):
    """At 0 everyone seems random; at 1 only who cooperates exactly half of the time."""
    game, pairs = make("iterated_prisoners_dilemma(rounds=40)"), torch.tensor([[0, 1]])
    lineup = [agent("stein_rapoport", alpha=alpha), agent("cooperator")]
    played = play_field(game, lineup, pairs, seed=0, games=torch.zeros(1, dtype=torch.int64))
    assert played is not None
    assert played[1][0, :, 0].tolist() == [0] * 14 + [int(alpha == 0)] * 24 + [1, 1]
