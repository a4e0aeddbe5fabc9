"""The commands of tournaments; each one's work is imported when it is called."""

from typing import Annotated, Literal

import typer

from league.answer import Json, Run, answer

commands = typer.Typer()

_FORMATS = Literal["round-robin", "gauntlet", "swiss", "knockout", "double-elimination", "adaptive", "league"]


@commands.command()
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
    memory: Annotated[
        int, typer.Option(help="MiB that a bot may use, each process and all of them together", min=16)
    ] = 1024,
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


@commands.command()
def enter(run: Run, agent: Annotated[str, typer.Argument(help="the agent's name")], *, json: Json = False) -> None:
    """Enter an agent into a tournament of the league format, running or not."""
    from league.tournament.requests import ask_to_enter
    from league.tournament.showing import show_request

    answer(ask_to_enter(run, agent), show_request, as_json=json)


@commands.command()
def withdraw(
    run: Run, agent: Annotated[str, typer.Argument(help="the agent's name in the ranking")], *, json: Json = False
) -> None:
    """Withdraw an agent from a tournament of the league format; its results stay."""
    from league.tournament.requests import ask_to_withdraw
    from league.tournament.showing import show_request

    answer(ask_to_withdraw(run, agent), show_request, as_json=json)
