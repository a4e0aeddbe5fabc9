"""Agents that do what no agent may: each costs its own game by the fault it says, and leaves nothing behind."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from misdeeds import PROGRAMS, Misdeed, processes, wait_until, words_of

from agents.agent import Fault, Random
from agents.hosting import Isolation, Limits, available, host_file, host_program
from agents.hosting.isolation import MEANS, Means
from agents.rollout import play
from games import make
from games.names import parse

QUICK = Limits(move=0.4, memory=1 << 28, processes=8)
PATIENT = replace(QUICK, move=20.0)

ALIKE = [
    *("hangs", "forks without end", "leaves a process behind", "takes memory without end"),
    *("takes memory in many processes", "writes a file"),
]
"""Those that are tried by every means of isolation; and by the weaker ones too, opens a socket."""


@pytest.fixture(scope="module")
def game():
    return make("tic_tac_toe")


@pytest.fixture
def clean(tmp_path, monkeypatch):
    """A folder that must be left as it is, by programs that must be gone."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    mark = os.fsencode(tmp_path)
    wait_until(lambda: not [process for process in processes() if mark in words_of(process)], "a program is gone")
    wait_until(lambda: not _hosted(), "its supervisor is gone")
    assert not Path("/tmp", tmp_path.name).exists()


def _hosted() -> list[int]:
    """Return what the processes that fork agents have at hand."""
    left = []
    for process in processes():
        try:
            parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        own = b"hosting/spawner.py" in words_of(parent) and parent in _children_of(os.getpid())
        if own:
            left.append(process)
    return left


