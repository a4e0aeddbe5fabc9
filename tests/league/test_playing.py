"""A person at the table: scripted dialogues, and proofs that they are shown what their seat knows and no more."""

import io
import os
import pty
import re
import select
import shlex
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from scripted import Remembering, Scripted

import league.playing.company as company
import league.playing.session as session
from agents import Mixture, Random
from agents.agent import Fault
from agents.rollout import play
from agents.tabular import HistoryPolicy, TabularPolicy
from arena.replay import replay
from games import make
from games.errors import UserError
from games.extensive.builder import build_tree
from games.registry import known
from league.playing.hints import Decision, chances
from league.playing.menu import Names, Numbers, Parts, Unclear, labelled, menu
from league.playing.session import play_game

WORLDS = Path(__file__).parent.parent / "games" / "pettingzoo_worlds.py"
ENDS = "\nThe game:\n"


class First:
    """An agent that takes the first legal action, or those of a script."""

    def __init__(self, *script):
        self.script, self.asked = script, 0

    def start(self, seats, draws):
        self.asked = 0

    def act(self, turn):
        actions = turn.legal.int().argmax(1)
        if self.asked < len(self.script):
            actions[:] = self.script[self.asked]
        self.asked += 1
        return actions


def dialogue(game, lines, **options):
    """Play with these lines as input; return the result and what was written."""
    written = io.StringIO()
    reading = io.StringIO("".join(f"{line}\n" for line in lines))
    return play_game(game, reading=reading, writing=written, **options), written.getvalue()


@pytest.fixture
def opponent(monkeypatch):
    """Seat an agent of the test's whatever it is called."""

    def seat(agent):
        monkeypatch.setattr(company, "load_agent", lambda name, game: agent() if isinstance(agent, type) else agent)

    return seat


# --- the game is the engine's own -----------------------------------------------------------------------------------

SMALL = {
    "colonel_blotto": "colonel_blotto(coins=4, fields=3)",
    "goofspiel": "goofspiel(cards=4)",
    "hex": "hex(size=3)",
    "iterated_prisoners_dilemma": "iterated_prisoners_dilemma(rounds=4)",
    "matrix_file": "",
}
OTHERS = (
    "goofspiel(cards=4, hidden=True, points_order='descending')",
    "repeated(game='rock_paper_scissors', rounds=3, noise=0.2, continuation=0.8)",
    "open_spiel:leduc_poker",
    "open_spiel:goofspiel(num_cards=4, imp_info=True)",
    "open_spiel:kuhn_poker(players=3)",
    "open_spiel:2048(max_tile=8)",
    "pettingzoo:classic/tictactoe-v3",
    f"pettingzoo:{WORLDS}:Buttons",
    f"pettingzoo:{WORLDS}:Dials",
)
NAMES = sorted({SMALL.get(name, entry.example) for name, entry in known().items()} - {""}) + list(OTHERS)


def played_by_agents(name, seed):
    """Return what random agents do in game 0: each step's seats and actions, and the returns."""
    game = make(name)
    seating = torch.zeros(1, game.spec.players, dtype=torch.int64)
    games = torch.zeros(1, dtype=torch.int64)
    played = play(game, [Random()], seating=seating, games=games, seed=seed, record=True)
    assert played.choices is not None
    steps = list(replay(game, played.choices.actions.numpy(), seed=seed, deal=0))
    return steps[:-1], played.returns[0].tolist(), game.spec


def line_of(action):
    return f"#{int(action)}" if action.ndim == 0 else " ".join(repr(float(x)) for x in action.tolist())


@pytest.mark.parametrize("name", NAMES)
def test_a_person_who_plays_as_an_agent_would_plays_the_same_game(name):
    for seed, first in ((1, True), (2, False)):
        steps, returns, spec = played_by_agents(name, seed)
        seat = 0 if first else spec.players - 1
        mine = [step.actions[list(step.seats).index(seat)] for step in steps if seat in step.seats]
        whole = spec.parts != ()
        lines = [" ".join(map(str, action.tolist())) if whole else line_of(action) for action in mine]
        against = ["random"] if spec.players > 1 else []
        result, text = dialogue(name, lines, against=against, seat=seat, seed=seed)
        assert result["ended"] == ("finished" if not text.count("cut short") else "cut short"), text
        assert result["returns"] == returns
        chosen = [action.tolist() for step in steps for action in step.actions]
        assert [move["action"] for move in result["moves"] if move["seat"] != "chance"] == chosen
        assert text.count("Your move: ") == len(mine)


