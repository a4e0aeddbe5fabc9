import copy
import json
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import conv2d, linear

from agents.adam import Adam
from agents.agent import AgentError
from agents.conformance import check_agent
from agents.networks import half_kernels
from agents.networks.dense import HalfDense
from agents.networks.policy_value import PolicyValueNetwork, outcomes_of
from agents.networks.stack import Stack
from agents.registry import refuse_misfit
from agents.snapshot import Snapshot, SnapshotError, load, save
from games import build_tree, make

DENSE = {"kind": "dense", "layers": 2, "width": 24, "observation": [2, 6, 7], "actions": 7}
DEEP = {**DENSE, "layers": 3, "width": 17}
RESIDUAL = {"kind": "residual", "blocks": 2, "channels": 8, "observation": [2, 6, 7], "actions": 7}
KINDS = pytest.mark.parametrize("architecture", [DENSE, DEEP, RESIDUAL], ids=["dense", "deep", "residual"])


def network(architecture, seed=1):
    """A network whose every weight matters: biases and the heads are near zero at first."""
    made = PolicyValueNetwork(architecture, seed=seed)
    noise = torch.randn(made.weights.shape, generator=torch.Generator().manual_seed(seed))
    made.weights.add_(noise, alpha=0.1)
    return made


def boards(count, seed=0):
    return (torch.rand(count, 2, 6, 7, generator=torch.Generator().manual_seed(seed)) < 0.3).float()


def lesson(count, seed=0):
    """Observations, legal actions and targets; every third row teaches no policy."""
    generator = torch.Generator().manual_seed(seed)
    legal = torch.rand(count, 7, generator=generator) < 0.7
    legal[:, 3] = True
    policy = torch.rand(count, 7, generator=generator) * legal
    policy /= policy.sum(1, keepdim=True)
    policy[::3] = 0.0
    return boards(count, seed), legal, policy, outcomes_of(torch.rand(count, generator=generator) * 2 - 1)


def plainly(architecture, tensors, observation):
    """Both heads' outputs `[n, A + 3]`, layer by layer from the definition, in the dtype of `tensors`."""

    def of(name):
        return tensors[f"{name}.weight"], tensors[f"{name}.bias"]

    if architecture["kind"] == "dense":
        x = observation.flatten(1)
        for index in range(architecture["layers"]):
            x = linear(x, *of(f"hidden.{index}")).relu()
        return linear(x, *of("heads"))
    x = conv2d(observation, *of("stem"), padding=1).relu()
    for block in range(architecture["blocks"]):
        inner = conv2d(x, *of(f"block.{block}.first"), padding=1).relu()
        x = (x + conv2d(inner, *of(f"block.{block}.second"), padding=1)).relu()
    policy, value = conv2d(x, *of("heads")).relu().chunk(2, 1)
    hidden = linear(value.flatten(1), *of("value.hidden")).relu()
    return torch.cat([linear(policy.flatten(1), *of("policy")), linear(hidden, *of("value.last"))], 1)


def in_double(net):
    return {name: tensor.double() for name, tensor in net.tensors().items()}


