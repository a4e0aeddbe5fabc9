"""The command `sprt`; its work is imported when it is called."""

from typing import Annotated, Any, Literal

import typer

from games.errors import UserError
from league.answer import Json, answer

commands = typer.Typer()

_LIKEWISE = ": judged, or gone on from in the model bayeselo"


@commands.command()
def sprt(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[GAME FIRST SECOND]", help="what to play; or give counts")
    ] = None,
    *,
    elo0: Annotated[float, typer.Option(help="how much stronger the first agent is under H0")] = 0.0,
    elo1: Annotated[float, typer.Option(help="and under H1, more than that")] = 5.0,
    alpha: Annotated[float, typer.Option(help="chance of accepting H1 where H0 is true")] = 0.05,
    beta: Annotated[float, typer.Option(help="chance of accepting H0 where H1 is true")] = 0.05,
    model: Annotated[
        Literal["logistic", "normalized", "bayeselo"], typer.Option(help="which Elo the hypotheses are")
    ] = "logistic",
    pentanomial: Annotated[
        str | None,
        typer.Option(
            metavar="LL,LD,WL+DD,WD,WW",
            help="counts of pairs of games with seats swapped: judged, or gone on from where a game is named",
        ),
    ] = None,
    wins: Annotated[int | None, typer.Option(help=f"single games won{_LIKEWISE}")] = None,
    draws: Annotated[int | None, typer.Option(help=f"single games drawn{_LIKEWISE}")] = None,
    losses: Annotated[int | None, typer.Option(help=f"single games lost{_LIKEWISE}")] = None,
    games: Annotated[int | None, typer.Option(help="play no more than these [default: until decided]", min=2)] = None,
    opening: Annotated[int | None, typer.Option(help="moves at the start of each pair that are drawn", min=0)] = None,
    seed: Annotated[int | None, typer.Option(help="all randomness comes from it [default: 0]", min=0)] = None,
    json: Json = False,
) -> None:
    """Test whether one agent is stronger than another: play until it is known, or judge counts.

    With GAME FIRST SECOND and counts the test goes on from them: their pairs, the first of the seed, are not played
    again.
    """
    from league.sprt.showing import show_sprt

    shared: dict[str, Any] = {"elo0": elo0, "elo1": elo1, "alpha": alpha, "beta": beta, "model": model}
    shared |= {"pentanomial": pentanomial, "wins": wins, "draws": draws, "losses": losses}
    playing = {"games": games, "opening": opening, "seed": seed}
    if not names:
        from league.sprt.counts import sprt_counts

        for flag, value in playing.items():
            if value is not None:
                raise UserError(f"--{flag} {value} is for playing and no game is named; name GAME FIRST SECOND too")
        answer(sprt_counts(**shared), show_sprt, as_json=json)
        return
    if len(names) != 3:
        raise UserError(f"a test takes a game and two agents, and got {len(names)} names; give GAME FIRST SECOND")
    from league.sprt.playing import sprt_games

    given = {flag: value for flag, value in playing.items() if value is not None}
    result = sprt_games(*names, **shared, **given, quiet=json)
    answer(result, show_sprt, as_json=json)
    if result["interrupted"]:
        raise typer.Exit(130)
