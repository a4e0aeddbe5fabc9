import base64
import hashlib
import html
import re
import shlex
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from processes import Zygote

from agents.agent import Agent, Fault, Random
from arena.encounter import Cast, Result, play_encounters, rotations
from arena.ledger import Entry, Ledger
from games import make
from games.cards import shapes
from games.draws import Draws
from games.errors import UserError
from games.matrices import pictures
from games.normal_form.decomposition import disc_game
from games.svg import BLACK, GREEN, INK, PAPER, WHITE
from league.reporting.analysis import of_payoffs, of_results
from league.reporting.dark import COUNTERPARTS, adapted
from league.reporting.drawing import columns, fitted, number, printable, ticks
from league.reporting.palette import LEVELS, colours, contrast, level_of, stylesheet
from league.reporting.rounds import rounds_of
from league.reporting.words import circles
from league.reporting.writing import show_report_written, write_report
from league.tournament.config import VOLATILE, TournamentConfig
from league.tournament.plan import Tournament

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a&b';</style></title><svg onload=alert(2)>",
    "tab\tline\nnull\0 bell\a \ud800 right\u202eto left",
    "漢字" * 40,
)


class First:
    """Takes the first legal action; with `fault`, stumbles in its first game as seat 0."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def start(self, seats, draws) -> None:
        self.seats = seats

    def act(self, turn):
        if self.fault and int(turn.seats[0]) == 0:
            raise Fault(self.fault, "crash")
        return turn.legal.to(torch.int64).argmax(-1)


class Apart(First):
    """The same as a process of its own, which plays its games one by one."""

    batched = False

    def close(self) -> None:
        pass


def hold(
    folder: Path,
    agents: dict[str, Agent],
    format: str = "round-robin",
    *,
    game: str = "tic_tac_toe",
    most: int | None = None,
    **given: Any,
) -> Path:
    """Hold a tournament of agents in this process and record it as the command does; `most` encounters of it."""
    made = make(game)
    shape = TournamentConfig.model_validate({"format": format, "seed": 7})
    body = {
        **shape.model_dump(mode="json", exclude={"repetitions", "opening", *VOLATILE}),
        "game": made.spec.name,
        "players": made.spec.players,
        "utility": [bound if np.isfinite(bound) else None for bound in made.spec.utility],
        "seatings": rotations(made.spec),
        "batch": made.spec.batch,
        "deals": 3,
        "plies": 2,
        "encounters": 20,
        "limits": {"move": 5.0, "game": 300.0, "start": 30.0, "memory": 1 << 30, "cpu": 3600},
        "agents": [
            {"name": name, "plays": name if name.isidentifier() else "random", "digest": None, "refused": None}
            for name in agents
        ],
        **given,
    }
    entries = [Entry("tournament", body, {"workers": 1}), Entry("limits", {"hours": None})]
    state, played, seated = Tournament(()), 0, list(agents.values())
    for entry in entries:
        state.take(*entry)
    cast = Cast(seated.__getitem__)
    while (due := state.next_round()[0]) and (most is None or played < most):
        due = due if most is None else due[: most - played]
        settings = {"seatings": body["seatings"], "seed": body["seed"], "plies": body["plies"]}
        for result in play_encounters(made, cast, due, **settings):
            entries.append(Entry("encounter", result.to_json(), {"seconds": 0.25}))
            state.take(*entries[-1], result)
        played += len(due)
    if most is None:
        entries.append(Entry("stopped", {"why": "finished"}))
    with Ledger.create(folder) as ledger:
        ledger.append(entries)
    return folder


def field(size: int = 5) -> dict[str, Agent]:
    """Return agents of two strengths."""
    return {f"first{k}" if k % 2 else f"random{k}": First() if k % 2 else Random() for k in range(size)}


class Parsed(HTMLParser):
    """A page taken apart: its elements in order, and whether each that was opened was closed."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def within(pattern: str, text: str) -> str:
    """Return what the pattern's group matches."""
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None
    return found[1]


