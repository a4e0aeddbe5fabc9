"""Twenty agents that break every rule beside three honest ones: it costs nobody but them, in every format."""

import itertools
import os
from pathlib import Path

import pytest
from misdeeds import PROGRAMS, Misdeed, processes, wait_until, words_of
from processes import Zygote, gone

from league.tournament.writing import Played, games_of

HOSTILE = [
    "crashes at once",
    "crashes at its third move",
    "leaves without a word",
    "hangs",
    "computes for ever",
    "reads no more",
    "answers garbage",
    "answers deep garbage",
    "answers true",
    "moves illegally",
    "moves to a negative place",
    "writes one endless line",
    "writes endless lines",
    "forks without end",
    "leaves a process behind",
    "takes memory without end",
    "writes a file elsewhere",
    "opens a socket",
    "speaks the engine's part",
    "answers the next move early",
]
PLAY = ("--repetitions", 1, "--opening", 2, "--move-time", 0.25, "--memory", 256, "--start-time", 20, "--json")


@pytest.fixture
def field(tmp_path: Path):
    """Write the agents into a folder in which nothing else may be left but runs, nor any process of theirs.

    Yields the honest ones, the hostile ones, and the folder of runs.
    """
    (tmp_path / "mybot.py").write_text("def act(observation, legal):\n    return legal[len(legal) // 2]\n")
    names = []
    for number, name in enumerate(HOSTILE):
        assert isinstance(PROGRAMS[name], Misdeed)
        names.append(f"cmd:{PROGRAMS[name].write(tmp_path / f'bot{number}')}")
    before = set(os.listdir(tmp_path)) | {"runs"}
    yield ("random", "greedy", f"{tmp_path}/mybot.py"), names, tmp_path / "runs"
    mark = os.fsencode(tmp_path / "bot")
    wait_until(lambda: not [process for process in processes() if mark in words_of(process)], "all is gone")
    assert set(os.listdir(tmp_path)) <= before
    assert not Path("/tmp", tmp_path.name).exists()


def between(honest: tuple[str, ...], run: Path) -> dict[tuple[int, tuple[str, ...]], Played]:
    """Return the games of the honest among themselves."""
    games = games_of(str(run))[1]
    return {(game.game, tuple(game.seats)): game for game in games if set(game.seats) <= set(honest)}


def same(one: Played, other: Played) -> bool:
    return one.actions.tolist() == other.actions.tolist() and one.returns == other.returns and not one.fault


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_round_robin_of_twenty_three_is_that_of_the_honest_three_among_them(zygote: Zygote, field, workers) -> None:
    honest, bots, runs = field
    alone = zygote.run("tournament", "tic_tac_toe", *honest, *PLAY, "--run-dir", runs / "alone").result
    assert alone["warnings"] == []
    running = zygote.start(
        "tournament", "tic_tac_toe", *honest, *bots, *PLAY, "--run-dir", runs / "all", "--workers", workers
    )
    result = running.wait().result
    assert gone(running.pid)
    assert result["games"] == 2 * len(list(itertools.combinations(range(23), 2)))
    expected, found = between(honest, runs / "alone"), between(honest, runs / "all")
    assert expected.keys() == found.keys()
    assert len(expected) == 6
    assert all(same(expected[key], found[key]) for key in expected)
    faults = {row["agent"]: (row["faults"], row["fault_kinds"], row["first_fault"]) for row in result["ranking"]}
    for number, name in enumerate(HOSTILE):
        count, kinds, message = faults[bots[number]]
        assert count > 0, name
        assert PROGRAMS[name].fault in kinds, (name, kinds, message)
        assert message
    for name in honest:
        assert faults[name] == (0, {}, None)
    assert {row["agent"] for row in result["ranking"][:3]} == set(honest)


@pytest.mark.slow
@pytest.mark.parametrize(
    "format",
    [
        ("gauntlet", "--heads", 3),
        ("swiss",),
        ("knockout",),
        ("double-elimination",),
        ("adaptive", "--encounters", 60),
        ("league", "--hours", 0.004),
    ],
    ids=lambda format: format[0],
)
def test_in_every_format_the_honest_play_the_games_they_would_play_alone(zygote: Zygote, field, format) -> None:
    honest, bots, runs = field
    few = bots if format[0] in ("swiss", "knockout") else bots[:2] if format[0] == "league" else bots[:7]
    argv = ("tournament", "tic_tac_toe", *honest, *few, *PLAY, "--format", *format, "--run-dir", runs / "all")
    result = zygote.run(*argv, "--workers", 1).result
    # of the league format, so that each pair meets as often as may be wanted
    alone = ("tournament", "tic_tac_toe", *honest, *PLAY, "--repetitions", 30, "--run-dir", runs / "alone")
    assert zygote.run(*alone).result
    expected, found = between(honest, runs / "alone"), between(honest, runs / "all")
    both = expected.keys() & found.keys()
    assert len(both) == len(found) or (format[0] == "league" and len(both) > 6)  # who may meet more often than alone
    assert all(same(expected[key], found[key]) for key in both)
    assert all(not row["faults"] for row in result["ranking"] if row["agent"] in honest)
    assert sum(row["faults"] for row in result["ranking"]) > 0