def test_chance_and_others_are_told_and_the_end_names_the_commands():
    result, text = dialogue("tic_tac_toe", [4, *range(9)], against=["random"], seed=3)
    assert "You: x(1,1).\nSeat 1 (random): o(" in text
    assert result["ended"] == "finished"
    for command, seat, seed in ((result["again"], "1", []), (result["repeat"], "0", ["--seed", "3"])):
        assert shlex.split(command) == ["redqueen", "play", "tic_tac_toe", "--against", "random", "--seat", seat, *seed]
        assert command in text
    assert result["seats"] == ["you", "random"]
    _, text = dialogue("goofspiel(cards=3)", [1, 2], against=["random"], seed=3)
    assert "Chance: Deal " in text


def test_choices_made_at_once_are_shown_together(opponent):
    opponent(First(1, 0, 1))
    result, text = dialogue("iterated_prisoners_dilemma(rounds=3)", ["coop", "d", 0], against=["x"])
    assert "You: Cooperate; Seat 1 (x): Defect." in text
    history = text.split(ENDS)[1].split("\n\n")[0].replace("\n", "; ")
    assert history == "1. you Cooperate, x Defect; 2. you Defect, x Cooperate; 3. you Cooperate, x Defect"
    assert result["returns"] == [5.0, 10.0]
    before, after = text.split("You: Cooperate; ", 1)
    assert "Defect" not in before.split("Your move: ")[-1]
    assert "round 2 of 3\nseat 0  C  0\nseat 1  D  5" in after


def test_several_others_sit_in_order_of_seat():
    name = "random_general_sum(actions=[2, 3, 2], seed=0)"
    result, text = dialogue(name, [1], against=["random"], seat=1)
    assert result["seats"] == ["random", "you", "random"]
    assert "seat 0 is random; seat 2 is random" in text
    assert "--seat 2" in result["again"]
    other = dialogue(name, [1], against=["random", "random"], seat=1, seed=result["seed"])[0]
    assert other["moves"] == result["moves"]
    with pytest.raises(UserError, match=r"2 other seats .* but 3 were named"):
        dialogue(name, [], against=["random"] * 3)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"seat": 2}, r"--seat to be 0 to 1, or random, but got '2'"),
        ({"seat": "left"}, "but got 'left'"),
        ({"against": []}, "1 other seat of tic_tac_toe but 0 were named: give --against AGENT"),
        ({"against": ["rando"]}, "did you mean 'random'"),
        ({"hint_from": "nobody"}, "there is no agent called 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(options, complaint):
    with pytest.raises(UserError, match=complaint):
        dialogue("tic_tac_toe", [], **{"against": ["random"], **options})


def test_a_random_seat_comes_from_the_seed():
    seats = [dialogue("tic_tac_toe", [], against=["random"], seat="random", seed=seed)[0]["seat"] for seed in range(12)]
    assert set(seats) == {0, 1}
    assert seats[5] == dialogue("tic_tac_toe", [], against=["random"], seat="random", seed=5)[0]["seat"]


# --- nothing hidden is shown ----------------------------------------------------------------------------------------


def fair_transcripts(monkeypatch, name, games, *, seat=0):
    """Play `games`, pairs of an opponent's script and a seed and a person's lines, and group what was written.

    The key is all that the seat knew, decision by decision; the values are pairs of what was written before the game
    was over and of how it was revealed to have been.
    """
    shown = session.sight
    groups = defaultdict(set)
    for agent, seed, lines in games:
        known_then = []

        def watching(game, state, person, known_then=known_then):
            known_then.append(game.information_state(state, 0, person))
            return shown(game, state, person)

        monkeypatch.setattr(company, "load_agent", lambda name, game, agent=agent: agent)
        monkeypatch.setattr(session, "sight", watching)
        result, text = dialogue(name, lines, against=["x"], seat=seat, seed=seed)
        before = text[: text.rindex("Your move: ")]
        groups[tuple(known_then), tuple(lines[: len(known_then)])].add((before, str(result["moves"])))
    return groups


def check_fair(groups):
    """Equal knowledge, equal screen; and knowledge was equal in games that were not."""
    alike = 0
    for shown in groups.values():
        assert len({text for text, _ in shown}) == 1
        alike = max(alike, len({moves for _, moves in shown}))
    assert alike > 1


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("kuhn_poker", ["bet", "bet"]),
        ("open_spiel:kuhn_poker", ["pass", "bet"]),
        ("leduc_poker", ["call"] * 4),
        ("open_spiel:leduc_poker", ["call"] * 4),
        ("liars_dice(sides=3)", ["1-1", "1-3", "2-2", "liar"]),
    ],
)
def test_cards_and_dice_of_others_are_not_shown_before_the_end(monkeypatch, name, lines, seat):
    script = (1, 1, 1, 1) if "leduc" in name else (1, 3) if "dice" in name else ()
    groups = fair_transcripts(monkeypatch, name, [(First(*script), seed, lines) for seed in range(30)], seat=seat)
    check_fair(groups)


