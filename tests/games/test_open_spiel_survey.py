"""Every game that OpenSpiel registers works or is refused with a reason, as docs/open_spiel.md says."""

import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from agents import Random
from arena import play_match
from games import GameError, make

pytest.importorskip("pyspiel")

from games.open_spiel import survey

PAGE = Path(__file__).parents[2] / "docs" / "open_spiel.md"
LINES = {line.split("`")[1]: line for line in PAGE.read_text().splitlines() if line.startswith("| `")}
OUTCOMES = {name: line.split(" | ")[7] for name, line in LINES.items()}
DOCUMENTED = f"OpenSpiel {version('open_spiel')} registers" in PAGE.read_text()


@pytest.mark.skipif(not DOCUMENTED, reason="the page is of another version of OpenSpiel; write it again")
def test_the_page_lists_what_openspiel_registers_and_counts_it() -> None:
    # in a process of its own: what other tests import of OpenSpiel registers games in Python too
    program = "from games.open_spiel import survey; print(*survey.names(), sep='\\n')"
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert list(LINES) == listed.splitlines()
    counts = Counter(OUTCOMES.values())
    words = " ".join(PAGE.read_text().split())
    assert f"each of the {len(LINES)} games" in words
    assert f"{counts['works']} work, {counts['refused']} are refused, and {counts['needs a file']} need a file" in words


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_a_game_works_or_is_refused_as_the_page_says(name: str) -> None:
    row = survey.survey(name)
    if DOCUMENTED:
        assert str(row) == LINES[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, outcome in OUTCOMES.items() if outcome == "works"])
def test_a_game_that_works_is_played_by_random_agents(name: str) -> None:
    game = make(f"open_spiel:{name}")
    match = play_match(game, [Random() for _ in range(game.spec.players)], games=2, seed=0)
    assert match.count == 2
    assert np.isfinite(match.mean).all()


@pytest.mark.parametrize("name", [name for name, outcome in OUTCOMES.items() if outcome != "works"])
def test_a_game_that_does_not_work_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(GameError) as refusal:
        make(f"open_spiel:{name}")
    assert "\n" not in str(refusal.value)
    if OUTCOMES[name] == "refused":
        assert str(refusal.value).endswith(LINES[name].split(" | ")[8].removesuffix(" |"))


def test_a_game_that_breaks_a_check_is_no_row_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("games.open_spiel.describe.forgets", lambda game: "")
    with pytest.raises(survey.Unsound, match="legal actions are known"):
        survey.survey("repeated_leduc_poker")


def test_the_page_is_written_from_its_rows() -> None:
    rows = [survey.survey(name) for name in ("kuhn_poker", "mfg_garnet", "efg_game")]
    text = survey.page(rows)
    assert "each of the 3 games" in text
    assert "1 work, 1 are refused, and 1 need a file" in text
    for row in rows:
        assert f"\n{row}\n" in text
        assert str(row) == LINES[row.name]
