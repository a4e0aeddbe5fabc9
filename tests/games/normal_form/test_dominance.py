"""Elimination against textbook games, exact interval arithmetic, and beliefs that every survivor is a best reply to."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from awkward import payoffs_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import linprog

from games.normal_form.dominance import Dominated, Elimination, eliminate_dominated

MIXED_ONLY = np.array([[3.0, 0], [0, 3], [1, 1]])
PRISONERS = np.array([[[3.0, 0], [5, 1]], [[3, 5], [0, 1]]])


def beside(row: np.ndarray, column: np.ndarray | None = None) -> np.ndarray:
    """Return the two-player game in which the second player does not care, unless told."""
    return np.stack([row, np.zeros_like(row) if column is None else column])


def survivors(found: Elimination) -> list[list[int]]:
    return [actions.tolist() for actions in found.actions]


def small_games(values: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    """Return games of two or three players with up to three actions each."""
    shapes = st.lists(st.integers(1, 3), min_size=2, max_size=3)
    return shapes.flatmap(lambda shape: arrays.arrays(np.float64, (len(shape), *shape), elements=values))


def dominated_exactly(gains: list[list[Fraction]], *, weakly: bool) -> bool:
    """Tell whether some share of one row of gains over an action, the rest of another, beats it.

    A gain changes its sign where its line over the shares has a root: those and what lies between them are tried.
    """
    if not gains:
        return False
    lines = list(zip(gains[0], gains[-1], strict=True))
    roots = {low / (low - high) for low, high in lines if low != high}
    shares = sorted({Fraction(0), Fraction(1), *(root for root in roots if 0 < root < 1)})
    shares += [(first + second) / 2 for first, second in itertools.pairwise(shares)]
    for share in shares:
        mixed = [low + share * (high - low) for low, high in lines]
        if min(mixed) >= 0 and max(mixed) > 0 if weakly else min(mixed) > 0:
            return True
    return False


def is_dominated(table: np.ndarray, left: list[list[int]], player: int, action: int, *, weakly: bool) -> bool:
    rows = np.moveaxis(table[player][np.ix_(*left)], player, 0).reshape(len(left[player]), -1)
    exact = [[Fraction(value) for value in row] for row in rows]
    own = exact.pop(left[player].index(action))
    return dominated_exactly([[a - b for a, b in zip(row, own, strict=True)] for row in exact], weakly=weakly)


def by_hand(table: np.ndarray, *, weakly: bool) -> list[list[int]]:
    """Eliminate in rounds where `weakly`, and else one action at a time, the last player's first."""
    left = [list(range(size)) for size in table.shape[1:]]
    while True:
        everyone = [(player, action) for player in range(len(left)) for action in left[player]]
        fallen = [one for one in everyone if is_dominated(table, left, *one, weakly=weakly)]
        if not fallen:
            return left
        for player, action in fallen if weakly else fallen[-1:]:
            left[player].remove(action)


def check_certificates(table: np.ndarray, found: Elimination, *, weakly: bool = False) -> None:
    """What fell is beaten in the game that its round saw, by a distribution over what that game still had."""
    left = [list(range(size)) for size in table.shape[1:]]
    for fallen in found.rounds:
        assert fallen
        for one in fallen:
            assert one.by.shape == (table.shape[one.player + 1],)
            assert one.by.min() >= 0
            assert one.by.sum() == pytest.approx(1, abs=1e-12)
            assert set(np.flatnonzero(one.by)) <= set(left[one.player]) - {one.action}
            others = [
                left[player] if player != one.player else range(size) for player, size in enumerate(table[0].shape)
            ]
            paid = np.moveaxis(table[one.player][np.ix_(*others)], one.player, 0).reshape(len(one.by), -1)
            gains = one.by @ paid - paid[one.action]
            if weakly:
                assert gains.min() > -1e-7
                assert gains.max() > 0
            else:
                assert gains.min() > 0
        for one in fallen:
            left[one.player].remove(one.action)
    assert survivors(found) == left
    assert (found.payoffs == table[np.ix_(range(len(table)), *left)]).all()


