"""The random numbers of a root: distributions, each position's own, with the means that they should have."""

import numpy as np
import pytest
import torch
from searches import native, reached, search

from agents.search.noise import dirichlet, gumbel_noise
from games.draws import Draws

COUNT = 20_000


def numbers(count: int, *, seed: int = 0) -> tuple[Draws, torch.Tensor]:
    return Draws.of(seed, "noise", torch.arange(count)), torch.zeros(count, dtype=torch.int64)


@pytest.mark.parametrize("legal", [1, 2, 7, 200])
def test_dirichlet_noise_is_a_distribution_over_the_legal_actions(legal):
    allowed = torch.zeros(COUNT // 10, 225, dtype=torch.bool)
    for row in range(len(allowed)):
        allowed[row, torch.arange(row % 9, row % 9 + legal)] = True
    for concentration in (10.0, 0.1, 1e-3):
        drawn = dirichlet(*numbers(len(allowed)), allowed, concentration=concentration)
        assert drawn.isfinite().all()
        assert (drawn >= 0).all()
        assert not drawn[~allowed].any()
        torch.testing.assert_close(drawn.sum(1), torch.ones(len(allowed)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("legal", [2, 5, 40])
def test_dirichlet_noise_has_its_mean_and_variance_whatever_the_number_of_actions(legal):
    """Each of k actions has concentration a / k: mean 1 / k, variance (1 / k) (1 - 1 / k) / (a + 1)."""
    a, mean = 10.0, 1 / legal
    drawn = dirichlet(*numbers(COUNT), torch.ones(COUNT, legal, dtype=torch.bool), concentration=a).double()
    variance = mean * (1 - mean) / (a + 1)
    assert (drawn.mean(0) - mean).abs().max() < 4.5 * (variance / COUNT) ** 0.5  # 47 means, beyond 4.5: p < 0.001
    kurtosis = (drawn - drawn.mean(0)).pow(4).mean(0) / drawn.var(0) ** 2
    error = variance * ((kurtosis - 1) / COUNT) ** 0.5
    assert ((drawn.var(0) - variance).abs() < 4.5 * error).all()


def test_gumbel_noise_has_its_mean_and_variance():
    drawn = gumbel_noise(*numbers(COUNT), 5).double()
    assert drawn.isfinite().all()
    deviation = np.pi / 6**0.5
    assert (drawn.mean(0) - np.euler_gamma).abs().max() < 4.5 * deviation / COUNT**0.5
    kurtosis = 3 + 12 / 5
    assert (drawn.var(0) - deviation**2).abs().max() < 4.5 * deviation**2 * ((kurtosis - 1) / COUNT) ** 0.5
    correlation = torch.corrcoef(drawn.T) - torch.eye(5)
    assert correlation.abs().max() < 4.5 / COUNT**0.5


def test_adding_gumbel_noise_to_logits_draws_by_their_probabilities():
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0])
    chosen = (gumbel_noise(*numbers(COUNT), 4) + logits).argmax(1)
    share = torch.bincount(chosen, minlength=4) / COUNT
    expected = logits.softmax(0)
    assert ((share - expected).abs() < 4.5 * (expected * (1 - expected) / COUNT) ** 0.5).all()


def test_noise_is_a_positions_own():
    draws, seats = numbers(50)
    legal = torch.ones(50, 7, dtype=torch.bool)
    rows = torch.tensor([3, 41])
    for make in (lambda d, s, m: gumbel_noise(d, s, 7), lambda d, s, m: dirichlet(d, s, m, concentration=10.0)):
        whole = make(draws, seats, legal)
        assert torch.equal(make(draws.rows(rows), seats[rows], legal[rows]), whole[rows])
        assert len(whole.unique(dim=0)) == 50


def test_a_share_of_the_roots_priors_is_noise():
    positions = reached(native("connect_four"), 400, 4)
    plain = search("connect_four", positions, rule="puct", simulations=1, noisy=False).priors
    kept = search("connect_four", positions, rule="puct", simulations=1, noise=0.0).priors
    noisy = search("connect_four", positions, rule="puct", simulations=1, noise=0.25).priors
    assert torch.equal(plain, kept)
    noise = (noisy - 0.75 * plain) / 0.25
    assert noise.min() > -1e-5
    torch.testing.assert_close(noise.sum(1), torch.ones(400), atol=1e-4, rtol=0)
    assert noise.std(0).min() > 0.05  # a seventh on average, with a deviation of about 0.105
