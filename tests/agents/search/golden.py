"""Stored searches, node by node: `python tests/agents/search/golden.py` writes them anew, from the reference."""

import json
from pathlib import Path
from typing import Any

import torch
from searches import after, hashed, native, noise

from agents.search.reference import Reference
from agents.search.search import SearchConfig

FILE = Path(__file__).with_name("golden.json")
EDGES = ("prior", "mean", "visits", "length")
SEARCHES: list[dict[str, Any]] = [
    {"game": game, "moves": moves, "config": {"rule": rule, "simulations": simulations, "leaves": leaves}}
    for game, moves, simulations in (
        ("tic_tac_toe", [], 24),
        ("tic_tac_toe", [4, 0, 2, 6], 40),
        ("connect_four", [3, 3, 2], 24),
        ("connect_four", [3, 3, 2, 2, 4], 40),
    )
    for rule, leaves in (("gumbel", 1), ("puct", 1), ("puct", 4))
]
"""The root's noise is that of the one position with key 0; every answer is the hash of an observation."""


def grown(search: dict[str, Any]) -> Reference:
    """Return the trees of a search by the reference, and what stands in them."""
    game, positions = native(search["game"]), after(native(search["game"]), search["moves"])
    config = SearchConfig(**(FIXED | search["config"]))
    reference = Reference(game, hashed(game.spec.actions), config, positions, noise(positions))
    reference.search()
    return reference


FIXED = {"c_visit": 50.0, "c_scale": 1.0, "c_init": 1.25, "c_base": 19652.0, "reduction": 0.2, "considered": 4}
"""So that other defaults do not make other trees."""


def told(reference: Reference) -> list[dict[str, Any]]:
    """Return the nodes of the reference's first tree."""
    forest, nodes = reference.forest, []
    for number in range(int(forest.used[0])):
        node: dict[str, Any] = {field: int(getattr(forest, field)[0, number]) for field in ("parent", "action", "seat")}
        for field in EDGES:
            values = getattr(forest, field)[0, number].tolist()
            node[field] = [round(value, 6) for value in values] if field in ("prior", "mean") else values
        nodes.append(node)
    return nodes


def main() -> None:
    """Write the file."""
    torch.set_num_threads(1)
    stored = [json.dumps(search | {"nodes": told(grown(search))}, separators=(",", ":")) for search in SEARCHES]
    FILE.write_text("[\n" + ",\n".join(stored) + "\n]\n")


if __name__ == "__main__":
    main()