@pytest.mark.parametrize(
    ("name", "scripts", "lines"),
    [
        ("goofspiel(cards=4, hidden=True)", [(2, 3), (3, 2), (1, 3)], [1, 2, 4]),
        ("phantom_tic_tac_toe", [(3, 4), (8, 7), (3, 1, 4)], [0, 1, 2]),
        ("repeated(game='prisoners_dilemma', rounds=2, noise=0.5)", [(0, 0), (1, 1)], ["c", "c"]),
    ],
)
def test_bids_tries_and_intentions_of_others_are_not_shown_before_the_end(monkeypatch, name, scripts, lines):
    games = [(First(*script), seed, lines) for seed in range(30) for script in scripts]
    check_fair(fair_transcripts(monkeypatch, name, games))


def test_a_live_world_shows_its_own_seat_alone(opponent):
    # In PettingZoo's rps the first agent's choice waits, unseen, until the second has chosen.
    shown = set()
    for first in (0, 1, 2):
        opponent(First(first))
        result, text = dialogue("pettingzoo:classic/rps-v2", [], against=["x"], seat=1, seed=0)
        assert result["moves"] == []
        shown.add(text)
    assert len(shown) == 1


def test_what_an_unfinished_game_hid_stays_hidden(opponent):
    opponent(First())
    for lines in (["quit"], ["resign"], []):
        result, text = dialogue("kuhn_poker", lines, against=["x"], seat=1, seed=0)
        assert [move["seat"] for move in result["moves"]] == [0]
        assert "Deal" not in text
    assert "cards " in dialogue("kuhn_poker", ["bet"], against=["x"], seat=1, seed=0)[1].split(ENDS)[0]


# --- commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", [Random, Remembering, Scripted])
@pytest.mark.parametrize("name", ["tic_tac_toe", "leduc_poker", "goofspiel(cards=5)", "open_spiel:leduc_poker"])
def test_undo_gives_the_same_game_again(opponent, monkeypatch, agent, name):
    opponent(agent)
    menus = []
    monkeypatch.setattr(session, "menu", lambda *args, **options: menus.append(menu(*args, **options)) or menus[-1])

    def go(lines):
        return dialogue(name, lines, against=["x"], seed=4)

    lines, wavering = [], []
    while go(lines)[0]["ended"] == "end of input":
        first, *_, last = [f"#{action}" for action in menus[-1].names] * 2
        if last != first and go([*lines, last])[0]["ended"] == "end of input":
            wavering += [last, "undo"]
        lines, wavering = [*lines, first], [*wavering, first]
    assert wavering.count("undo") >= 1
    plain, again = go(lines)[0], go(wavering)
    assert again[1].count(" is taken back, and what came after it.") == wavering.count("undo")
    assert again[0] == plain
    assert plain["ended"] == "finished"


def test_undo_goes_back_to_the_start_and_no_further(opponent):
    opponent(First())
    result, text = dialogue("tic_tac_toe", ["undo", 4, 8, "undo", "undo", "undo", 7, "quit"], against=["x"])
    assert text.count("You have made no move that could be taken back.") == 2
    assert [move["name"] for move in result["moves"]] == ["x(2,1)", "o(0,0)"]
    assert [move["step"] for move in result["moves"]] == [0, 1]


def test_a_live_world_refuses_to_take_a_move_back():
    result, text = dialogue("pettingzoo:classic/tictactoe-v3", [4, "undo", "quit"], against=["random"], seed=1)
    assert "so no move can be taken back" in text
    assert re.search(r"\n[.2] [.2] [.2]\n[.2] 1 [.2]\n[.2] [.2] [.2]\n", text)
    assert len(result["moves"]) == 2
    assert result["ended"] == "quit"


