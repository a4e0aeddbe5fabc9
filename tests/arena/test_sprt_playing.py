"""Playing until a test is decided: the same games, the same answer, however they are divided."""

import numpy as np
import pytest

from agents.agent import Random
from arena.encounter import Cast, Charge
from arena.sprt import Sprt
from arena.sprt.playing import BLOCK, PairPlayer, Pairs, play_until_decided
from games import make
from games.polling import poll

SPRT = Sprt(elo0=0, elo1=60)


class Scripted:
    """Pairs drawn once from a seed, and which numbers were asked for."""

    def __init__(self, *, seed=0, edge=0.0):
        chance = [0.4 - edge, 0.2, 0.4 + edge]
        self.points = np.random.default_rng(seed).choice(3, size=(20_000, 2), p=chance)
        self.asked = []

    def __call__(self, pairs):
        self.asked.append(pairs)
        none = np.zeros(len(pairs), dtype=np.int64)
        return Pairs(self.points[pairs.start : pairs.stop], none, none)


def zeros(kinds=5):
    return np.zeros(kinds, dtype=np.int64)


@pytest.mark.parametrize(("sprt", "kinds"), [(SPRT, 5), (Sprt(elo0=0, elo1=60, model="bayeselo"), 3)])
@pytest.mark.parametrize("edge", [-0.1, 0.0, 0.1])
def test_it_stops_at_the_pair_that_looking_at_one_after_another_finds(sprt, kinds, edge):
    play = Scripted(seed=3, edge=edge)
    tally, stopped = play_until_decided(sprt, play, before=zeros(kinds))
    counts, played = zeros(kinds), 0
    while sprt.status(counts).decision is None:
        pair = play.points[played]
        counts = counts + (np.eye(5, dtype=int)[pair.sum()] if kinds == 5 else np.eye(3, dtype=int)[pair].sum(axis=0))
        played += 1
    assert stopped == "decided"
    assert tally.counts.tolist() == counts.tolist()
    assert tally.games.sum() == 2 * played
    assert tally.games.tolist() == np.bincount(play.points[:played].ravel(), minlength=3).tolist()


def test_pairs_are_asked_for_in_order_and_in_whole_blocks():
    play = Scripted(seed=1)
    play_until_decided(SPRT, play, before=zeros())
    assert play.asked[0] == range(BLOCK)
    for one, after in zip(play.asked, play.asked[1:], strict=False):
        assert one.stop == after.start
        assert after.stop % BLOCK == 0


def test_a_test_that_was_interrupted_goes_on_to_the_same_end():
    whole, _ = play_until_decided(SPRT, Scripted(seed=5), before=zeros())
    calls = iter([False, False, True])
    part, stopped = play_until_decided(SPRT, Scripted(seed=5), before=zeros(), stop=lambda: next(calls))
    assert stopped == "interrupted"
    assert 0 < part.counts.sum() < whole.counts.sum()
    rest, stopped = play_until_decided(SPRT, Scripted(seed=5), before=part.counts)
    assert stopped == "decided"
    assert rest.counts.tolist() == whole.counts.tolist()
    assert (part.games + rest.games).tolist() == whole.games.tolist()
    again, _ = play_until_decided(SPRT, lambda pairs: pytest.fail("played on"), before=whole.counts)
    assert again.counts.tolist() == whole.counts.tolist()


def test_pairs_at_hand_are_dropped_when_somebody_asks_to_stop(monkeypatch):
    monkeypatch.setattr("games.polling._PAUSE", 0.0)
    asked: list[range] = []

    def play(pairs: range) -> Pairs:
        asked.append(pairs)
        while len(asked) > 1:  # the second time it would go on for ever
            poll()
        none = np.zeros(len(pairs), dtype=np.int64)
        return Pairs(np.ones((len(pairs), 2), dtype=np.int64), none, none)

    tally, stopped = play_until_decided(
        Sprt(elo0=0, elo1=5), play, before=np.zeros(5, np.int64), stop=lambda: len(asked) > 1
    )
    assert (stopped, tally.counts.sum(), len(asked)) == ("interrupted", len(asked[0]), 2)


def test_no_more_pairs_are_played_than_allowed():
    play = Scripted(seed=2)
    tally, stopped = play_until_decided(SPRT, play, before=zeros(), most=13)
    assert stopped == "games"
    assert tally.counts.sum() == 13
    assert play.asked[-1].stop == 13


def test_faults_are_counted_up_to_the_pair_that_decides_and_no_further():
    def play(pairs):
        points = np.full((len(pairs), 2), 2)
        charges = tuple(Charge(1, 0, row, "crash", f"pair {number}") for row, number in enumerate(pairs))
        copies = 2 * np.arange(pairs.start, pairs.stop)
        return Pairs(points, copies, np.zeros_like(copies), charges)

    told = []
    tally, stopped = play_until_decided(SPRT, play, before=zeros(), watch=told.append)
    pairs = int(tally.counts.sum())
    assert stopped == "decided"
    assert tally.counts.tolist() == [0, 0, 0, 0, pairs]
    assert tally.faults == (0, pairs)
    assert tally.messages == (None, "pair 0")
    assert (tally.copies, tally.drawn) == (2 * (pairs - 1), 0)
    assert told[-1] is tally
    assert SPRT.status([0, 0, 0, 0, pairs - 1]).decision is None


def pairs_of(numbers, *, seed=0, plies=0, name="tic_tac_toe"):
    game = make(name)
    return PairPlayer(game, Cast(lambda number: Random()), seed=seed, plies=plies)(numbers)


def test_a_pair_is_the_same_pair_whatever_is_played_with_it():
    together = pairs_of(range(40))
    assert [len(together.points), len(together.copies), len(together.drawn)] == [40, 40, 40]
    parts = [pairs_of(part) for part in (range(3), range(3, 16), range(16, 40))]
    assert np.concatenate([part.points for part in parts]).tolist() == together.points.tolist()
    assert not np.array_equal(pairs_of(range(40), seed=1).points, together.points)
    assert together.copies[-1] == 0


class First:
    """Takes the first legal action."""

    def start(self, seats, draws):
        """Keep nothing."""

    def act(self, turn):
        """Answer."""
        return turn.legal.int().argmax(dim=1)


def test_games_that_repeat_are_noticed_and_drawn_openings_part_them():
    game = make("tic_tac_toe")
    same = PairPlayer(game, Cast(lambda number: First()), seed=0)
    assert same(range(8)).copies.tolist() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert same(range(8, 16)).copies[-1] == 30
    assert same(range(16, 24)).points.tolist() == [[2, 0]] * 8  # whoever begins takes the diagonal
    parted = PairPlayer(game, Cast(lambda number: First()), seed=0, plies=2)
    assert parted(range(16)).copies[-1] < 8
    few = PairPlayer(game, Cast(lambda number: First()), seed=0, plies=1)
    assert few(range(100)).copies[-1] == 200 - 2 * 9


def test_what_the_opening_leaves_nothing_of_is_counted():
    all_drawn = PairPlayer(make("tic_tac_toe"), Cast(lambda number: First()), seed=0, plies=9)
    assert all_drawn(range(8)).drawn.tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    some = PairPlayer(make("tic_tac_toe"), Cast(lambda number: First()), seed=0, plies=2)
    assert some(range(8)).drawn.tolist() == [0] * 8


def test_seats_are_swapped_with_the_same_deal():
    # two copies of one agent: each game of a pair is the other one mirrored, and luck cancels
    assert (pairs_of(range(64), name="leduc_poker").points.sum(axis=1) == 2).all()
