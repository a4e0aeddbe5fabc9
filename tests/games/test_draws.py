import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from games import Draws, sample
from games.draws import key, mix, signed

LAST = 1 - 2.0**-52
IDS = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=40)


@settings(max_examples=50, deadline=None)
@given(ids=IDS, cut=st.integers(1, 39), seed=st.integers(0, 2**40), move=st.integers(0, 10_000), draw=st.integers(0, 9))
def test_a_game_has_the_same_bits_in_any_batch(ids, cut, seed, move, draw):
    games = torch.tensor(ids)
    whole = Draws.of(seed, "test", games).at(move)
    parts = [Draws.of(seed, "test", part).at(move).bits(1, draw) for part in (games[:cut], games[cut:])]
    assert torch.equal(whole.bits(1, draw), torch.cat(parts))
    rows = torch.arange(len(ids)).flip(0)
    assert torch.equal(whole.rows(rows).bits(1, draw), whole.bits(1, draw)[rows])
    seats = torch.arange(len(ids)) % 3
    by_seat = torch.stack([whole.bits(seat, draw) for seat in range(3)])
    assert torch.equal(whole.bits(seats, draw), by_seat.gather(0, seats[None])[0])


def test_seed_purpose_game_move_seat_and_draw_all_matter():
    games = torch.arange(1000)
    streams = [
        Draws.of(seed, purpose, games).at(move).bits(seat, draw)
        for seed in (0, 1)
        for purpose in ("a", "b")
        for move in range(4)
        for seat in range(3)
        for draw in range(3)
    ]
    assert len(torch.cat(streams).unique()) == 1000 * len(streams)


def test_mixing_is_the_finaliser_of_split_mix_64():
    """The first outputs of SplitMix64 with seed 1234567, from its reference implementation."""
    gamma = 0x9E3779B97F4A7C15
    counters = torch.tensor([signed(1234567 + gamma * step) for step in (1, 2, 3)])
    assert [value % 2**64 for value in mix(counters).tolist()] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_keys_of_streams_are_kept_for_ever():
    """A stored league depends on these numbers."""
    assert key(0, "actions") == 7493828994249032537
    assert Draws.of(0, "actions", torch.tensor([4711])).at(3).bits(1, 2).item() == -4606943076321188901


def test_uniform_numbers_are_uniform_and_unrelated():
    count = 1 << 17
    draws = Draws.of(7, "uniform", torch.arange(count))
    here, next_move, next_game = draws.uniform(), draws.at(1).uniform(), draws.uniform().roll(1)
    assert here.dtype == torch.float64
    assert here.min() >= 0
    assert here.max() <= LAST
    buckets = torch.histc(here.float(), bins=256, min=0, max=1)
    assert ((buckets - count / 256) ** 2 / (count / 256)).sum() < 255 + 5 * (2 * 255) ** 0.5
    for other in (next_move, next_game):
        assert abs(np.corrcoef(here, other)[0, 1]) < 5 / count**0.5


def test_sampling_meets_the_probabilities():
    count = 1 << 16
    probabilities = torch.tensor([0.1, 0.0, 0.6, 0.3])
    drawn = sample(probabilities.expand(count, 4), Draws.of(3, "sample", torch.arange(count)).uniform())
    shares = torch.bincount(drawn, minlength=4) / count
    assert shares[1] == 0
    assert ((shares - probabilities).abs() < 5 * (0.25 / count) ** 0.5).all()


WEIGHTS = st.lists(st.sampled_from([0.0, 1e-30, 1e-12, 0.1, 1 / 3, 0.7, 1.0, 3e5]), min_size=1, max_size=12).filter(any)


@settings(max_examples=200, deadline=None)
@given(weights=WEIGHTS, uniform=st.sampled_from([0.0, 2.0**-52, 0.5, LAST]) | st.floats(0, LAST))
def test_an_index_of_probability_zero_is_never_drawn(weights, uniform):
    drawn = sample(torch.tensor([weights], dtype=torch.float64), torch.tensor([uniform], dtype=torch.float64))
    assert weights[int(drawn)] > 0


@pytest.mark.parametrize(("uniform", "expected"), [(0.0, 1), (0.4999, 1), (0.5, 3), (LAST, 3)])
def test_sampling_inverts_the_cumulative_sum(uniform, expected):
    probabilities = torch.tensor([[0.0, 2.0, 0.0, 2.0, 0.0]])
    assert sample(probabilities, torch.tensor([uniform], dtype=torch.float64)).tolist() == [expected]