def test_help_moves_and_lists(opponent):
    opponent(First())
    result, text = dialogue("hex", ["help", "moves", "? c1", "? zz", "", "resign"], against=["x"])
    answers = [answer.split("\n", 1)[1].replace("\n", " ") for answer in text.split("Your move: ")[1:]]
    assert "(121 in all; ? lists them)" in text
    assert "undo: take your last move back" in answers[0]
    assert answers[1].count(",") == 120
    assert answers[2].strip() == "2 c1, 101 c10, 112 c11"
    assert answers[3].strip() == "No move begins with 'zz'; ? lists all 121."
    assert answers[4].strip() == "Type a move, or ? for the moves there are."
    assert result["ended"] == "resigned"
    assert result["returns"] == [-1.0, 1.0]


def test_ways_out(opponent):
    opponent(First())
    for lines, ended in ((["quit"], "quit"), (["EXIT"], "quit"), (["4"], "end of input")):
        result, text = dialogue("tic_tac_toe", lines, against=["x"])
        assert (result["ended"], result["returns"]) == (ended, None)
        assert "not over" in text
    general = dialogue("chicken", ["resign"], against=["x"])[0]
    assert general["returns"] == [0.0, None]

    class Interrupting(io.StringIO):
        def readline(self, *_):
            raise KeyboardInterrupt

    written = io.StringIO()
    result = play_game("tic_tac_toe", against=["x"], reading=Interrupting(), writing=written)
    assert result["ended"] == "interrupted"
    assert "Interrupted; the game is not over." in written.getvalue()


@pytest.mark.parametrize("name", ["Buttons", "Dials"])
def test_moves_of_several_numbers(name):
    world = f"pettingzoo:{WORLDS}:{name}"
    bad = {"Buttons": ["1", "1 x", "3 0", "-1 0", "hint"], "Dials": ["1", "nan 0", "3 0", "hint"]}[name]
    good = {"Buttons": ["2 1", "[2,1]", "0, 0"], "Dials": ["1 0.25", "[-1, 1]", "0,0.1"]}[name]
    result, text = dialogue(world, [*bad, "?", *good], against=["random"], seed=1)
    assert result["ended"] == "finished"
    assert text.count("Your move: ") == len(bad) + 1 + 3
    mine = [move["action"] for move in result["moves"] if move["seat"] == 0]
    wanted = {"Buttons": [[2, 1], [2, 1], [0, 0]], "Dials": [[1, 0.25], [-1, 1], [0, 0.1]]}[name]
    np.testing.assert_allclose(mine, wanted, rtol=1e-6)
    assert "random would play " in text


# --- hints ----------------------------------------------------------------------------------------------------------


def test_hints_are_the_policy_and_change_nothing():
    arguments = {"against": ["cfr+(iterations=200)"], "seat": 1, "seed": 5}
    plain, _ = dialogue("kuhn_poker", ["bet"], **arguments)
    hinted, text = dialogue("kuhn_poker", ["hint", "bet"], hints=True, **arguments)
    assert hinted["moves"] == plain["moves"]
    assert text.count("cfr+(iterations=200) would play ") == 2
    assert "--hints" in hinted["again"]
    # In every equilibrium seat 1 bets the jack after a pass with probability 1/3.
    assert "Your card: J" in text
    share = float(text.split("Bet ", 1)[1].split(" %")[0]) if "Bet " in text.split("would play ")[1] else 0.0
    assert abs(share - 100 / 3) < 2


def test_who_hints_may_be_another(opponent, monkeypatch):
    agents = {"x": First(), "y": First(8)}
    monkeypatch.setattr(company, "load_agent", lambda name, game: agents[name])
    result, text = dialogue("tic_tac_toe", ["hint", "quit"], against=["x"], hint_from="y")
    assert "y would play x(2,2)." in text
    assert "--hint-from y" in result["repeat"]


def test_an_adviser_that_remembers_hears_the_game_so_far(opponent):
    opponent(Remembering)
    _, text = dialogue("tic_tac_toe", ["hint", 0, "hint", "hint", "quit"], against=["x"], seed=1)
    hints = [line for line in text.splitlines() if " would play " in line]
    assert len(hints) == 3
    assert hints[1] == hints[2]


def decisions_of(game, seed, seat):
    """Return the decisions of a seat in a random game."""
    steps, *_ = played_by_agents(game.spec.name, seed)
    row, mine = torch.zeros(1, dtype=torch.int64), []
    for step in steps:
        if seat in step.seats:
            seats, action = torch.tensor([seat]), torch.tensor(step.actions[list(step.seats).index(seat)])
            mine.append(Decision(game.observe(step.state, row, seats), game.legal(step.state, row, seats), action))
    return mine


