"""Equilibria of small games with any number of players."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import combinations, product
from math import comb, prod
from typing import Any

import numpy as np

from games.errors import UserError
from games.normal_form.bimatrix import bimatrix_equilibria
from games.normal_form.continuation import count_roots, real_roots
from games.normal_form.payoffs import Equilibrium, as_measurable, conclude, deviations
from games.normal_form.pure import pure_equilibria
from games.normal_form.scaling import unit

_SUPPORTS = 50_000
"""Combinations of supports that are still looked through."""

_PATHS = 12_000
"""Paths to roots that are still followed, at about a millisecond each; most games need a tenth of their number."""

_LOSS = 1e-8
"""What a player may lose in an equilibrium, of the range of its payoffs; and a probability that counts as zero."""

_SAME = 1e-6
"""Greatest difference between the probabilities of two findings of one equilibrium."""


def n_player_equilibria(payoffs: np.ndarray, *, seed: int = 0) -> list[Equilibrium]:
    """Return the equilibria of `payoffs [P, A1, ..., AP]`: in most games all of them.

    Two players' are those of `bimatrix_equilibria`. For more, every combination of supports is tried that leaves no
    player an action which another beats against all that the others may play (Porter, Nudelman and Shoham, "Simple
    search methods for finding a Nash equilibrium", 2008), and within it all roots of the equations of indifference
    are computed, to rounding, by `continuation.real_roots`. Numerical: `gap` says how far each is from an equilibrium.
    It may miss some where they are not isolated, as with duplicated actions; pure equilibria it never misses.
    `seed` draws where the paths to the roots start; another one may help in a game that is nearly degenerate.

    Raises UserError when the game is too large: three players may have four actions each, six two each.
    """
    table = as_measurable(payoffs)
    if len(table) == 2:
        return bimatrix_equilibria(table)
    found = [equilibrium.strategies for equilibrium in pure_equilibria(table)]
    if len(table) > 2:
        _check_size(table.shape[1:])
        scaled, _ = unit(table)
        found += [strategies for strategies in _mixed(scaled, seed) if _is_equilibrium(scaled, strategies)]
    return _conclude(table, found)


def gambit_equilibria(payoffs: np.ndarray) -> list[Equilibrium]:
    """Return the equilibria of `payoffs [P, A1, ..., AP]` that Gambit finds: in most games all of them.

    Two players' are all extreme ones, in exact arithmetic (`enummixed_solve`). With more players Gambit subdivides the
    strategies within each combination of supports (`enumpoly_solve`): it misses an equilibrium now and then where
    `n_player_equilibria` has all, and may not come to an end where equilibria are not isolated.

    Raises UserError when pygambit is missing.
    """
    table = as_measurable(payoffs)
    try:
        pygambit: Any = import_module("pygambit")
    except ImportError as error:
        raise UserError(
            "gambit_equilibria needs the package pygambit, but it is not installed; "
            "install it with `pip install 'pygambit<17'` or use n_player_equilibria"
        ) from error
    # Powers of two leave ties as they are, which an exact solver minds.
    powers = [np.frexp(np.abs(mine).max())[1] for mine in table]
    game = pygambit.Game.from_arrays(*(np.ldexp(mine, -power) for mine, power in zip(table, powers, strict=True)))
    solve = pygambit.nash.enummixed_solve if len(table) == 2 else pygambit.nash.enumpoly_solve
    found = []
    for profile in solve(game).equilibria:
        strategies = [np.array([float(profile[one]) for one in player.strategies]) for player in game.players]
        found.append([np.maximum(own, 0) / np.maximum(own, 0).sum() for own in strategies])
    return _conclude(table, found)


def support_enumeration(payoffs: np.ndarray) -> Equilibrium:
    """Return, of the equilibria of a small game, the one with the greatest sum of payoffs; of several, the first.

    They are those of `n_player_equilibria`: with two players no equilibrium pays more in sum.

    Raises UserError when the game is too large or, with more than two players, no equilibrium was found.
    """
    found = n_player_equilibria(payoffs)
    if not found:
        raise UserError("support_enumeration found no equilibrium in this degenerate game; use the approximate prd")
    scale = max(np.abs(one.values).max() for one in found) or 1.0
    return max(found, key=lambda one: round(float((one.values / scale).sum()), 9))


def _check_size(sizes: Sequence[int]) -> None:
    supports = prod(2**size - 1 for size in sizes)
    if supports <= _SUPPORTS:
        shapes = product(*(range(1, size + 1) for size in sizes))
        paths = sum(
            count_roots(shape) * prod(comb(size, kept) for size, kept in zip(sizes, shape, strict=True))
            for shape in shapes
        )
        if paths <= _PATHS:
            return
    raise UserError(
        f"n_player_equilibria tries all supports, too many for {' by '.join(map(str, sizes))} actions (4 by 4 by 4 is "
        "about the most); for one approximate equilibrium use prd"
    )


def _mixed(scaled: np.ndarray, seed: int) -> Iterable[list[np.ndarray]]:
    """Yield the players' strategies wherever all are indifferent within some supports, equilibria or not."""
    sizes = scaled.shape[1:]
    for shape in product(*(range(1, size + 1) for size in sizes)):
        if max(shape) == 1 or not count_roots(shape):
            continue
        choices = product(*(combinations(range(size), kept) for size, kept in zip(sizes, shape, strict=True)))
        supports = [chosen for chosen in choices if not _dominated(scaled, chosen)]
        if not supports:
            continue
        players = range(len(scaled))
        inner = np.stack([scaled[np.ix_(players, *chosen)] for chosen in supports])
        for chosen, roots in zip(supports, real_roots(inner, seed=seed), strict=True):
            for root in roots[(roots >= -_LOSS).all(1)]:
                yield [
                    _spread(part, own, size)
                    for part, own, size in zip(np.split(root, np.cumsum(shape)[:-1]), chosen, sizes, strict=True)
                ]


def _dominated(scaled: np.ndarray, chosen: Sequence[Sequence[int]]) -> bool:
    """Return whether within these supports some action pays less than another of its player's whatever others do."""
    for player, own in enumerate(chosen):
        others = [range(size) if other == player else chosen[other] for other, size in enumerate(scaled.shape[1:])]
        paid = np.moveaxis(scaled[player][np.ix_(*others)], player, 0).reshape(scaled.shape[player + 1], -1)
        if (paid[:, None] > paid[list(own)]).all(2).any():
            return True
    return False


def _spread(part: np.ndarray, own: Sequence[int], size: int) -> np.ndarray:
    strategy = np.zeros(size)
    strategy[list(own)] = np.where(part > _LOSS, part, 0)
    return strategy / strategy.sum()


def _is_equilibrium(scaled: np.ndarray, strategies: Sequence[np.ndarray]) -> bool:
    paid = deviations(scaled, strategies)
    return all(mine.max() - mine @ own <= _LOSS for mine, own in zip(paid, strategies, strict=True))


def _conclude(table: np.ndarray, found: Iterable[Sequence[np.ndarray]]) -> list[Equilibrium]:
    """Measure each equilibrium once, ordered by the strategies, the greatest first."""
    ordered = sorted(found, key=lambda one: tuple(-np.concatenate(one).round(6)))
    kept: list[Sequence[np.ndarray]] = []
    for one in ordered:
        flat = np.concatenate(one)
        if all(np.abs(flat - np.concatenate(other)).max() > _SAME for other in kept):
            kept.append(one)
    _, spreads = unit(table)
    return [conclude(table, one, tolerance=_LOSS * len(table) * float(spreads.max())) for one in kept]