def reported(folder: Path, output: Path | None = None) -> tuple[dict[str, Any], str, Parsed]:
    """Write a report, hold it to what every report must be, and return the result and the page in both forms."""
    result = write_report(str(folder), None if output is None else str(output))
    page = Path(result["page"]).read_text()
    parsed = Parsed(page)
    assert (parsed.open, parsed.wrong) == ([], [])
    assert len(page.encode()) == result["bytes"] < 3_000_000
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action", "data", "poster"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml;base64,")), (tag, attributes)
    assert "url(" not in page
    assert "@import" not in page
    anchors = {attributes["id"] for _, attributes in parsed.tags if "id" in attributes}
    assert {(link["href"] or "")[1:] for link in parsed.all("a")} <= anchors
    assert all(image.get("alt") for image in parsed.all("img"))
    assert all(drawn.get("aria-label") for drawn in parsed.all("svg"))
    assert all(heading.get("scope") for heading in parsed.all("th"))
    assert "prefers-color-scheme:dark" in page
    for file in result["pictures"]:
        check_picture(Path(file))
    return result, page, parsed


def check_picture(file: Path) -> None:
    """A picture parses, is titled, has both schemes, and everything in it lies within its frame."""
    text = file.read_text()
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.findtext(f"{space}title")
    assert root.findtext(f"{space}desc")
    assert "prefers-color-scheme:dark" in text
    assert len(text) < 400_000
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        if element.tag in (f"{space}circle", f"{space}text"):
            x, y = (float(element.get(name) or element.get(f"c{name}") or "nan") for name in ("x", "y"))
            assert -1 <= x <= width + 1
            assert -1 <= y <= height + 1
    assert "nan" not in text.replace("nance", "")


@pytest.mark.parametrize("format", get_args(TournamentConfig.model_fields["format"].annotation))
def test_every_format_is_reported(format, tmp_path):
    most = 14 if format == "league" else None
    folder = hold(tmp_path / "run", field(), format, most=most)
    result, page, parsed = reported(folder)
    assert result["kind"] == "tournament"
    assert {Path(file).stem for file in result["pictures"]} >= {"ranking", "mean_returns", "payoffs", "elo_and_nash"}
    assert ("Round 1" in parsed.words) == (format in ("swiss", "knockout", "double-elimination"))
    assert result["games_shown"] >= 2
    assert "redqueen tournament tic_tac_toe random0 first1 random2 first3 random4" in page
    again = html.unescape(within(r"<pre>(redqueen tournament .*?)</pre>", page))
    assert ("--format" in again) == (format != "round-robin")
    assert "--repetitions 3 --opening 2" in again
    assert again.endswith("--seed 7")


def test_what_the_page_says_is_what_the_ledger_holds(tmp_path):
    folder = hold(tmp_path / "run", field())
    _, _, parsed = reported(folder)
    state = Tournament(Ledger.read(folder).records())
    mean, _ = state.tally.scores()
    best = max(range(5), key=lambda k: mean[k])
    words = "".join(parsed.words)
    assert f"{state.agents[best]['name']} came first of 5" in words
    i, j = state.tally.ranking(state.present, None)[:2]
    counts = state.tally.wins[i, j], state.tally.draws[i, j], state.tally.wins[j, i]
    assert "-".join(map(str, counts)) in words


def test_a_replay_shows_the_game_as_it_was_played(tmp_path):
    folder = hold(tmp_path / "run", {"first": First(), "second": First()}, plies=0)
    _, _, parsed = reported(folder)
    # The first free square from the top left for both: X has its first column after the fourth row's beginning.
    assert [word for word in parsed.words if word.startswith("move ")][:7] == [
        f"move {k + 1}, {('first', 'second')[k % 2]}: {'xo'[k % 2]}({k // 3},{k % 3})" for k in range(7)
    ]
    boards = [image["alt"] or "" for image in parsed.all("img")][:8]
    assert [sum(letter in "xo" for letter in board.lower()) for board in boards] == list(range(8))


def test_names_that_would_be_markup_are_text(tmp_path):
    names = [*HOSTILE, *(f"{name}#2" for name in HOSTILE)]
    folder = hold(tmp_path / "run", {name: First() if k % 2 else Random() for k, name in enumerate(names)})
    _, page, parsed = reported(folder)
    words = "".join(parsed.words)
    for name in HOSTILE[:3]:
        assert name in words
        assert name not in page
    assert not [tag for tag in ("iframe", "object", "base") if parsed.all(tag)]
    assert all(image["src"].startswith("data:") for image in parsed.all("img") if image["src"])
    assert "\u202e" not in page
    assert "\0" not in page


