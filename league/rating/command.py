"""The command `rate`; its work is imported when it is called."""

from typing import Annotated, Literal

import typer

from league.answer import Json, answer

commands = typer.Typer()


@commands.command()
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
    from league.rating.rate import rate_files, read_anchors
    from league.rating.showing import show_ratings

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
