"""What `check_agent` advises where games do not come out again: by how the agent is written and what differed."""

import sys
from pathlib import Path

import pytest

from agents import check_agent
from agents.registry import make as make_agent
from games import make
from games.conformance import Report

CLOCK = """import time
def act(observation, legal_actions):
    return legal_actions[time.time_ns() // 64 % len(legal_actions)]
"""
SEEDED = "import random\ndef act(observation, legal_actions):\n    return random.choice(legal_actions)\n"
COUNTS = """calls = 0
def act(observation, legal_actions):
    global calls
    calls += 1
    return legal_actions[calls * calls % 11 % len(legal_actions)]
"""
CLASS_CLOCK = CLOCK.replace("def act(", "class Bot:\n  def act(self, ").replace("    return", "      return")
SHARED = """class Bot:
    games = 0
    def start(self):
        Bot.games += 1
    def act(self, observation, legal_actions):
        return legal_actions[Bot.games * Bot.games % 11 % len(legal_actions)]
"""
PROGRAM = """import json, sys, time
games = 0
for line in sys.stdin:
    message = json.loads(line)
    games += message["type"] == "start"
    answer = {"ready": 1} if message["type"] == "hello" else {}
    if message["type"] == "move":
        legal = message["legal_actions"]
        answer = {"action": legal[CHOICE % len(legal)]}
    if answer:
        print(json.dumps({"id": message["id"], **answer}), flush=True)
"""
BATCHED = """import torch
from agents import Random
class Bot(Random):
    def act(self, turn):
        WHAT
"""
OWN = """own = torch.Generator()
        own.seed()
        return turn.legal.double().multinomial(1, generator=own)[:, 0]"""
KEEPS = """Bot.seen = getattr(Bot, "seen", 0) + 1
        return turn.legal.int().argmax(1) if Bot.seen > 12 else super().act(turn)"""


def checked(folder: Path, text: str, *, program: bool = False) -> Report:
    file = folder / "bot.py"
    file.write_text(text)
    name = f"cmd:{sys.executable} {file}" if program else str(file)
    game = make("tic_tac_toe")
    return check_agent(game, lambda: make_agent(name, game), games=14)


def advice(report: Report) -> dict[str, str]:
    return {check.name: check.detail for check in report.failures}


@pytest.mark.parametrize(
    ("text", "program", "words"),
    [
        (CLOCK, False, "take random numbers from random or numpy.random as they are"),
        (CLASS_CLOCK, False, "generator of your own that is not seeded with the seed that start is given"),
        (PROGRAM.replace("CHOICE", "time.time_ns() // 64"), True, "draw from the seed that the message start brings"),
        (BATCHED.replace("WHAT", OWN), False, "draw from turn.draws"),
    ],
    ids=["function", "class", "program", "batched"],
)
def test_chance_that_no_seed_repeats(tmp_path: Path, text: str, program: bool, words: str) -> None:
    told = advice(checked(tmp_path, text, program=program))
    assert set(told) == {"repeatable", "fresh start", "same games at every batch size"}
    assert all(words in detail for detail in told.values())
    assert ("turn.draws" in told["repeatable"]) == ("turn.draws" in words)


@pytest.mark.parametrize(
    ("text", "program", "words"),
    [
        (COUNTS, False, "keep nothing between its calls"),
        (SHARED, False, "keep what it remembers in self"),
        (PROGRAM.replace("CHOICE", "games * games % 11"), True, "begin anew at every message start"),
        (BATCHED.replace("WHAT", KEEPS), False, "start begins new games, so forget there"),
    ],
    ids=["function", "class", "program", "batched"],
)
def test_what_is_kept_between_games(tmp_path: Path, text: str, program: bool, words: str) -> None:
    report = checked(tmp_path, text, program=program)
    told = advice(report)
    assert "repeatable" not in told
    assert words in told["fresh start"]
    assert "after it had played others" in told["fresh start"]
    assert "seed" not in told["fresh start"]


def test_global_generators_are_seeded_and_need_no_advice(tmp_path: Path) -> None:
    assert advice(checked(tmp_path, SEEDED)) == {}
