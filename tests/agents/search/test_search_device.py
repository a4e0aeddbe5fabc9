"""A GPU's search, kernel by kernel, is that of the CPU to the last bit; without a GPU its kernels are interpreted."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import FIXED
from searches import after, check_books, equal, hashed, native, nodes, noise, reached
from test_search_golden import STORED, agree
from test_search_reference import mixed

from agents.agent import AgentError
from agents.networks.policy_value import PolicyValueNetwork
from agents.search.agent import alphazero
from agents.search.device_search import DeviceSearch
from agents.search.native_search import NativeSearch
from agents.search.search import SearchConfig
from agents.search.tree import Layout, Trees
from agents.zoo.lookahead import Positions
from games.draws import Draws

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

device_kernels = pytest.importorskip("agents.search.device_kernels", reason="needs Triton")


def at_work(name: str, **config: Any) -> DeviceSearch:
    game = native(name)
    return DeviceSearch(game, hashed(game.spec.actions), SearchConfig(**config), device=DEVICE)


def fetch(searching: DeviceSearch) -> None:
    """Put the whole trees where the host's search has them."""
    forest = searching._planned
    records, words, used = (x.cpu().numpy() for x in (forest.records, forest.words, forest.used.long()))
    searching._trees = Trees(searching._trees.layout, records, words, used, searching._trees.best)


def as_on_the_cpu(name: str, positions: Positions, draws: Draws | None, **config: Any) -> None:
    game = native(name)
    found = NativeSearch(game, hashed(game.spec.actions), SearchConfig(**config)).search(positions, draws)
    equal(found, at_work(name, **config).search(positions, draws))


def test_the_kernels_find_what_the_layout_says():
    for width in (8, 24, 64):
        layout = Layout.of(width)
        for field in ("prior", "mean", "visits", "child", "length"):
            assert getattr(device_kernels, f"_{field.upper()}").value * width == getattr(layout, field)
        for field in ("raw", "weighted", "seen", "mixed", "through", "heaviest", "seat", "edge"):
            assert 5 * width + getattr(device_kernels, f"_{field.upper()}").value == getattr(layout, field)


SHORT = [stored for stored in STORED if stored["config"]["simulations"] < 40]  # the interpreter takes its time


@pytest.mark.parametrize("stored", SHORT, ids=lambda stored: f"{stored['game']}-{stored['config']}")
def test_a_stored_search_is_repeated(stored):
    positions = after(native(stored["game"]), stored["moves"])
    searching = at_work(stored["game"], **(FIXED | stored["config"]))
    searching.search(positions, noise(positions))
    fetch(searching)
    check_books(searching, 0)
    agree(nodes(searching, 0), stored["nodes"])


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("leaves", [1, 3])
def test_it_searches_as_the_cpu_does(rule, leaves):
    positions = mixed("connect_four", 4)
    as_on_the_cpu("connect_four", positions, noise(positions), simulations=24, rule=rule, leaves=leaves)


@pytest.mark.parametrize(("name", "rule"), [("hex(size=4)", "gumbel"), ("othello(size=6)", "puct")])
def test_it_does_where_a_node_has_several_vectors_of_edges(name, rule):
    positions = mixed(name, 2)
    as_on_the_cpu(name, positions, noise(positions), simulations=16, rule=rule, considered=6)


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_budgets_may_differ_and_trees_are_used_again(rule):
    game, config = native("tic_tac_toe"), SearchConfig(rule=rule)
    searching = at_work("tic_tac_toe", rule=rule)
    for seed, count in ((0, 20), (1, 3), (2, 0)):
        positions = reached(game, count, 3, seed=seed)
        budget = np.resize(np.array([12, 1, 0, 5], np.int32), count)
        here = NativeSearch(game, hashed(9), config).search(positions, noise(positions), budget=budget)
        there = searching.search(positions, noise(positions), budget=budget)
        equal(here, there)
        assert there.visits.sum(1).tolist() == budget.tolist()


def test_answers_that_are_no_numbers_are_refused():
    game = native("tic_tac_toe")

    def spoilt(seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((len(seen), 9), torch.nan, device=seen.device), torch.zeros(len(seen), device=seen.device)

    with pytest.raises(AgentError, match="expected a network to answer with numbers"):
        DeviceSearch(game, spoilt, SearchConfig(simulations=4), device=DEVICE).search(reached(game, 2, 2), None)


_COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from agents.search import device_kernels

words, numbers, longs = "*i32", "*fp32", "*i64"
kinds = {"values": numbers, "settings": numbers, "drawn": numbers, "best": numbers, "logits": numbers, "value": numbers}
kinds |= {"paid": numbers, "kind": longs, "words": longs, "after": longs, "mover": longs, "over": "*i1", "legal": "*i1"}
kinds |= dict.fromkeys(["trees", "nodes", "most", "parts", "actions", "leaves"], "i32")
for width in (8, 24):
    for kernel in (device_kernels.descend, device_kernels.leave, device_kernels.take):
        for gumbel in (True, False):
            own = {"GUMBEL": gumbel, "W": width, "SIZE": 5 * width + 8, "T": device_kernels.TREES}
            signature = {name: "constexpr" if name in own else kinds.get(name, words) for name in kernel.arg_names}
            if kernel is device_kernels.take:
                signature["kind"] = "i32"
            source = ASTSource(fn=kernel, signature=signature, constexprs=own)
            code = compile(source, target=GPUTarget("cuda", 90, 32), options=device_kernels.EXACT)
            assert code.asm["cubin"]
            assert "fma.rn.f32" not in code.asm["ptx"] and "div.full" not in code.asm["ptx"]
print("compiled")
"""


def test_the_kernels_compile_for_a_gpu_with_nothing_fused_or_approximate():
    root = Path(__file__).parents[3]
    environment = {**os.environ, "TRITON_INTERPRET": "0", "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", _COMPILE], env=environment, capture_output=True, text=True)
    assert done.stdout == "compiled\n", done.stderr


@pytest.mark.skipif(DEVICE == "cpu", reason="needs a GPU")
def test_an_agent_whose_network_is_on_a_gpu_searches_there():
    game = native("connect_four")
    architecture = {"kind": "dense", "observation": [2, 6, 7], "actions": 7, "layers": 2, "width": 64}
    network = PolicyValueNetwork(architecture, device=DEVICE)
    positions = reached(game, 40, 8)
    searching = alphazero(game, network, simulations=64)
    found = searching.search(positions)
    assert isinstance(searching._searching, DeviceSearch)
    assert found.visits.sum(1).tolist() == [64] * 40
    here = alphazero(game, PolicyValueNetwork.of(architecture, network.tensors()), simulations=64).search(positions)
    assert (found.actions == here.actions).float().mean() > 0.9
