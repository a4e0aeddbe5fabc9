"""What `check-agent` says of an agent that never gets as far as its first game."""

import json
from pathlib import Path

import pytest
from processes import Zygote


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("FOLDER/bot.py", "bot.py' raised RuntimeError: no book; correct the file"),
        ("cmd:true", "'true' ended with exit status 0"),
    ],
)
def test_an_agent_that_does_not_start_has_failed_a_check(zygote: Zygote, tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "bot.py").write_text("raise RuntimeError('no book')\n")
    name = name.replace("FOLDER", str(tmp_path))
    ended = zygote.run("check-agent", "tic_tac_toe", name, "--json")
    assert (ended.status, ended.err) == (1, "")
    result = json.loads(ended.out)
    (check,) = result.pop("checks")
    assert result == {"name": name, "passed": False}
    assert (check["name"], check["outcome"]) == ("starts", "failed")
    assert check["detail"].startswith("refused-to-start: ")
    assert says in check["detail"]
    shown = zygote.run("check-agent", "tic_tac_toe", name)
    assert (shown.status, "failed" in shown.out, "starts" in shown.out) == (1, True, True)


def test_what_an_agent_says_and_is_called_is_shown_as_it_is(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        "class smile:\n  def act(self, observation, legal): raise ValueError('[/red] [bold]')\n"
    )
    ended = zygote.run("check-agent", "tic_tac_toe", f"{tmp_path}/bot.py:smile")
    assert (ended.status, ended.err) == (1, "")
    assert "ValueError: [/red] [bold]; correct the file" in ended.out
    assert "bot.py:smile:notconforming" in "".join(ended.out.split())  # the path may fill a line


def test_one_that_is_not_there_is_no_agent_to_check(zygote: Zygote) -> None:
    assert "expected a program after cmd:" in zygote.run("check-agent", "tic_tac_toe", "cmd:./no").sentence
