"""The command `play`; its work is imported when it is called."""

import sys
from typing import Annotated

import typer

from league.answer import Json, answer

commands = typer.Typer()


@commands.command()
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
    from league.playing.session import play_game

    dialogue = sys.stderr if json else sys.stdout
    result = play_game(
        game, against=against or (), seat=seat, seed=seed, hints=hints, hint_from=hint_from, writing=dialogue
    )
    answer(result, lambda _: None, as_json=json)
    if result["ended"] == "interrupted":
        raise typer.Exit(130)