def test_the_script_is_the_one_that_the_policy_allows(tmp_path):
    _, page, _ = reported(hold(tmp_path / "run", field(2)))
    script = within(r"<script>(.*)</script>", page)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in page
    assert "default-src &#x27;none&#x27;" in page


def test_faults_are_told_with_their_first_message(tmp_path):
    agents = {"good": First(), "crasher": Apart("ValueError: <b>no</b>"), "random": Random()}
    _, _, parsed = reported(hold(tmp_path / "run", agents))
    assert "ValueError: <b>no</b>" in parsed.words
    assert "A fault of crasher: crash" in parsed.words
    assert "One agent lost 6 games by its own faults." in parsed.words
    assert "crash 6" in parsed.words


def test_two_agents_and_a_hundred_and_fifty_are_readable(tmp_path):
    two, _, parsed = reported(hold(tmp_path / "two", field(2)))
    assert "circles" not in {Path(file).stem for file in two["pictures"]}
    assert "All 2 agents are level" not in "".join(parsed.words)
    many, _, parsed = reported(hold(tmp_path / "many", field(150), "gauntlet", heads=2, deals=1))
    assert "Elo with 95 % intervals. 60 agents" in "".join(parsed.words)
    assert many["bytes"] < 1_000_000


def test_a_game_of_three_and_a_game_where_both_can_gain(tmp_path):
    three = hold(tmp_path / "three", field(4), game="open_spiel:kuhn_poker(players=3)", plies=0)
    _, _, parsed = reported(three)
    assert "points" in "".join(parsed.words)
    dilemma = {"a": First(), "b": Random(), "c": Random()}
    _, _, parsed = reported(hold(tmp_path / "both", dilemma, game="prisoners_dilemma", plies=0))
    assert "Elo counts who got more in each game and not how much" in "".join(parsed.words)


def test_an_interrupted_tournament_says_so(tmp_path):
    folder = hold(tmp_path / "run", field(), most=3)
    result, page, parsed = reported(folder)
    assert result["state"] == "interrupted"
    assert "The tournament was interrupted" in "".join(parsed.words)
    assert f"redqueen resume {folder}" in page


def test_a_tournament_that_is_going_on_can_be_reported(tmp_path):
    folder = hold(tmp_path / "run", field(), most=3)
    with Ledger.open(folder):
        result, _, parsed = reported(folder)
    assert result["state"] == "running"
    assert "The tournament is still going on" in "".join(parsed.words)


def test_a_world_that_cannot_be_taken_back_is_shown_as_it_goes_on(tmp_path):
    pytest.importorskip("pettingzoo")
    agents = {"first": First(), "random": Random()}
    result, _, _ = reported(hold(tmp_path / "run", agents, game="pettingzoo:classic/tictactoe-v3", plies=0))
    assert result["games_shown"] > 0
    assert result["left_out"] == []


@pytest.mark.parametrize("format", ["knockout", "double-elimination"])
def test_a_bracket_tells_who_went_on(format, tmp_path):
    folder = hold(tmp_path / "run", field(6), format)
    records = list(Ledger.read(folder).records())
    results = [Result.from_json(record.body) for record in records if record.kind == "encounter"]
    rounds = rounds_of(records[0].body, results)
    state = Tournament(records)
    out = [m for meetings in rounds for m in meetings if "is out" in m.note]
    assert sum(len(meetings) for meetings in rounds) == len(results)
    assert len({m.second if m.winner == m.first else m.first for m in out}) == len(out) == 5
    places = state.places
    assert places is not None
    assert rounds[-1][-1].winner == max(places, key=lambda agent: places[agent])