def best_belief(paid: np.ndarray, action: int, *, everywhere: bool) -> float:
    """Return how well a belief over columns can make `action` a best reply, 0 or more where one does.

    Maximise its lead over its rivals; or, `everywhere`, the least probability of a belief that makes it a best reply.
    """
    rivals, columns = np.delete(paid, action, 0) - paid[action], paid.shape[1]
    if not len(rivals):
        return np.inf
    lead = np.append(rivals, np.zeros((len(rivals), 1)) if everywhere else np.ones((len(rivals), 1)), 1)
    least = np.append(-np.eye(columns), np.ones((columns, 1)), 1) if everywhere else np.zeros((0, columns + 1))
    answer = linprog(
        np.append(np.zeros(columns), -1),
        A_ub=np.vstack([lead, least]),
        b_ub=np.zeros(len(lead) + len(least)),
        A_eq=np.append(np.ones(columns), 0)[None],
        b_eq=[1],
        bounds=[(0, None)] * columns + [(None, None)],
    )
    return -answer.fun if answer.status == 0 else -np.inf


def test_the_prisoners_defect() -> None:
    found = eliminate_dominated(PRISONERS)
    assert survivors(found) == [[1], [1]]
    assert found.payoffs.ravel().tolist() == [1, 1]
    assert [[(one.player, one.action, one.by.tolist()) for one in fallen] for fallen in found.rounds] == [
        [(0, 0, [0, 1]), (1, 0, [0, 1])]
    ]


def test_a_mixture_may_dominate_where_no_action_does() -> None:
    found = eliminate_dominated(beside(MIXED_ONLY))
    assert survivors(found) == [[0, 1], [0, 1]]
    ((fallen,),) = found.rounds
    assert isinstance(fallen, Dominated)
    assert fallen.action == 2
    assert fallen.by == pytest.approx([0.5, 0.5, 0])
    assert survivors(eliminate_dominated(beside(MIXED_ONLY), mixed=False)) == [[0, 1, 2], [0, 1]]
    assert survivors(eliminate_dominated(beside(MIXED_ONLY), mixed=False, weakly=True)) == [[0, 1, 2], [0, 1]]


def test_as_good_as_a_mixture_everywhere_is_not_dominated() -> None:
    level = np.array([[3.0, 0], [0, 3], [1.5, 1.5]])
    for weakly in (False, True):
        assert survivors(eliminate_dominated(beside(level), weakly=weakly)) == [[0, 1, 2], [0, 1]]
    worse_once = np.array([[3.0, 0, 1], [0, 3, 1], [1.5, 1.5, 0]])
    assert survivors(eliminate_dominated(beside(worse_once)))[0] == [0, 1, 2]
    found = eliminate_dominated(beside(worse_once), weakly=True)
    assert survivors(found)[0] == [0, 1]
    assert found.rounds[0][0].by == pytest.approx([0.5, 0.5, 0])


def test_rounds_of_a_textbook_game() -> None:
    """Right falls to middle, then down to up, then left to middle (Gibbons, 1992, figure 1.1.1)."""
    row = np.array([[1.0, 1, 0], [0, 0, 2]])
    column = np.array([[0.0, 2, 1], [3, 1, 0]])
    found = eliminate_dominated(beside(row, column))
    assert survivors(found) == [[0], [1]]
    assert [[(one.player, one.action) for one in fallen] for fallen in found.rounds] == [[(1, 2)], [(0, 1)], [(1, 0)]]