def test_hints_of_histories_and_mixtures_are_their_behaviour():
    game = make("leduc_poker")
    tree = build_tree(game)
    generator = np.random.default_rng(1)
    behaviours = [tree.normalised(generator.random(tree.slots)) for _ in range(3)]
    members = [HistoryPolicy.of(tree, behaviours[0]), *(TabularPolicy.of(tree, each) for each in behaviours[1:])]
    mixture = Mixture(members, np.array([[0.2, 0.3, 0.5], [0.6, 0.0, 0.4]]))
    for agent in (members[0], mixture):
        truth = TabularPolicy.of(tree, agent.behaviour(tree))
        compared = 0
        for seed in range(8):
            for seat in (0, 1):
                mine = decisions_of(game, seed, seat)
                if not mine:
                    continue
                seats = torch.full((len(mine),), seat)
                stacked = (torch.cat([d.observation for d in mine]), torch.cat([d.legal for d in mine]), seats)
                torch.testing.assert_close(chances(agent, game, mine, seat), truth.probabilities(*stacked))
                compared += len(mine)
        assert compared > 20


def test_an_agent_that_breaks_rules_ends_the_game_in_the_persons_favour(opponent, monkeypatch, tmp_path):
    class Late(First):
        def act(self, turn):
            raise Fault("x took too long", "timeout")

    for agent, kind in ((Late(), "timeout"), (First(4), "illegal")):
        opponent(agent)
        result, text = dialogue("tic_tac_toe", [4, 0], against=["x"])
        assert result["ended"] == "fault"
        assert (result["fault"]["seat"], result["fault"]["kind"]) == (1, kind)
        assert result["returns"] == [1.0, -1.0]
        assert "Seat 1 (x) broke the rules, so you win: " in text
    monkeypatch.undo()
    bot = tmp_path / "bot.py"
    bot.write_text("class Bot:\n    def act(self, observation, legal_actions):\n        raise ValueError('no idea')\n")
    result, text = dialogue("tic_tac_toe", [4], against=[str(bot)])
    assert result["fault"]["kind"] == "crash"
    assert "no idea" in result["fault"]["message"]


def test_a_hint_that_fails_is_said_and_the_game_goes_on(monkeypatch):
    class Mute(First):
        def act(self, turn):
            raise Fault("y has nothing to say", "garbage")

    agents = {"x": First(), "y": Mute()}
    monkeypatch.setattr(company, "load_agent", lambda name, game: agents[name])
    result, text = dialogue("tic_tac_toe", ["hint", 4, "quit"], against=["x"], hint_from="y")
    assert "y gives no hint: y has nothing to say" in text
    assert len(result["moves"]) == 2


# --- how moves are named --------------------------------------------------------------------------------------------


def test_names_numbers_and_beginnings():
    cells = Names({a: f"x({a // 3},{a % 3})" for a in range(9)}, by_label=True)
    assert not labelled(cells)
    for text, action in {"4": 4, "#4": 4, "x(1,1)": 4, "X(1,1)": 4, "x11": 4, "1,1": 4, "x(1,2": 5}.items():
        assert int(cells.find(text)) == action
    with pytest.raises(Unclear, match=r"could be x\(1,0\) \(#3\), x\(1,1\) \(#4\)"):
        cells.find("x(1")
    for text in ("9", "#9", "y", "x(3,3)", "(", "99999999999999999999999"):
        with pytest.raises(Unclear, match="is not a legal move here"):
            cells.find(text)
    chess = Names({1: "b4", 2: "Bb4", 3: "e8=Q", 4: "e8=N", 5: "O-O", 6: "O-O-O"}, by_label=True)
    for text, action in {"b4": 1, "Bb4": 2, "bb4": 2, "e8=q": 3, "o-o": 5, "O-O-O": 6, "B": 2}.items():
        if text == "B":
            with pytest.raises(Unclear, match="b4"):
                chess.find(text)
        else:
            assert int(chess.find(text)) == action


def test_a_number_means_that_of_the_name_where_all_names_are_numbered():
    bids = Names({a: f"Bid: {a + 1}" for a in range(3)}, by_label=True)
    assert labelled(bids)
    assert [int(bids.find(text)) for text in ("1", "3", "#0", "#2", "bid 2")] == [0, 2, 0, 2, 1]
    with pytest.raises(Unclear, match="0 is not a legal move"):
        bids.find("0")
    left = Names({0: "a1", 2: "a3"}, by_label=False)  # at the end of a game whose names were not so at its start
    assert int(left.find("2")) == 2