def test_a_wide_crosstable_is_printed_lying_on_its_side(tmp_path):
    """Paper does not scroll: the letters of a row are counted, and their size follows from that."""
    for agents, wide in ((4, False), (20, True)):
        _, page, _ = reported(hold(tmp_path / str(agents), {f"agent{k}": Random() for k in range(agents)}, deals=2))
        assert ('<div class="scroll wide"' in page) == wide
        letters = int(within(r'<table class="cross" style="--letters:(\d+)">', page))
        rows = re.findall(r"<tr>(?:(?!</tr>).)*</tr>", page[page.index('<table class="cross"') :])
        cells = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in rows[1 : 1 + agents]]
        assert letters >= max(sum(len(cell) + 1 for cell in row) for row in cells) > 0


def test_a_league_is_reported(uninterrupted: Callable[..., Path], tmp_path):
    folder = uninterrupted("kuhn_poker", "--oracle", "exact", "--iterations", 4, "--json")
    result, page, parsed = reported(folder, tmp_path / "page")
    assert {Path(file).stem for file in result["pictures"]} >= {"exploitability", "meta_strategy", "members", "payoffs"}
    words = "".join(parsed.words)
    assert "There are no Elo ratings, for no matches were played: payoffs are exact expectations." in words
    assert "<pre>redqueen run kuhn_poker --oracle exact --iterations 4</pre>" in page
    assert list((tmp_path / "page").glob("*.html")) == [tmp_path / "page" / "index.html"]


def test_a_league_with_played_matches_has_ratings(uninterrupted: Callable[..., Path], tmp_path):
    flags = ("--oracle", "exact", "--payoffs", "played", "--cell-games", 200, "--iterations", 3, "--json")
    result, page, _ = reported(uninterrupted("kuhn_poker", *flags), tmp_path / "page")
    assert "ranking" in {Path(file).stem for file in result["pictures"]}
    assert "--payoffs played --cell-games 200 --iterations 3" in page


def test_what_cannot_be_reported_is_said_in_a_sentence(tmp_path, capsys):
    with pytest.raises(UserError, match="there is no run in"):
        write_report(str(tmp_path / "nowhere"))
    empty = hold(tmp_path / "empty", field(), most=0)
    with pytest.raises(UserError, match="has no finished games yet"):
        write_report(str(empty))
    with Ledger.create(tmp_path / "blank"):
        pass
    with pytest.raises(UserError, match="holds no league yet"):
        write_report(str(tmp_path / "blank"))
    run = hold(tmp_path / "run", field(2))
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(UserError, match="cannot be used"):
        write_report(str(run), str(taken))
    show_report_written(write_report(str(run), str(tmp_path / "page")))
    assert "index.html" in capsys.readouterr().out