@pytest.mark.parametrize("players", [2, 3])
def test_a_guessing_game_unravels_to_its_least_guess(players: int) -> None:
    """Whoever is nearer to half of the mean guess wins: each round takes the greatest guesses (Nagel, 1995)."""
    size = 6
    table = np.zeros((players, *[size] * players))
    for joint in itertools.product(range(size), repeat=players):
        far = np.abs(np.array(joint) - np.mean(joint) / 2)
        table[(slice(None), *joint)] = -far
    found = eliminate_dominated(table)
    check_certificates(table, found)
    assert survivors(found) == [[0]] * players
    assert len(found.rounds) > 1


def test_weak_dominance_takes_all_at_once_and_its_order_matters() -> None:
    """Osborne and Rubinstein, 1994, figure 63.1: removing one row first leaves (2, 1), the other first (1, 1)."""
    row = np.array([[1.0, 0], [1, 2], [0, 2]])
    column = np.array([[1.0, 0], [1, 1], [0, 1]])
    found = eliminate_dominated(beside(row, column), weakly=True)
    assert survivors(found) == [[1], [0, 1]]
    assert [one.by.tolist() for one in found.rounds[0]] == [[0, 1, 0], [0, 1, 0]]
    for kept, paid in ([1, 2], [2, 1]), ([0, 1], [1, 1]):
        after = eliminate_dominated(beside(row[kept], column[kept]), weakly=True)
        assert [mine.ravel().tolist() for mine in np.unique(after.payoffs.reshape(2, -1), axis=1)] == [
            [value] for value in paid
        ]


@pytest.mark.parametrize("name", ["stag_hunt", "chicken", "battle_of_the_sexes", "rock_paper_scissors", "climbing"])
def test_games_without_dominance_stay_whole(name: str) -> None:
    payoffs = payoffs_of(name)
    found = eliminate_dominated(payoffs)
    assert found.rounds == ()
    assert (found.payoffs == payoffs).all()


@given(small_games(st.integers(-3, 3).map(float)), st.booleans())
def test_survivors_of_small_games_are_those_of_exact_arithmetic(payoffs: np.ndarray, weakly: bool) -> None:
    found = eliminate_dominated(payoffs, weakly=weakly)
    check_certificates(payoffs, found, weakly=weakly)
    assert survivors(found) == by_hand(payoffs, weakly=weakly)


@given(small_games(st.integers(-2, 2).map(float)), st.booleans())
def test_without_mixtures_only_single_actions_dominate(payoffs: np.ndarray, weakly: bool) -> None:
    found = eliminate_dominated(payoffs, weakly=weakly, mixed=False)
    check_certificates(payoffs, found, weakly=weakly)
    for fallen in found.rounds:
        assert all((one.by == 1).any() for one in fallen)
    for player, mine in enumerate(found.payoffs):
        rows = np.moveaxis(mine, player, 0).reshape(mine.shape[player], -1)
        for one, other in itertools.permutations(range(len(rows)), 2):
            above = rows[one] >= rows[other] if weakly else rows[one] > rows[other]
            assert not (above.all() and (rows[one] > rows[other]).any())


@pytest.mark.parametrize("weakly", [False, True])
@pytest.mark.parametrize("shape", [(6, 3), (12, 4), (4, 3, 3), (30, 6)])
def test_every_survivor_is_a_best_reply_to_some_belief(shape: tuple[int, ...], weakly: bool) -> None:
    """Pearce, 1984, lemmas 3 and 4: what is not dominated is best against some belief, or a full one where weakly."""
    generator = np.random.default_rng(len(shape) * 10 + shape[0])
    fell = 0
    for _ in range(4):
        payoffs = generator.integers(-9, 10, size=(len(shape), *shape)).astype(float)
        found = eliminate_dominated(payoffs, weakly=weakly)
        check_certificates(payoffs, found, weakly=weakly)
        fell += sum(map(len, found.rounds))
        for player, mine in enumerate(found.payoffs):
            paid = np.moveaxis(mine, player, 0).reshape(mine.shape[player], -1)
            for action in range(len(paid)):
                belief = best_belief(paid, action, everywhere=weakly)
                assert belief > 1e-9 if weakly else belief > -1e-9
    assert fell


