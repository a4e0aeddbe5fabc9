"""Whatever an agent writes costs its own game alone: no answer ends the engine or reaches a terminal raw."""

import json
import pickle
import sys

import numpy as np
import pytest
import torch
from export_samples import BOUNDS, Aim

from agents.agent import Fault
from agents.hosting import HostedFault, host_file, host_program
from agents.hosting.batched import HostedBatch, HostedPolicy
from agents.hosting.single import Hosted
from agents.rollout import play
from games import build_tree, make
from games.names import parse


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda text, name="bot.py": (tmp_path / name).write_text(text)


def fault_of(agent, game) -> Fault:
    """Seat the agent in all seats of a game, and return what it is charged with."""
    seating = torch.zeros(1, game.spec.players, dtype=torch.int64)
    with agent:
        played = play(game, [agent], seating=seating, games=torch.arange(1), seed=0)
    assert played.forfeit is not None
    return played.forfeit.fault


SAYS = """#!{python} -sPB
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        print(json.dumps(dict(id=message["id"], ready=1)), flush=True)
    elif message["type"] == "move":
        print('{{"id": %d, {said}}}' % message["id"], flush=True)
"""


@pytest.mark.parametrize(
    ("said", "kind", "shown"),
    [
        (f'"action": [1{"0" * 400}, 1]', "illegal", "chose [1000"),
        (f'"action": [-1{"0" * 400}, 1]', "illegal", "chose [-1000"),
        ('"action": [1e300, 1]', "illegal", "chose [1e+300"),
        ('"action": [NaN, 1]', "illegal", "chose [nan"),
        ('"action": [1, [1]]', "garbage", "2 numbers"),
        (r'"error": "\\ud800 x"', "crash", r"\ud800 x"),
        (r'"error": "\\u001b[2Jx\\ny"', "crash", r"\x1b[2Jx\ny"),
        (r'"said": "\\u001b[2J\\udfff"', "garbage", r"\x1b[2J\udfff"),
        (r'"error": [], "kind": []', "crash", "[]"),
    ],
)
def test_what_a_program_says_is_a_fault_and_can_be_printed(said, kind, shown, write, tmp_path):
    write(SAYS.format(python=sys.executable, said=said), "bot")
    (tmp_path / "bot").chmod(0o755)
    game = Aim(**BOUNDS)
    fault = fault_of(host_program("./bot", game), game)
    assert (fault.kind, shown in str(fault)) == (kind, True), str(fault)
    assert str(fault).isprintable()
    assert str(fault).encode()


FORGER = """
import json, sys
class Agent:
    def start(self, seats, draws): ...
    def act(self, turn):
        frame = sys._getframe()
        while "served" not in frame.f_locals or "message" not in frame.f_locals:
            frame = frame.f_back
        message, writing = frame.f_locals["message"], frame.f_locals["writing"]
        writing.write(json.dumps({"id": message["id"], **FORGED}).encode() + b"\\n")
        writing.flush()
        return turn.legal.long().argmax(1)
"""
TENSOR = {"kind": "Tensor", "dtype": "int64", "bytes": 0}


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"kind": "\0"},
        {"kind": "\ud800"},
        {"kind": []},
        {"kind": "Tensor", "dtype": [], "shape": [1], "bytes": 8},
        {"kind": "Tensor", "dtype": {}, "shape": [1], "bytes": 8},
        {**TENSOR, "shape": [2**39]},
        {**TENSOR, "shape": [0, 2**70]},
        {**TENSOR, "shape": [2**39, 0, 2**39]},
        {**TENSOR, "shape": [1], "bytes": 2**70},
        {**TENSOR, "kind": [], "shape": [1]},
    ],
    ids=repr,
)
def test_what_a_batched_agent_writes_past_its_harness_is_garbage(forged, write):
    write(FORGER.replace("FORGED", repr(forged)))
    game = make("tic_tac_toe")
    fault = fault_of(host_file(parse("bot.py"), game), game)
    assert fault.kind == "garbage", str(fault)
    assert "'bot.py'" in str(fault)


