import json

import numpy as np
import pytest
import torch

from agents.agent import Evaluable, Random
from agents.network import NetworkPolicy
from agents.snapshot import Named, Snapshot, SnapshotError, load, save
from agents.tabular import HistoryPolicy, TabularPolicy
from games import build_tree, make


@pytest.fixture(scope="module")
def tree():
    return build_tree(make("kuhn_poker"))


def behaviour(snapshot, tree):
    agent = snapshot.agent()
    assert isinstance(agent, Evaluable)
    return agent.behaviour(tree)


def snapshots(tree):
    drawn = tree.normalised(np.random.default_rng(0).random(tree.slots))
    network = NetworkPolicy({"inputs": tree.observations.shape[1], "actions": 2, "hidden": [8]}, seed=3)
    return {
        "tabular": Snapshot("kuhn_poker", (TabularPolicy.of(tree, drawn),), (0, 0), {"oracle": "exact"}),
        "history": Snapshot("kuhn_poker", (HistoryPolicy.of(tree, drawn),), (0, 0)),
        "network": Snapshot("kuhn_poker", (network, Random()), (0, 1)),
    }


@pytest.mark.parametrize("kind", ["tabular", "history", "network"])
def test_a_snapshot_comes_back_as_it_was(tree, tmp_path, kind):
    snapshot = snapshots(tree)[kind]
    name = save(snapshot, tmp_path)
    again = load(name, tmp_path)
    assert np.array_equal(behaviour(again, tree), behaviour(snapshot, tree))
    assert (again.game, again.seats, again.provenance) == (snapshot.game, snapshot.seats, snapshot.provenance)
    assert save(again, tmp_path) == name


def test_a_network_of_temperature_zero_stays_greedy(tree, tmp_path):
    network = NetworkPolicy(
        {"inputs": tree.observations.shape[1], "actions": 2, "hidden": [8], "temperature": 0.0}, seed=3
    )
    name = save(Snapshot("kuhn_poker", (network,), (0, 0)), tmp_path)
    assert set(behaviour(load(name, tmp_path), tree)) == {0.0, 1.0}


def test_every_flipped_byte_is_refused_by_name(tree, tmp_path):
    name = save(snapshots(tree)["network"], tmp_path)
    path = tmp_path / f"{name}.safetensors"
    good = path.read_bytes()
    for place in range(0, len(good), 41):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(SnapshotError, match=name):
            load(name, tmp_path)
    path.write_bytes(good)
    load(name, tmp_path)


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(SnapshotError, match="cannot be read"):
        load("00", tmp_path)
    for data in (b"", b"PK\x03\x04" * 10, (2**40).to_bytes(8, "little") + b"{}"):
        with pytest.raises(SnapshotError, match="not a Red Queen snapshot"):
            Snapshot.from_bytes(data, source="x.safetensors")


def test_a_newer_format_is_refused(tree):
    data = snapshots(tree)["tabular"].to_bytes()
    newer = data.replace(b'\\"format\\": 1', b'\\"format\\": 9')
    assert newer != data
    with pytest.raises(SnapshotError, match="format 9"):
        Snapshot.from_bytes(newer, source="x.safetensors")


def test_a_snapshot_holds_no_code(tree):
    data = snapshots(tree)["network"].to_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert all(
        set(entry) == {"dtype", "shape", "data_offsets"} for key, entry in header.items() if key != "__metadata__"
    )
    with pytest.raises(SnapshotError, match="opening a run executes nothing"):
        Snapshot("kuhn_poker", (Named("mybot.py:Bot"),), (0, 0)).agent()


def test_the_learner_shares_no_memory_with_what_was_frozen(tree):
    network = NetworkPolicy({"inputs": tree.observations.shape[1], "actions": 2, "hidden": [8]}, seed=3)
    frozen = Snapshot.from_bytes(Snapshot("kuhn_poker", (network,), (0, 0)).to_bytes(), source="x")
    before = behaviour(frozen, tree)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    assert np.array_equal(behaviour(frozen, tree), before)