def _children_of(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return found


def fault_of(launch, game) -> Fault:
    """Play until the agent commits its fault, in a game where it moves first."""
    try:
        agent = launch()
    except Fault as fault:
        return fault
    try:
        for number in range(3):
            seating, games = torch.tensor([[0, 1]]), torch.tensor([number])
            played = play(game, [agent, Random()], seating=seating, games=games, seed=1)
            if played.forfeit is not None:
                return played.forfeit.fault
    finally:
        agent.close()
    raise AssertionError("nothing happened")


def limits_for(misdeed: Misdeed) -> Limits:
    return replace(QUICK if misdeed.fault == "timeout" else PATIENT, start=1.0 if "sleep" in misdeed.first else 30.0)


@pytest.mark.parametrize("misdeed", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_that_misbehaves_is_charged_for_what_it_did(misdeed, game, clean):
    program = misdeed.write(clean / "bot")
    fault = fault_of(lambda: host_program("./bot", game, limits=limits_for(misdeed)), game)
    assert fault.kind == misdeed.fault, str(fault)
    assert "'./bot'" in str(fault) or misdeed is PROGRAMS["gives up"]
    assert str(fault).isprintable()
    assert os.listdir(clean) == [program.name]


@pytest.mark.parametrize("name", [*ALIKE, "opens a socket"])
@pytest.mark.parametrize("means", MEANS)
def test_every_means_of_isolation_holds_what_it_says(means: Means, name, game, clean):
    if means not in available():
        pytest.skip(f"this system has no {means}")
    if name == "forks without end" and "not counted" in Isolation(means).describe():
        pytest.skip("processes are not counted here, as its description says")
    if name == "writes a file" and "delete your files" in Isolation(means).describe():
        pytest.skip("an empty file can be made here, as its description says")
    misdeed = PROGRAMS[name]
    misdeed.write(clean / "bot")
    fault = fault_of(lambda: host_program("./bot", game, limits=limits_for(misdeed), apart=Isolation(means)), game)
    assert fault.kind == misdeed.fault, str(fault)
    assert os.listdir(clean) == ["bot"]


CLASS = """
import os, time, random
{first}
class Bot:
    def __init__(self):
        self.moves = 0
    def act(self, observation, legal_actions):
        self.moves += 1
        if self.moves > {honest}:
            {misdeed}
        return legal_actions[0]
"""
CLASSES = {
    "crashes when it is imported": Misdeed("refused-to-start", first="raise RuntimeError('no book')"),
    "leaves when it is imported": Misdeed("refused-to-start", first="os._exit(0)"),
    "crashes at its third move": Misdeed("crash", "raise ValueError('lost the thread')", honest=2),
    "leaves": Misdeed("crash", "raise SystemExit(0)"),
    "leaves without a word": Misdeed("crash", "os._exit(3)"),
    "hangs": Misdeed("timeout", "time.sleep(100)"),
    "forks without end": Misdeed("timeout", "exec('while True:\\n try: os.fork()\\n except OSError: pass')"),
    "takes memory without end": Misdeed("memory", "self.hoard = [bytes(1 << 25) for _ in iter(int, 1)]"),
    "returns a word": Misdeed("garbage", "return 'e4'"),
    "returns nothing": Misdeed("garbage", "return None"),
    "returns a fraction": Misdeed("garbage", "return 0.5"),
    "returns true": Misdeed("garbage", "return True"),
    "returns what is illegal": Misdeed("illegal", "return 99"),
    "returns what cannot be shown": Misdeed("crash", "return type('X', (), {'__repr__': lambda s: 1 / 0})()"),
    "writes where its harness writes": Misdeed(
        "garbage",
        "[os.write(h, b'{}\\n') for h in range(3, 9) if os.path.exists(f'/proc/self/fd/{h}') and _writes(h)]",
        first="import fcntl\ndef _writes(h): return fcntl.fcntl(h, fcntl.F_GETFL) & os.O_WRONLY",
    ),
    "writes a file": Misdeed("crash", "open('MARK', 'w').write('x' * 100)"),
    "reads what others play": Misdeed("crash", "open(f'/proc/{os.getppid()}/environ').read()"),
    "opens a socket": Misdeed("crash", "__import__('socket').socket()"),
}


@pytest.mark.parametrize("misdeed", CLASSES.values(), ids=CLASSES.keys())
def test_a_class_that_misbehaves_is_charged_for_what_it_did(misdeed, game, clean):
    text = CLASS.format(first=misdeed.first, misdeed=misdeed.at, honest=misdeed.honest)
    (clean / "bot.py").write_text(text.replace("MARK", clean.name))
    fault = fault_of(lambda: host_file(parse("bot.py"), game, limits=limits_for(misdeed)), game)
    assert fault.kind == misdeed.fault, str(fault)
    assert "'bot.py'" in str(fault)
    assert os.listdir(clean) == ["bot.py"]


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("form", ["program", "class"])
def test_memory_that_processes_share_since_a_fork_is_counted_once(form, means: Means, game, clean):
    if means not in available():
        pytest.skip(f"this system has no {means}")
    first = "import os, time\nbook = bytearray(os.urandom(1 << 20) * 100)"
    helpers = "[os.fork() or (time.sleep(0.6), os._exit(0)) for _ in range(4)]; [os.wait() for _ in range(4)]"
    if form == "program":
        helpers = f"if len(message['legal_actions']) == 9: {helpers}"
        Misdeed("", helpers, first=first).write(clean / "bot")
        agent = host_program("./bot", game, limits=PATIENT, apart=Isolation(means))
    else:
        helpers = f"if len(legal_actions) == 9: {helpers}"
        (clean / "bot.py").write_text(CLASS.format(first=first, misdeed=helpers, honest=0))
        agent = host_file(parse("bot.py"), game, limits=PATIENT, apart=Isolation(means))
    with agent:
        played = play(game, [agent, Random()], seating=torch.tensor([[0, 1]]), games=torch.tensor([0]), seed=1)
    assert played.forfeit is None, str(played.forfeit.fault)


def test_what_a_class_prints_is_not_taken_for_an_answer(game, clean):
    lines = 'print(\'{"id": 1, "action": 99}\')\n            print("x" * 100_000)'
    (clean / "bot.py").write_text(CLASS.format(first="", misdeed=lines, honest=0).replace("{{", "{"))
    with host_file(parse("bot.py"), game, limits=PATIENT) as agent:
        played = play(game, [agent, Random()], seating=torch.tensor([[0, 1]]), games=torch.tensor([0]), seed=1)
    assert played.forfeit is None


def test_after_a_fault_the_next_game_is_played_as_if_nothing_had_happened(game, clean):
    crashing = CLASS.format(first="", misdeed="if 4 not in legal_actions: raise ValueError('taken')", honest=0)
    (clean / "bot.py").write_text(crashing)
    seating = torch.tensor([[1, 0]])
    with host_file(parse("bot.py"), game, limits=PATIENT) as agent:
        ends = [
            play(game, [agent, Random()], seating=seating, games=torch.tensor([number]), seed=1) for number in range(12)
        ]
    with host_file(parse("bot.py"), game, limits=PATIENT) as agent:
        backwards = [
            play(game, [agent, Random()], seating=seating, games=torch.tensor([number]), seed=1)
            for number in reversed(range(12))
        ]
    faulted = [played.forfeit is not None for played in ends]
    assert 0 < sum(faulted) < 12
    assert [played.forfeit is not None for played in reversed(backwards)] == faulted
    assert [played.moves for played in reversed(backwards)] == [played.moves for played in ends]


def test_an_agent_that_is_let_go_of_is_ended(game, clean):
    PROGRAMS["hangs"].write(clean / "bot")
    agent = host_program("./bot", game)
    assert _hosted()
    del agent
    wait_until(lambda: not _hosted(), "it is gone")
