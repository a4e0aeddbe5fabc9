"""The bots of the documentation, compiled and played."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agents import check_agent, make
from agents.agent import Random
from agents.rollout import play
from games import make as make_game

DOCS = Path(__file__).parent.parent.parent.parent / "docs"


@pytest.fixture
def bots(tmp_path, monkeypatch):
    shutil.copytree(DOCS / "bots", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compiled(bots):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = bots / "random_bot.c"
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(bots / "random_bot"), str(source)]
    subprocess.run(command, check=True)
    return "cmd:./random_bot"


NAMES = ["my_bot.py", "policy.py", "cmd:./first_legal.sh", "C", f"cmd:{sys.executable} program.py"]


@pytest.mark.parametrize("name", NAMES, ids=["class", "policy", "shell", "C", "program"])
def test_an_example_keeps_every_rule(name, bots):
    name = compiled(bots) if name == "C" else name
    game = make_game("tic_tac_toe" if name == "my_bot.py" else "leduc_poker")
    report = check_agent(game, lambda: make(name, game), games=6)
    assert report.passed, str(report)
    assert {check.name for check in report.checks} >= {"isolation", "time", "repeatable"}


def test_the_commands_of_the_text_make_programs_that_can_be_seated(bots):
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    for name in ("first_legal.sh", "program.py"):
        (bots / name).chmod(0o644)  # as a browser saves them
    (block,) = re.findall(r"```sh\n(chmod.*?)```", (DOCS / "bots.md").read_text(), flags=re.DOTALL)
    lines, game, seated = block.splitlines(), make_game("tic_tac_toe"), []
    subprocess.run(
        ["sh", "-e"], input="\n".join(line for line in lines if "redqueen" not in line), text=True, check=True
    )
    for line in lines:
        if line.startswith("redqueen check-agent tic_tac_toe "):
            agent = make(line.split()[-1], game)
            played = play(game, [agent, Random()], seating=torch.tensor([[0, 1]]), games=torch.arange(1), seed=0)
            seated.append((line.split()[-1], played.forfeit))
    assert seated == [("cmd:./first_legal.sh", None), ("cmd:./random_bot", None), ("cmd:./program.py", None)]


def test_the_shortest_bot_of_the_text_is_the_shell_s_and_loses_to_the_class(bots):
    function = re.findall(r"```python\n(def act.*?)```", (DOCS / "bots.md").read_text(), flags=re.DOTALL)[0]
    (bots / "shortest.py").write_text(function)
    game, numbers = make_game("tic_tac_toe"), torch.arange(10)
    ends = {}
    for name in ("shortest.py", "cmd:./first_legal.sh"):
        agent = make(name, game)
        ends[name] = play(game, [agent, Random()], seating=torch.tensor([[0, 1]] * 10), games=numbers, seed=4).returns
    assert torch.equal(ends["shortest.py"], ends["cmd:./first_legal.sh"])
    pair = [make("my_bot.py", game), make("shortest.py", game)]
    first, second = (
        play(game, pair, seating=torch.tensor([seats]), games=numbers[:1], seed=4) for seats in ([0, 1], [1, 0])
    )
    assert first.returns[0].tolist() == [1.0, -1.0]
    assert second.returns[0].tolist() == [-1.0, 1.0]


def test_the_c_program_draws_from_its_seed_and_moves_like_the_random_agent(bots):
    game, numbers = make_game("tic_tac_toe"), torch.arange(150)
    agent = make(compiled(bots), game)
    seating = torch.tensor([[0, 1]])
    returns = [play(game, [agent, Random()], seating=seating, games=number[None], seed=2).returns for number in numbers]
    mean = torch.cat(returns)[:, 0].mean().item()
    # Random play wins 0.5849 and loses 0.2881 of the games in which it begins: standard deviation 0.88 a game.
    assert abs(mean - 0.2968) < 4 * 0.88 / 150**0.5
    assert len({tuple(row) for row in torch.cat(returns).tolist()}) == 3
