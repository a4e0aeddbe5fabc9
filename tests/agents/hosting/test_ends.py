"""How agents' processes end, and how faults travel."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from agents.agent import Random
from agents.hosting import HostedFault, Refused
from agents.rollout import play
from games import make

ENGINE = """
import time
from agents import make
from games import make as make_game
game = make_game("tic_tac_toe")
agents = [make(name, game) for name in ("bot.py", "cmd:./bot")]
print("ready", flush=True)
time.sleep(100)
"""

SLEEPER = r"""#!/bin/sh
read -r line
id=${line#*'"id":'}
echo "{\"id\": ${id%%,*}, \"ready\": 1}"
sleep 100
"""


def _descendants(process: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= {int(child), *_descendants(int(child))}
    return found


def test_when_the_engine_is_killed_nothing_of_its_agents_remains(tmp_path):
    (tmp_path / "bot.py").write_text("def act(observation, legal_actions): return legal_actions[0]")
    (tmp_path / "bot").write_text(SLEEPER)
    (tmp_path / "bot").chmod(0o755)
    home = str(Path(__file__).parent.parent.parent.parent)
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE], cwd=tmp_path, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": home}
    )
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    alive = _descendants(engine.pid)
    assert len(alive) >= 6  # what forks, and for each agent its supervisor, itself, and the shell's sleep
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    deadline = time.monotonic() + 20
    while left := [process for process in alive if Path(f"/proc/{process}").exists()]:
        assert time.monotonic() < deadline, f"{len(left)} processes outlived the engine"
        time.sleep(0.01)


def test_an_agent_that_could_not_start_forfeits_the_games_it_is_seated_in():
    game, refused = make("tic_tac_toe"), Refused(HostedFault("it has no book", "refused-to-start"))
    seating = torch.tensor([[1, 0]])
    played = play(game, [refused, Random()], seating=seating, games=torch.arange(1), seed=0)
    assert played.forfeit is not None
    assert (played.forfeit.seat, played.forfeit.fault.kind) == (1, "refused-to-start")


def test_a_fault_reaches_another_process_whole():
    fault = pickle.loads(pickle.dumps(HostedFault("it chose 9", "illegal", rule="legal actions")))
    assert (str(fault), fault.kind, fault.rule) == ("it chose 9", "illegal", "legal actions")
