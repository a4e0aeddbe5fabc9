"""Stored searches are repeated node by node, by the kernels and by the reference."""

import json

import numpy as np
import pytest
from golden import EDGES, FILE, FIXED, SEARCHES, grown, told
from searches import after, check_books, hashed, native, nodes, noise

from agents.search.native_search import NativeSearch
from agents.search.search import SearchConfig

STORED = json.loads(FILE.read_text())


def agree(found: list[dict], stored: list[dict]) -> None:
    assert len(found) == len(stored)
    for ours, theirs in zip(found, stored, strict=True):
        for field in ("parent", "action", "seat", "visits", "length"):
            assert np.array_equal(ours[field], theirs[field]), field
        for field in ("prior", "mean"):
            np.testing.assert_allclose(ours[field], theirs[field], atol=1e-5)


def test_the_searches_are_those_that_are_listed():
    assert [{key: stored[key] for key in ("game", "moves", "config")} for stored in STORED] == SEARCHES
    assert all(set(EDGES) < set(node) for stored in STORED for node in stored["nodes"])
    assert sum(len(stored["nodes"]) for stored in STORED) > 200


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: f"{stored['game']}-{stored['moves']}-{stored['config']}")
def test_a_stored_search_is_repeated(stored):
    game, positions = native(stored["game"]), after(native(stored["game"]), stored["moves"])
    at_work = NativeSearch(game, hashed(game.spec.actions), SearchConfig(**(FIXED | stored["config"])))
    at_work.search(positions, noise(positions))
    check_books(at_work, 0)
    agree(nodes(at_work, 0), stored["nodes"])
    agree(told(grown(stored)), stored["nodes"])