def test_a_hidden_position_that_is_asked_for_past_the_harness_is_not_sent(write):
    write(FORGER.replace("FORGED", "{'need': 'state'}"))
    game = make("kuhn_poker")
    assert fault_of(host_file(parse("bot.py"), game), game).kind == "garbage"


@pytest.mark.parametrize(
    ("forged", "says"),
    [({"loaded": "heavy"}, "bot.py"), ({"loaded": "single", "name": "\ud800\x1b[2J"}, r"\ud800\x1b[2J")],
)
def test_what_a_file_writes_while_it_is_imported_is_a_refusal_to_start(forged, says, write):
    write(f"""
import json, sys
frame = sys._getframe()
while "writing" not in frame.f_locals or "order" not in frame.f_locals:
    frame = frame.f_back
about = {{"id": frame.f_locals["order"]["id"], **{forged!r}}}
frame.f_locals["writing"].write(json.dumps(about).encode() + b"\\n")
frame.f_locals["writing"].flush()
raise SystemExit(0)
""")
    with pytest.raises(Fault) as refused:
        host_file(parse("bot.py"), make("tic_tac_toe"))
    assert refused.value.kind == "refused-to-start"
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


def test_what_the_engine_raises_at_an_answer_is_charged_to_the_agent(write, monkeypatch):
    """The second line of defence, tried with an error that nobody has thought of."""

    def stumble(*_):
        raise ZeroDivisionError("nobody thought of this")

    game = make("tic_tac_toe")
    write("def act(observation, legal_actions): return legal_actions[0]")
    write("from agents import Random\nclass Bot(Random): ...", "many.py")
    one, many = host_file(parse("bot.py"), game), host_file(parse("many.py"), game)
    monkeypatch.setattr("agents.hosting.single._is_legal", stumble)
    monkeypatch.setattr("agents.hosting.batched._array", stumble)
    assert isinstance(one, Hosted)
    assert isinstance(many, HostedBatch)
    for agent in (one, many):
        fault = fault_of(agent, game)
        assert (fault.kind, "ZeroDivisionError: nobody thought of this" in str(fault)) == ("garbage", True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_not_the_agent_s_doing_is_not_charged_to_it(error, write, monkeypatch):
    def interrupted(*_):
        raise error

    write("def act(observation, legal_actions): return legal_actions[0]")
    game = make("tic_tac_toe")
    monkeypatch.setattr("agents.hosting.single._is_legal", interrupted)
    with pytest.raises(error):
        fault_of(host_file(parse("bot.py"), game), game)


@pytest.mark.parametrize("kind", ["half", "bool", "cfloat", "char"])
def test_probabilities_of_any_type_of_number_are_read_or_charged(kind, write):
    write(f"""
from agents import Policy
import torch
class Bot(Policy):
    def probabilities(self, observation, legal, seats):
        return torch.nn.functional.one_hot(legal.int().argmax(1), legal.shape[1]).{kind}()
""")
    game = make("kuhn_poker")
    with host_file(parse("bot.py"), game) as agent:
        assert isinstance(agent, HostedPolicy)
        tree = build_tree(game)
        if kind == "cfloat":
            with pytest.raises(Fault) as charged:
                agent.behaviour(tree)
            assert charged.value.kind == "garbage"
        else:
            assert np.isclose(agent.behaviour(tree).sum(), tree.infosets)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("it chose é and 漢", "it chose é and 漢"),
        ("a\nb\tc\x1b[31m", r"a\nb\tc\x1b[31m"),
        ("\ud800\x00\u202e\U000e0001", r"\ud800\x00\u202e\U000e0001"),
        (r"a \n that was escaped", r"a \n that was escaped"),
    ],
)
def test_a_fault_can_be_printed_and_written_and_sent(message, shown):
    for fault in (Fault(message, "crash"), HostedFault(message, "crash")):
        assert str(fault) == shown
        assert str(fault).isprintable()
        assert json.loads(json.dumps(str(fault)).encode()) == shown
        assert str(pickle.loads(pickle.dumps(fault))) == shown
