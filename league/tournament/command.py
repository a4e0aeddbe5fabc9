"""The commands of tournaments; each one's work is imported when it is called."""

import sys
from typing import Annotated, Literal

import typer

from league.answer import Json, Run, answer

tournaments = typer.Typer()

_FORMATS = Literal["round-robin", "gauntlet", "swiss", "knockout", "double-elimination", "adaptive", "league"]


@tournaments.command()
def tournament(
    game: Annotated[str, typer.Argument(help="the game's name")],
    agents: Annotated[
        list[str] | None, typer.Argument(help="agents: ours, mybot.py, runs/kuhn@best, 'cmd:./mybot'")
    ] = None,
    *,
    zoo: Annotated[str | None, typer.Option(help="enter a field of ours too, such as axelrod-first")] = None,
    format: Annotated[_FORMATS, typer.Option(help="who meets whom")] = "round-robin",
    repetitions: Annotated[
        int, typer.Option(help="deals of an encounter; each is played in every seating", min=1, max=10_000_000)
    ] = 10,
    opening: Annotated[int, typer.Option(help="moves at the start of each game that are drawn", min=0)] = 0,
    rounds: Annotated[int | None, typer.Option(help="of swiss [default: those of a knockout]", min=1)] = None,
    heads: Annotated[int, typer.Option(help="of gauntlet: how many of the first meet everyone", min=1)] = 1,
    encounters: Annotated[
        int | None, typer.Option(help="of adaptive: in all [default: twice those of round-robin]", min=1)
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(help="of adaptive: end once the order of all is that sure, such as 0.95")
    ] = None,
    at_once: Annotated[
        int, typer.Option(help="of adaptive and league: encounters chosen before results are in", min=1)
    ] = 2,
    move_time: Annotated[float, typer.Option(help="seconds that a bot may think about a move")] = 5.0,
    game_time: Annotated[float, typer.Option(help="seconds that a bot may think in a game")] = 300.0,
    start_time: Annotated[float, typer.Option(help="seconds until a bot must be ready")] = 30.0,
    memory: Annotated[int, typer.Option(help="MiB that each process of a bot may use", min=16)] = 1024,
    seed: Annotated[int, typer.Option(help="all randomness comes from it", min=0)] = 0,
    hours: Annotated[float | None, typer.Option(help="stop after this long", min=0)] = None,
    workers: Annotated[int, typer.Option(help="processes that play, 0 for one a core", min=0, max=256)] = 0,
    run_dir: Annotated[str | None, typer.Option(help="where it is kept [default: runs/tournament-GAME]")] = None,
    json: Json = False,
) -> None:
    """Play agents against each other and rank them."""
    from league.tournament.config import validated
    from league.tournament.running import run_tournament
    from league.tournament.showing import show_tournament

    config = validated(
        {
            "format": format,
            "repetitions": repetitions,
            "opening": opening,
            "rounds": rounds,
            "heads": heads,
            "encounters": encounters,
            "confidence": confidence,
            "at_once": at_once,
            "move_time": move_time,
            "game_time": game_time,
            "start_time": start_time,
            "memory": memory,
            "seed": seed,
            "hours": hours,
            "workers": workers,
        }
    )
    result = run_tournament(game, agents or [], config, zoo=zoo, run_dir=run_dir, quiet=json)
    answer(result, show_tournament, as_json=json)


@tournaments.command()
def enter(run: Run, agent: Annotated[str, typer.Argument(help="the agent's name")], *, json: Json = False) -> None:
    """Enter an agent into a tournament of the league format, running or not."""
    from league.tournament.running import ask_to_enter
    from league.tournament.showing import show_request

    answer(ask_to_enter(run, agent), show_request, as_json=json)


@tournaments.command()
def withdraw(
    run: Run, agent: Annotated[str, typer.Argument(help="the agent's name in the ranking")], *, json: Json = False
) -> None:
    """Withdraw an agent from a tournament of the league format; its results stay."""
    from league.tournament.running import ask_to_withdraw
    from league.tournament.showing import show_request

    answer(ask_to_withdraw(run, agent), show_request, as_json=json)


@tournaments.command()
def rate(
    sources: Annotated[
        list[str],
        typer.Argument(help="folders of runs, or files of results: CSV, JSON Lines or PGN", metavar="SOURCES"),
    ],
    *,
    draw_model: Annotated[
        Literal["half", "davidson", "rao-kupper"], typer.Option(help="draws as half points, or modelled")
    ] = "half",
    seat_advantage: Annotated[bool, typer.Option(help="estimate what the first seat is worth")] = False,
    prior: Annotated[float, typer.Option(help="virtual draws of each player against the field's mean", min=0)] = 1.0,
    anchor: Annotated[list[str] | None, typer.Option(metavar="NAME=ELO", help="hold a player at a rating")] = None,
    bootstrap: Annotated[int, typer.Option(help="replicates for intervals by the bootstrap", min=0)] = 0,
    bootstrap_method: Annotated[
        Literal["resample", "parametric"], typer.Option(help="games drawn again, or results as the model has them")
    ] = "resample",
    also: Annotated[
        list[str] | None, typer.Option(help="other ratings beside: glicko-2, online-elo, trueskill or openskill")
    ] = None,
    seed: Annotated[int, typer.Option(help="of whatever is drawn", min=0)] = 0,
    json: Json = False,
) -> None:
    """Rate players by Bradley-Terry Elo with intervals, and tell what a rating leaves out."""
    from league.rating import rate_files, read_anchors
    from league.showing_ratings import show_ratings

    result = rate_files(
        sources,
        draw_model=draw_model,
        seat_advantage=seat_advantage,
        prior=prior,
        anchors=read_anchors(anchor or []),
        bootstrap=bootstrap,
        bootstrap_method=bootstrap_method,
        also=also or [],
        seed=seed,
    )
    answer(result, show_ratings, as_json=json)


@tournaments.command()
def play(
    game: Annotated[str, typer.Argument(help="the game's name")],
    *,
    against: Annotated[
        list[str] | None, typer.Option(help="an agent for all other seats, or one for each when given several times")
    ] = None,
    seat: Annotated[str, typer.Option(help="your seat: 0, 1, ... or random")] = "0",
    seed: Annotated[int | None, typer.Option(help="seed of chance and of the agents [default: drawn]", min=0)] = None,
    hints: Annotated[bool, typer.Option("--hints", help="show at every move what an agent would do")] = False,
    hint_from: Annotated[str | None, typer.Option(help="the agent that gives hints [default: the opponent]")] = None,
    json: Json = False,
) -> None:
    """Play a game yourself, in the terminal, against agents."""
    from league.playing import play_game

    dialogue = sys.stderr if json else sys.stdout
    result = play_game(
        game, against=against or (), seat=seat, seed=seed, hints=hints, hint_from=hint_from, writing=dialogue
    )
    answer(result, lambda _: None, as_json=json)
    if result["ended"] == "interrupted":
        raise typer.Exit(130)


@tournaments.command()
def report(
    run: Run,
    *,
    output: Annotated[str | None, typer.Option(help="the folder to write to [default: RUN/report]")] = None,
    json: Json = False,
) -> None:
    """Write a run as one page for a browser, and its pictures."""
    from league.reporting import show_report_written, write_report

    answer(write_report(run, output), show_report_written, as_json=json)