def test_parts_and_bounds():
    parts = Parts([[0, 1, 2, 4], [1]])
    assert parts.full() == "part 1 is 0 to 2, 4, part 2 is 1"
    assert parts.find("4,1").tolist() == [4, 1]
    for text, complaint in {
        "3 1": "Part 1 cannot be 3 here",
        "4": "2 whole numbers",
        "1.5 1": "2 whole numbers",
    }.items():
        with pytest.raises(Unclear, match=complaint):
            parts.find(text)
    numbers = Numbers([(0.0, 0.1), (-1.0, 1.0)])
    low, high = torch.tensor(numbers.bounds).T
    found = numbers.find("0.1 -1")
    assert bool(((found >= low) & (found <= high)).all())
    for text, complaint in {
        "0.2 0": "0.2 is outside its bounds, 0 to 0.1",
        "0": "2 numbers",
        "inf 0": "2 numbers",
    }.items():
        with pytest.raises(Unclear, match=complaint):
            numbers.find(text)


# --- what a person sees ---------------------------------------------------------------------------------------------


def test_boards_bear_the_names_of_their_cells(opponent):
    opponent(First())
    _, text = dialogue("tic_tac_toe", [4, "quit"], against=["x"])
    assert "\n0 1 2\n3 4 5\n6 7 8\n" in text
    assert "\no 1 2\n3 x 5\n6 7 8\n" in text
    _, text = dialogue("connect_four", [3, "quit"], against=["x"])
    assert "\no..x...\n0123456\n" in text
    _, text = dialogue("hex(size=3)", ["c2", "quit"], against=["x"])
    assert "\n   a b c\n 1 o . .\n 2  . . x\n 3   . . .\n" in text
    _, text = dialogue("open_spiel:chess", ["e4", "quit"], against=["x"], seat=1)
    assert "\n5 . . . . . . . .\n4 . . . . P . . .\n" in text
    assert text.startswith("open_spiel:chess: ")


def test_what_a_terminal_could_obey_is_not_written(opponent):
    class Rude(First):
        def act(self, turn):
            raise Fault("\x1b[2Jgone\x07", "garbage")

    opponent(Rude)
    _, text = dialogue("tic_tac_toe", [4], against=["\x1b]0;x"])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2Jgone\\x07" in text  # a fault's words are written out, and a name's control characters replaced
    assert "?]0;x" in text


def test_in_a_terminal_one_may_think_again_at_the_end_and_leave_by_control_c_and_d(tmp_path):
    code = (
        "import json, sys; from league.playing.session import play_game; "
        "print('RESULT', play_game('tic_tac_toe', against=['random'], seed=3)['ended'])"
    )
    home = str(Path(__file__).parent.parent.parent)

    def sit(keys):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(home)
            os.execv(sys.executable, [sys.executable, "-c", code])
        seen = pressed = b""
        for token, key in [*keys, (b"RESULT ", b"")]:
            start, until = len(seen), time.monotonic() + 60
            while token not in seen[start:]:
                assert time.monotonic() < until, seen.decode()
                if select.select([terminal], [], [], 10)[0]:
                    with suppress(OSError):
                        seen += os.read(terminal, 1 << 16)
                elif pressed == b"\x03":
                    # readline overlooks a signal that comes between its prompt and its wait for a key
                    os.write(terminal, pressed)
            os.write(terminal, key)
            pressed = key
        while True:
            try:
                more = os.read(terminal, 1 << 16)
            except OSError:
                break
            if not more:
                break
            seen += more
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return seen.decode()

    prompt = b"Your move: "
    lost = [(prompt, b"0\n"), (prompt, b"8\n"), (prompt, b"5\n"), (prompt, b"7\n")]
    text = sit([*lost, (b"Press Enter", b"undo\n"), (prompt, b"7\n"), (b"Press Enter", b"\x04")])
    assert "Your x(2,1) is taken back" in text
    assert text.count("You lost 1.") == 2
    assert "RESULT finished" in text
    assert "\x1b" not in text
    text = sit([(prompt, b"4\n"), (prompt, b"\x03")])
    assert "Interrupted; the game is not over." in text
    assert "RESULT interrupted" in text
    assert "Traceback" not in text
