"""The arithmetic of search: the same bits in compiled code, in torch, and close to the truth."""

import operator

import numpy as np
import pytest
import torch
from numba import njit

from agents.search.arithmetic import exp, exp_in_torch
from agents.search.reference import total as total_in_torch
from agents.search.vectors import (
    as_floats,
    choose,
    first,
    floats,
    floor,
    greatest,
    ints,
    load_floats,
    load_ints,
    store,
    total,
)


@njit
def exp_of(x, out):
    for place in range(0, len(x), 8):
        store(out, place, exp(load_floats(x, place)))


@njit
def folded(x):
    eight = load_floats(x, 0)
    return total(eight), greatest(eight), first(eight == floats(greatest(eight)))


@njit
def operated(x, y, out):
    a, b = load_floats(x, 0), load_floats(y, 0)
    for place, value in enumerate((a + b, a - b, a * b, a / b, floor(a), choose(a > b, a, b), choose(a >= b, b, a))):
        store(out, 8 * place, value)


@njit
def operated_on_ints(x, y, out):
    a, b = load_ints(x, 0), load_ints(y, 0)
    store(out, 0, a + b)
    store(out, 8, a - b)
    store(out, 16, a * b)
    store(out, 24, a << ints(np.int32(3)))
    store(out, 32, choose(a < b, a, b))
    store(out, 40, ints(floats(a)))


@njit
def bits_of(x, out):
    store(out, 0, as_floats(load_ints(x, 0)))


def compiled_exp(x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    exp_of(x, out)
    return out


def numbers(seed: int, count: int, *, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(seed).normal(size=count)).astype(np.float32)


def test_exp_has_the_same_bits_in_compiled_code_and_in_torch():
    x = np.concatenate([-np.abs(numbers(0, 80_000, scale=30.0)), np.linspace(-90, 0, 80_000, dtype=np.float32)])
    extremes = np.array([0.0, -0.0, -1e-45, -1e-30, -87.3, -87.4, -1e30, -np.inf], np.float32)
    x = np.concatenate([x, extremes])
    assert np.array_equal(compiled_exp(x).view(np.int32), exp_in_torch(torch.from_numpy(x)).numpy().view(np.int32))


def test_exp_is_right_to_a_few_units_of_the_last_place():
    """The argument's own rounding, x * log2(e) in float32, is what remains: half a unit of it each."""
    x = np.linspace(-2, 0, 400_000, dtype=np.float32)
    truth = np.exp(x.astype(np.float64))
    assert (np.abs(compiled_exp(x) - truth) <= 4 * np.spacing(truth.astype(np.float32))).all()
    x = np.linspace(-87, 0, 400_000, dtype=np.float32)
    truth = np.exp(x.astype(np.float64))
    error = np.abs(compiled_exp(x) - truth) / truth
    assert (error <= 2.0**-23 * (3 + np.abs(x))).all()
    assert compiled_exp(np.zeros(8, np.float32)).tolist() == [1.0] * 8
    assert compiled_exp(np.full(8, -200, np.float32)).tolist() == [0.0] * 8


@pytest.mark.parametrize("seed", range(20))
def test_total_greatest_and_first(seed):
    x = numbers(seed, 8)
    if seed % 2:
        x[[2, 6]] = 9.0  # the greatest twice: the first of them
    whole, most, place = folded(x)
    half = x[:4] + x[4:]
    quarter = half[:2] + half[2:]
    assert np.float32(whole) == quarter[0] + quarter[1]
    assert np.float32(whole) == total_in_torch(torch.from_numpy(x)[None]).item()
    assert (most, place) == (x.max(), x.argmax())


def test_the_total_of_many_is_that_of_eights_one_after_another():
    x = numbers(1, 24 * 5).reshape(5, 24)
    expected = [(folded(a)[0], folded(b)[0], folded(c)[0]) for a, b, c in (row.reshape(3, 8).copy() for row in x)]
    whole = [np.float32(np.float32(np.float32(a) + np.float32(b)) + np.float32(c)) for a, b, c in expected]
    assert total_in_torch(torch.from_numpy(x)).tolist() == [float(value) for value in whole]
    short = torch.from_numpy(x[:, :19].copy())
    assert torch.equal(total_in_torch(short), total_in_torch(torch.nn.functional.pad(short, (0, 5))))


def test_where_no_flag_is_up_the_first_is_eight():
    x = np.full(8, np.nan, np.float32)
    assert folded(x)[2] == 8


def test_operators_are_those_of_single_numbers():
    x, y = numbers(2, 8), numbers(3, 8)
    x[0] = y[0]
    out = np.empty(56, np.float32)
    operated(x, y, out)
    expected = [x + y, x - y, x * y, x / y, np.floor(x), np.maximum(x, y), np.minimum(x, y)]
    assert np.array_equal(out.reshape(7, 8), np.stack(expected))


def test_operators_of_integers():
    x, y = np.arange(-4, 4, dtype=np.int32) * 1000, np.arange(8, dtype=np.int32)[::-1].copy()
    out = np.empty(48, np.int32)
    operated_on_ints(x, y, out)
    expected = [operator.add(x, y), x - y, x * y, x << 3, np.minimum(x, y), x]
    assert np.array_equal(out.reshape(6, 8), np.stack(expected))
    floated = np.empty(8, np.float32)
    truth = np.array([1, -2, 0.5, 0, 3, 4, -0.25, 1e-30], np.float32)
    bits_of(truth.view(np.int32), floated)
    assert np.array_equal(floated, truth)
