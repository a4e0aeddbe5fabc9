import json
import re
import shlex
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from arena.ledger import Ledger
from league.command import main
from league.config import AlphaZeroSection, Config, PPOSection, load_config, ready_made

SECTIONS: dict[str, type[BaseModel]] = {"": Config, "ppo.": PPOSection, "alphazero.": AlphaZeroSection}
KEYS = {
    prefix + name: field
    for prefix, section in SECTIONS.items()
    for name, field in section.model_fields.items()
    if name not in ("game", "ppo", "alphazero")  # the game is the command's argument, the others are sections
}
TOML = """
game = "kuhn_poker"
oracle = "exact"
iterations = 7
seed = 5
[ppo]
updates = 9
hidden = [8, 8]
"""


def call(line: str, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["redqueen", *shlex.split(line)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0


def flag(key: str) -> str:
    return "--" + re.sub("[._]", "-", key)


def other_value(key: str) -> tuple[str, Any]:
    """Return a value that differs from the key's default, as it is typed and as it is kept."""
    words = {
        "oracle": "exact",
        "solver": "prd",
        "eval_solver": "uniform",
        "start": "uniform",
        "payoffs": "played",
        "device": "cpu",
        "alphazero.rule": "puct",
        "alphazero.network": "residual",
        "alphazero.resign": -0.5,
        "alphazero.c_base": 2.0,
    }
    if key in words:
        return f"{flag(key)} {words[key]}", words[key]
    if key == "include":
        return "--include random --include lone.py", ["random", "lone.py"]
    if key == "ppo.hidden":
        return "--ppo-hidden 16 --ppo-hidden 8", [16, 8]
    default = KEYS[key].default
    if isinstance(default, bool):
        return flag(key) if not default else "--no-" + flag(key)[2:], not default
    number = 0.75 if "float" in str(KEYS[key].annotation) else (default or 0) + 1
    return f"{flag(key)} {number}", number


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_a_flag_of_run(key, monkeypatch):
    typed, kept = other_value(key)
    seen = []
    monkeypatch.setattr("league.running.run_league", lambda config, *_, **__: seen.append(config) or {})
    call(f"run kuhn_poker --json {typed}", monkeypatch)
    whole = seen[0].model_dump(mode="json")
    section, _, name = key.rpartition(".")
    assert (whole[section] if section else whole)[name] == kept
    default = load_config("kuhn_poker", {}).model_dump(mode="json")
    assert (default[section] if section else default)[name] != kept


def test_flags_override_the_file_and_leave_the_rest_of_it(tmp_path):
    file = tmp_path / "league.toml"
    file.write_text(TOML)
    config = load_config(str(file), {"iterations": "3", "ppo.updates": "4", "include": ["random"]})
    assert (config.iterations, config.seed, config.oracle, config.include) == (3, 5, "exact", ("random",))
    assert (config.ppo.updates, config.ppo.hidden, config.ppo.games) == (4, (8, 8), PPOSection().games)  # type: ignore[call-arg]


def test_what_ships_ready_made_can_be_used():
    assert ready_made()
    for name in ready_made():
        assert isinstance(load_config(name, {}), Config), name


def test_a_ready_made_configuration_is_named_like_a_game_and_can_be_overridden(monkeypatch):
    monkeypatch.setattr("league.config.ready_made", lambda: {"kuhn_poker": TOML})
    assert load_config("kuhn_poker", {}).iterations == 7
    assert load_config("kuhn_poker", {"iterations": 2}).iterations == 2


def test_the_ledger_stores_the_effective_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "league.toml").write_text(TOML)
    call("run league.toml --iterations 1 --ppo-updates 4 --run-dir league --json", monkeypatch)
    stored = next(Ledger.read("league").records()).note["config"]
    expected = load_config("league.toml", {"iterations": 1, "ppo.updates": 4})
    assert Config.model_validate(stored) == expected
    assert stored["ppo"]["updates"] == 4
    assert json.loads(capsys.readouterr().out)["seed"] == 5