@KINDS
@pytest.mark.parametrize("count", [0, 1, 700, 1025])
def test_answers_are_those_of_the_layers_one_by_one(architecture, count):
    net, seen = network(architecture), boards(count)
    expected = plainly(architecture, in_double(net), seen.double())
    outcomes = expected[:, 7:].softmax(1)
    logits, value = net.infer(seen)
    assert logits.shape == (count, 7)
    assert logits.is_contiguous()
    torch.testing.assert_close(logits.double(), expected[:, :7], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(value.double(), outcomes[:, 0] - outcomes[:, 2], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(net.wdl(seen).double(), outcomes, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(net.values(seen), value, rtol=0, atol=0)


@KINDS
def test_bfloat16_is_near(architecture):
    net, seen = network(architecture), boards(700)
    logits, value = net.infer(seen)
    coarse, guess = net.infer(seen, dtype=torch.bfloat16)
    assert coarse.dtype == guess.dtype == torch.float32
    assert 0 < (coarse - logits).abs().max() < 0.05 * logits.abs().max()
    assert 0 < (guess - value).abs().max() < 0.05


@pytest.mark.skipif(not half_kernels.fits(), reason="this processor does not multiply pairs of bfloat16")
@pytest.mark.parametrize(("planes", "layers", "width"), [(3, 1, 5), (2, 2, 16), (1, 3, 70), (4, 2, 128)])
def test_compiled_bfloat16_is_that_of_rounded_weights(planes, layers, width):
    shape = (planes, 3, 3)
    net = network({"kind": "dense", "observation": list(shape), "actions": 19, "layers": layers, "width": width})
    seen = torch.randn(203, *shape, generator=torch.Generator().manual_seed(0)).bfloat16().float()
    rows = seen.flatten(1).double()
    for name in [f"hidden.{layer}" for layer in range(layers)]:
        weight, bias = net.named[f"{name}.weight"].bfloat16().double(), net.named[f"{name}.bias"].double()
        rows = (rows @ weight.T + bias).relu().bfloat16().double()
    expected = rows @ net.named["heads.weight"].bfloat16().double().T + net.named["heads.bias"].double()
    found = net.outputs(seen, dtype=torch.bfloat16)
    assert isinstance(net._frozen[torch.bfloat16][1], HalfDense)
    torch.testing.assert_close(found.t().double(), expected, rtol=2e-2, atol=2e-2)
    assert (found.t().double() - expected).abs().mean() < 1e-3
    for chosen in ([0], [202], [7, 150, 7], list(range(96))):
        assert torch.equal(net.outputs(seen[chosen], dtype=torch.bfloat16), found[:, chosen])


def test_biases_count_in_bfloat16_on_unlike_batches():
    net, seen = network(DENSE), boards(4100)
    for name, tensor in net.named.items():
        if name.endswith(".bias"):
            tensor.add_(2.0)
    for count in (3, 4100, 5):
        logits, _ = net.infer(seen[:count])
        coarse, _ = net.infer(seen[:count], dtype=torch.bfloat16)
        torch.testing.assert_close(coarse, logits, rtol=0.03, atol=0.05)


@KINDS
def test_answers_are_written_where_they_are_asked_for(architecture):
    net, seen = network(architecture), boards(40)
    out = torch.full((40, 7), torch.nan), torch.full((40,), torch.nan)
    assert net.infer(seen, out=out) is out
    fresh = net.infer(seen)
    assert torch.equal(out[0], fresh[0])
    assert torch.equal(out[1], fresh[1])


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_change_of_the_weights_is_noticed(architecture, dtype):
    net, other, seen = network(architecture), network(architecture, seed=2), boards(20)
    before, version = net.infer(seen, dtype=dtype)[0], net.version
    assert torch.equal(net.infer(seen, dtype=dtype)[0], before)
    assert net.version == version
    net.flatten().copy_(other.flatten())
    assert net.version > version
    assert torch.equal(net.infer(seen, dtype=dtype)[0], other.infer(seen, dtype=dtype)[0])
    net.parameters()[0].zero_()
    other.load(net.tensors())
    assert torch.equal(net.infer(seen, dtype=dtype)[0], other.infer(seen, dtype=dtype)[0])
    assert not torch.equal(net.infer(seen, dtype=dtype)[0], before)


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_kept_between_calls_survives_a_mode(architecture, dtype):
    net, seen = network(architecture), boards(20)
    with torch.inference_mode():
        within = net.infer(seen, dtype=dtype)[0].clone()
    net.parameters()[0].mul_(1.0)
    assert torch.equal(net.infer(seen, dtype=dtype)[0], within)


@KINDS
def test_weights_come_from_the_seed_and_prefer_nothing_at_first(architecture):
    first, again, other = (PolicyValueNetwork(architecture, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(first.weights, again.weights)
    assert not torch.equal(first.weights, other.weights)
    logits, value = first.infer(boards(100))
    assert logits.std() > 0
    assert logits.abs().max() < 0.2
    assert value.abs().max() < 0.1


@KINDS
def test_a_copy_is_whole_and_apart(architecture):
    net, seen = network(architecture), boards(5)
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert torch.equal(other.infer(seen)[0], net.infer(seen)[0])
        other.flatten().zero_()
        assert all(not tensor.any() for tensor in other.tensors().values())
        assert net.weights.any()


def test_temperature_and_legality_shape_its_play():
    net, seen, seats = network(DENSE), boards(50), torch.zeros(50, dtype=torch.int64)
    legal = lesson(50)[1]
    logits = net.infer(seen)[0].masked_fill(~legal, -torch.inf)
    torch.testing.assert_close(net.probabilities(seen, legal, seats), logits.softmax(1))
    net.architecture["temperature"] = 0.5
    torch.testing.assert_close(net.probabilities(seen, legal, seats), (logits / 0.5).softmax(1))
    net.architecture["temperature"] = 0.0
    greedy = net.probabilities(seen, legal, seats)
    assert torch.equal(greedy.argmax(1), logits.argmax(1))
    assert torch.equal(greedy.sum(1), torch.ones(50))
    blank = PolicyValueNetwork({**DENSE, "temperature": 0.0}, seed=None)
    assert torch.equal(blank.probabilities(seen, legal, seats).argmax(1), legal.int().argmax(1))


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=20))
def test_outcomes_have_the_mean_of_the_returns(returns):
    given = torch.tensor(returns, dtype=torch.float64)
    target = outcomes_of(given, scale=3.0)
    assert (target >= 0).all()
    assert ((target > 0).sum(1) <= 2).all()
    torch.testing.assert_close(target.sum(1), torch.ones(len(given)))
    torch.testing.assert_close(target[:, 0] - target[:, 2], (given / 3).float())


@KINDS
@pytest.mark.parametrize("count", [1, 60, 600])
def test_losses_and_gradient_are_those_of_autograd(architecture, count):
    net, (seen, legal, policy, wdl) = network(architecture), lesson(count)
    tensors = {name: tensor.requires_grad_() for name, tensor in in_double(net).items()}
    outputs = plainly(architecture, tensors, seen.double())
    log_policy = outputs[:, :7].masked_fill(~legal, -torch.inf).log_softmax(1).masked_fill(~legal, 0.0)
    policy_loss = -(policy.double() * log_policy).sum() / max(1.0, policy.double().sum().item())
    value_loss = -(wdl.double() * outputs[:, 7:].log_softmax(1)).sum(1).mean()
    parts = torch.autograd.grad(policy_loss + 0.7 * value_loss, list(tensors.values()))
    expected = torch.cat([part.flatten() for part in parts])
    stale = torch.full_like(net.weights, 3.0)
    own_policy, own_value, gradient = net.losses(seen, legal, policy, wdl, value_weight=0.7, gradient=stale)
    assert gradient is stale
    torch.testing.assert_close(own_policy.double(), policy_loss.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(own_value.double(), value_loss.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-3, atol=1e-5)


def test_rows_without_a_policy_target_teach_the_value_alone():
    net, (seen, legal, policy, wdl) = network(DENSE), lesson(60)
    loss, _, gradient = net.losses(seen, legal, torch.zeros_like(policy), wdl)
    assert loss == 0
    heads = net.views(gradient)["heads.weight"]
    assert not heads[:7].any()
    assert heads[7:].any()
    teaching = policy.sum(1) > 0
    whole, _, _ = net.losses(seen, legal, policy, wdl)
    part, _, _ = net.losses(seen[teaching], legal[teaching], policy[teaching], wdl[teaching])
    torch.testing.assert_close(whole, part)


def test_the_losses_of_parts_add_up_to_those_of_the_batch():
    net, (seen, legal, policy, wdl) = network(DENSE), lesson(60)
    expected = net.losses(seen, legal, policy, wdl, value_weight=0.7)
    whole, columns = (policy.sum(), 60), (seen, legal, policy, wdl)
    parts = [
        net.losses(*(column[rows] for column in columns), value_weight=0.7, whole=whole)
        for rows in (slice(0, 13), slice(13, 13), slice(13, 60))
    ]
    for each, own in zip(zip(*parts, strict=True), expected, strict=True):
        torch.testing.assert_close(torch.stack(each).sum(0), own, rtol=1e-4, atol=1e-6)


@KINDS
@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_what_can_be_seen(architecture, seed):
    """The lowest mark of the first plane's bottom row says what to play, and the centre who wins."""
    net = PolicyValueNetwork(architecture, seed=seed)
    seen = boards(512, seed=seed)
    seen[:, 0, 5, 6] = 1.0
    best, legal = seen[:, 0, 5].argmax(1), torch.ones(512, 7, dtype=torch.bool)
    policy, wdl = torch.eye(7)[best], outcomes_of(2 * seen[:, 1, 3, 3] - 1)
    adam, history = Adam(net.flatten()), []
    for step in range(100):
        rows = slice(0, 256) if step % 2 else slice(256, 512)
        first, second, gradient = net.losses(seen[rows], legal[rows], policy[rows], wdl[rows])
        history.append([float(first), float(second)])
        adam.step(gradient, 5e-3)
    unseen = boards(1000, seed=seed + 10)
    unseen[:, 0, 5, 6] = 1.0
    logits, value = net.infer(unseen)
    assert abs(history[0][0] - 1.946) < 0.05  # ln 7 and ln 3: it knew nothing
    assert abs(history[0][1] - 1.099) < 0.05
    assert (logits.argmax(1) == unseen[:, 0, 5].argmax(1)).float().mean() > 0.85
    assert ((value > 0) == (unseen[:, 1, 3, 3] > 0)).float().mean() > 0.95


@KINDS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_stack_answers_as_each_network_alone(architecture, dtype):
    nets, seen = [network(architecture, seed) for seed in range(5)], boards(900)
    owner = (5 * torch.rand(900, generator=torch.Generator().manual_seed(1)) ** 3).long()
    owner[owner == 3] = 0  # one has no rows, and the others' shares are uneven
    stack, alone = Stack(nets), (torch.empty(900, 7), torch.empty(900))
    for index, net in enumerate(nets):
        mine = owner == index
        alone[0][mine], alone[1][mine] = net.infer(seen[mine], dtype=dtype)
    assert len(owner.unique()) == 4
    rtol, atol = (1e-4, 1e-5) if dtype == torch.float32 else (0.03, 0.02)
    nets[0].flatten().zero_()
    out = torch.full((900, 7), torch.nan), torch.full((900,), torch.nan)
    assert stack.infer(seen, owner, dtype=dtype, out=out) is out
    torch.testing.assert_close(out[0], alone[0], rtol=rtol, atol=atol)
    torch.testing.assert_close(out[1], alone[1], rtol=rtol, atol=atol)
    assert stack.infer(seen[:0], owner[:0])[0].shape == (0, 7)


def test_a_stack_is_of_one_architecture():
    with pytest.raises(AgentError, match="one architecture"):
        Stack([network(DENSE), network(DEEP)])
    with pytest.raises(AgentError, match="one architecture"):
        Stack([])
    warm = network({**DENSE, "temperature": 2.0})
    stack = Stack([network(DENSE), warm])
    assert len(stack) == 2
    for owner in (2, -1):
        with pytest.raises(AgentError, match="0 to 1"):
            stack.infer(boards(3), torch.full((3,), owner))


@KINDS
def test_a_snapshot_keeps_it_whole(architecture, tmp_path):
    net, seen = network({**architecture, "temperature": 0.5}), boards(9)
    name = save(Snapshot("connect_four", (net,), (0, 0), {"oracle": "alphazero"}), tmp_path)
    again = load(name, tmp_path)
    (part,) = again.parts
    assert isinstance(part, PolicyValueNetwork)
    assert torch.equal(part.infer(seen)[0], net.infer(seen)[0])
    assert part.temperature == 0.5
    assert save(again, tmp_path) == name
    net.weights.zero_()
    assert part.weights.any()
    refuse_misfit(again, make("connect_four"), source="x")


def forged(change):
    net = network(DENSE)
    net.architecture.update(change)
    return Snapshot("connect_four", (net,), (0, 0)).to_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "transformer"},
        {"kind": ["dense"]},
        {"width": 25},
        {"width": 0},
        {"width": True},
        {"width": 1.5},
        {"layers": 65_536, "width": 65_536},
        {"layers": 10**12},
        {"layers": "2"},
        {"observation": [84, 65_536, 65_536, 65_536]},
        {"observation": "2x6x7"},
        {"observation": [2, 6, "7"]},
        {"actions": -1},
        {"actions": 8},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": "hot"},
        {"extra": 1},
        {"kind": "residual", "blocks": 1, "channels": 8},
    ],
    ids=json.dumps,
)
def test_a_foreign_architecture_in_a_snapshot_is_refused(change):
    with pytest.raises(SnapshotError, match=r"strange\.safetensors holds a network that cannot be built"):
        Snapshot.from_bytes(forged(change), source="strange.safetensors")


def test_a_snapshot_without_a_weight_is_refused():
    net = network(DENSE)
    del net.named["heads.bias"]
    data = Snapshot("connect_four", (net,), (0, 0)).to_bytes()
    with pytest.raises(SnapshotError, match=r"heads\.bias.*nothing came"):
        Snapshot.from_bytes(data, source="x")


@pytest.mark.parametrize("change", [{"observation": [84]}, {"observation": [2, 7, 6]}, {"actions": 6}])
def test_a_network_of_another_version_of_the_game_is_refused(change):
    snapshot = Snapshot("connect_four", (PolicyValueNetwork({**DENSE, **change}),), (0, 0))
    with pytest.raises(SnapshotError, match="another version of connect_four"):
        refuse_misfit(snapshot, make("connect_four"), source="x")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda net: net.infer(torch.zeros(4, 2, 7, 6)), r"shape \[2, 6, 7\], but \[2, 7, 6\] came"),
        (lambda net: net.infer(boards(4), dtype=torch.int8), "not in torch.int8"),
        (lambda net: net.load({}), "nothing came"),
        (lambda net: net.load(network(DEEP).tensors()), "do not fit"),
        (lambda net: net.load({name: t.double() for name, t in net.tensors().items()}), "of float64 came"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(ask, sentence):
    with pytest.raises(AgentError, match=sentence):
        ask(network(DENSE))


def test_it_is_read_exactly_on_a_tree():
    tree = build_tree(make("kuhn_poker"))
    net = network({**DENSE, "observation": list(tree.observations.shape[1:]), "actions": 2})
    behaviour = net.behaviour(tree)
    table = net.infer(tree.observations)[0].masked_fill(~tree.legal, -torch.inf).softmax(1).double().numpy()
    expected = table[tree.infoset_row[tree.slot_infoset], tree.slot_action]
    assert abs(behaviour - expected).max() < 1e-6


@pytest.mark.parametrize("kind", [{"kind": "dense", "layers": 1, "width": 16}, {**RESIDUAL, "blocks": 1}])
def test_it_keeps_the_rules_of_an_agent(kind):
    game = make("tic_tac_toe")
    fitted = {**kind, "observation": list(game.spec.observation_shape), "actions": 9}
    report = check_agent(game, lambda: PolicyValueNetwork(fitted, seed=3), games=32)
    assert report.passed, [check for check in report.checks if check.outcome == "failed"]