def test_a_run_whose_game_is_gone_is_reported_without_games(tmp_path):
    game = tmp_path / "mine.py"
    game.write_text("from games.boards.tic_tac_toe import TicTacToe\n\n\nclass Mine(TicTacToe):\n    pass\n")
    folder = hold(tmp_path / "run", field(3), game=f"{game}:Mine")
    game.unlink()
    result, _, _ = reported(folder)
    assert result["games_shown"] == 0
    assert any("cannot be shown here" in sentence for sentence in result["left_out"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_what_they_are_written_on(scheme):
    shades = colours(scheme)
    for ink in ("ink", "soft", "ahead", "behind"):
        for ground in ("paper", "panel"):
            assert contrast(shades[ink], shades[ground]) >= 4.5
    for level in range(LEVELS):
        assert contrast(shades[f"t{level}"], shades[f"d{level}"]) >= 4.5
    assert contrast(shades["paper"], shades["ahead"]) >= 4.5  # numbers in filled marks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_ends_of_the_map_differ_for_those_who_cannot_tell_red_from_green(scheme):
    # Linear RGB as a deuteranope sees it (Machado, Oliveira and Fernandes, 2009, severity 1).
    matrix = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]])
    shades = colours(scheme)

    def seen(level: int) -> np.ndarray:
        parts = np.array([int(shades[f"d{level}"][k : k + 2], 16) / 255 for k in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return (matrix @ linear).clip(0, 1) ** (1 / 2.2)

    for step in range(2, LEVELS // 2 + 1):
        assert np.abs(seen(LEVELS // 2 - step) - seen(LEVELS // 2 + step)).max() > 0.07 * step


def test_levels_are_symmetric_around_even():
    assert [level_of(value, 2.0) for value in (-9, -2, 0, 2, 9)] == [0, 0, LEVELS // 2, LEVELS - 1, LEVELS - 1]
    assert level_of(0.0, 0.0) == LEVELS // 2
    assert "color-scheme" in stylesheet()


def test_agents_stand_clockwise_of_whom_they_are_ahead():
    rock_paper_scissors = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    found = of_payoffs(rock_paper_scissors)
    assert found is not None
    assert found.cyclic_share == pytest.approx(1)
    assert found.disc is not None
    assert np.allclose(disc_game(found.disc), rock_paper_scissors)
    angles = np.arctan2(found.disc[:, 1], found.disc[:, 0])
    # Paper is ahead of rock, so rock is a third of a turn clockwise, which is towards smaller angles, of paper.
    assert (angles[1] - angles[0]) % (2 * np.pi) == pytest.approx(2 * np.pi / 3)
    assert found.nash_weights == pytest.approx([1 / 3] * 3)


def test_a_field_that_goes_in_circles_is_called_so_and_one_that_does_not_is_not():
    circle = 90 * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]) + 5
    np.fill_diagonal(circle, 0)
    found = of_results(["rock", "paper", "scissors"], circle, np.zeros((3, 3), dtype=np.int64), seed=0)
    assert found is not None
    assert found.cyclic_share is not None
    assert found.by_chance is not None
    assert found.cyclic_share > 0.95 > found.by_chance[1]
    line = np.array([[0, 76, 91], [24, 0, 76], [9, 24, 0]])  # 200 Elo points apart
    found = of_results(["a", "b", "c"], line, np.zeros((3, 3), dtype=np.int64), seed=0)
    assert found is not None
    assert found.cyclic_share is not None
    assert found.by_chance is not None
    assert found.cyclic_share <= found.by_chance[1]
    assert found.misfit is not None
    assert found.misfit.p_value is not None
    assert found.misfit.p_value > 0.01


def said(names: str, wins: list[list[int]]) -> str:
    """Return what the report says of circles among agents of one letter each, whose games were never drawn."""
    counts = np.array(wins)
    found = of_results(list(names), counts, np.zeros_like(counts), seed=0)
    assert found is not None
    return circles(found, list(names))


def test_upsets_are_claimed_where_games_show_them_and_only_there():
    ring = said("abc", [[0, 90, 10], [10, 0, 90], [90, 10, 0]])
    assert "beats" in ring
    assert "so that no ranking fits" in ring
    # The share is far beyond chance, and everyone is ahead of all that stand below.
    margins = said("abcd", [[0, 260, 380, 390], [140, 0, 390, 260], [20, 10, 0, 210], [10, 140, 190, 0]])
    assert "by chance alone it would be rarely more than" in margins
    assert margins.endswith("who wins by how much depends on the opponent, yet nobody is shown to beat one above it.")
    # b beats a and loses to the rest, so that it stands below: one upset, and rings with it.
    upset = said("abcd", [[0, 37, 90, 90], [63, 0, 55, 55], [10, 45, 0, 50], [10, 45, 50, 0]])
    assert upset.endswith("b took 63% of the points in 100 games against a, which stands above it by Elo.")
    assert "no ranking fits" not in upset
    ranked = said("abc", [[0, 76, 91], [24, 0, 76], [9, 24, 0]])
    assert ranked.endswith("nothing shows that one ranking is not enough.")


def test_exact_payoffs_contradict_a_ranking_without_any_test():
    payoffs = np.array([[0, 0.5, -0.012], [-0.5, 0, 0.2], [0.012, -0.2, 0]])
    found = of_payoffs(payoffs)
    assert found is not None
    told = circles(found, ["a", "b", "c"])
    assert "so that no ranking fits; b earns 0.2 a game against c, which stands above it by mean return" in told
    assert told.endswith("and 1 other pair went so.")
    strengths = np.array([0.3, 0.1, -0.4])
    additive = of_payoffs(strengths[:, None] - strengths)
    assert additive is not None
    assert circles(additive, ["a", "b", "c"]) == "All differences between agents add up as one ranking has it."


def test_the_legend_of_payoffs_shows_values_that_occur(tmp_path):
    """In the dilemma payoffs lie about their mean unevenly: the scale is that of both sides, its legend is not."""
    agents = {"first": First(), "random": Random(), "more": Random()}
    result, _, _ = reported(hold(tmp_path / "run", agents, game="prisoners_dilemma", deals=40, plies=0))
    (file,) = [Path(file) for file in result["pictures"] if Path(file).stem == "payoffs"]
    table = Tournament(Ledger.read(tmp_path / "run").records()).tally.payoffs
    words = [
        element.text for element in ElementTree.fromstring(file.read_text()).iter() if element.tag.endswith("}text")
    ]
    least, greatest = np.nanmin(table), np.nanmax(table)
    place = words.index("row behind")
    shown = words[place - 3 : place]
    assert shown[:2] == [number(least), number(greatest)]
    assert least + greatest != pytest.approx(2 * np.nanmean(table))  # else a legend of both sides would do


def test_positions_have_dark_counterparts_and_pieces_keep_their_colours():
    game = make("othello")
    position = game.svg(game.reset(Draws.of(0, "rules", torch.arange(1))), 0)
    dark = adapted(position)
    style = within(r"<style>(.*?)</style>", dark)
    assert style.startswith("@media screen and (prefers-color-scheme:dark){")
    ElementTree.fromstring(dark)
    for light in COUNTERPARTS:
        assert (light in style) == (light in position)
    assert not [piece for piece in (BLACK, WHITE, GREEN) if piece in style]
    assert adapted('<svg fill="#123456"/>') == '<svg fill="#123456"/>'


def test_letters_stand_out_on_dark_tints():
    tints = (shapes.SEATS[0], shapes.SEATS[1], shapes.NEUTRAL, *pictures.ACTIONS, pictures.CHOSEN, PAPER)
    for tint in tints:
        assert contrast(COUNTERPARTS[INK], COUNTERPARTS[tint]) >= 4.5
    for seat in pictures.SEATS:
        assert contrast(COUNTERPARTS[seat], COUNTERPARTS[pictures.CHOSEN]) >= 4.5
        assert contrast(COUNTERPARTS[seat], COUNTERPARTS[PAPER]) >= 4.5


def test_byes_are_listed_in_their_rounds(tmp_path):
    _, page, parsed = reported(hold(tmp_path / "run", field(5), "swiss"))
    assert "".join(parsed.words).count("a bye, which counts as a match won") == 3  # one a round
    assert page.count('<span class="won">') >= 3


def test_the_command_holds_the_very_same_tournament(uninterrupted: Callable[..., Path], tmp_path, zygote: Zygote):
    league = uninterrupted("kuhn_poker", "--oracle", "exact", "--iterations", 4, "--json")
    names = (f"{league}@best", "random", str(league), "random")
    flags = ("--repetitions", 9, "--memory", 2000, "--move-time", 4.5, "--seed", 3, "--workers", 1)
    assert zygote.run("tournament", "kuhn_poker", *names, *flags, "--run-dir", tmp_path / "one").status == 0
    _, page, _ = reported(tmp_path / "one")
    command = shlex.split(html.unescape(within(r"<pre>redqueen (tournament .*?)</pre>", page)))
    assert "@best" not in " ".join(command)
    again = zygote.run(*command, "--workers", 1, "--run-dir", tmp_path / "two")
    assert (again.status, again.err) == (0, "")
    one, two = (list(Ledger.read(tmp_path / name).records()) for name in ("one", "two"))
    assert [record.body for record in one[1:]] == [record.body for record in two[1:]]
    for key in one[0].body:
        if key != "agents":
            assert one[0].body[key] == two[0].body[key], key


def test_text_is_fitted_and_numbers_are_written_for_people():
    assert fitted("a" * 40, 10) == "aaaaaa…aaa"
    assert columns(fitted("漢字" * 20, 11)) <= 11
    assert printable("a\n b\0\ud800") == "a b\ufffd\ufffd"
    assert [number(value) for value in (0.12345, -2.0, 123456.0, 0.0, float("nan"))] == [
        "0.123",
        "−2",
        "123,456",
        "0",
        "–",
    ]
    assert number(0.5, signed=True) == "+0.5"
    assert ticks(-1.0, 1.0) == pytest.approx([-1, -0.5, 0, 0.5, 1])
    assert ticks(3.0, 3.0) == [3.0]