@given(small_games(st.integers(-3, 3).map(float)), st.integers(-900, 900), st.booleans())
def test_scales_and_what_the_others_add_do_not_matter(payoffs: np.ndarray, power: int, weakly: bool) -> None:
    expected = survivors(eliminate_dominated(payoffs, weakly=weakly))
    assert survivors(eliminate_dominated(np.ldexp(payoffs, power), weakly=weakly)) == expected
    added = payoffs + 8 * np.random.default_rng(power + 900).integers(-9, 9, size=(1, *[1] * len(payoffs)))
    for player in range(len(payoffs)):
        shape = [1 if axis == player else size for axis, size in enumerate(payoffs.shape[1:])]
        added[player] += np.random.default_rng(player).integers(-100, 100, size=shape)
    assert survivors(eliminate_dominated(added, weakly=weakly)) == expected


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e300, 3e307])
def test_payoffs_may_be_huge_or_tiny(scale: float) -> None:
    assert survivors(eliminate_dominated(scale * PRISONERS / 5)) == [[1], [1]]
    assert survivors(eliminate_dominated(scale * beside(MIXED_ONLY))) == [[0, 1], [0, 1]]
    assert survivors(eliminate_dominated(scale * beside(MIXED_ONLY), weakly=True)) == [[0, 1], [0, 1]]
    across = beside(MIXED_ONLY * [scale, 1 / max(scale, 1e-290)])
    assert survivors(eliminate_dominated(across)) == [[0, 1], [0, 1]]


def test_a_range_beyond_float64_and_one_far_below_its_values() -> None:
    wide = 1.1e308 * (MIXED_ONLY - 1.5)
    assert survivors(eliminate_dominated(beside(wide))) == [[0, 1], [0, 1]]
    assert survivors(eliminate_dominated(beside(MIXED_ONLY + np.array([2.0**40, 0])))) == [[0, 1], [0, 1]]


def test_a_mixture_that_falls_short_by_little_does_not_dominate() -> None:
    """Only the second action could, which pays 1e-8 less once; the third, which could make up for that, costs more."""
    nearly = np.array([[0.0, 0.5 + 1e-8, 0], [1, 0.5, 0], [0, 1, -1]])
    assert survivors(eliminate_dominated(beside(nearly), weakly=True))[0] == [0, 1, 2]


@pytest.mark.parametrize("weakly", [False, True])
def test_duplicated_equal_and_single_actions_stay(weakly: bool) -> None:
    twice = np.repeat(np.repeat(PRISONERS, 2, axis=1), 3, axis=2)
    assert survivors(eliminate_dominated(twice, weakly=weakly)) == [[2, 3], [3, 4, 5]]
    assert survivors(eliminate_dominated(np.full((3, 2, 3, 2), 7.0), weakly=weakly)) == [[0, 1], [0, 1, 2], [0, 1]]
    assert survivors(eliminate_dominated(np.zeros((2, 1, 1)), weakly=weakly)) == [[0], [0]]
    assert survivors(eliminate_dominated(np.array([[1.0, 3, 2, 3]]), weakly=weakly)) == [[1, 3]]


def test_a_difference_in_the_last_digit_counts_between_two_actions() -> None:
    nearly = np.array([[1.0, 1], [np.nextafter(1, 2), np.nextafter(1, 2)]])
    assert survivors(eliminate_dominated(beside(nearly))) == [[1], [0, 1]]


def test_payoffs_that_are_not_finite_and_other_shapes_are_refused() -> None:
    broken = PRISONERS.copy()
    broken[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        eliminate_dominated(broken)
    with pytest.raises(ValueError, match="expected payoffs"):
        eliminate_dominated(MIXED_ONLY)


def test_the_payoffs_given_are_not_changed() -> None:
    before = PRISONERS.copy()
    found = eliminate_dominated(PRISONERS)
    found.payoffs[:] = 0
    assert (before == PRISONERS).all()
