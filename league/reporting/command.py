"""The command `report`; its work is imported when it is called."""

from typing import Annotated

import typer

from league.answer import Json, Run, answer

commands = typer.Typer()


@commands.command()
def report(
    run: Run,
    *,
    output: Annotated[str | None, typer.Option(help="the folder to write to [default: RUN/report]")] = None,
    json: Json = False,
) -> None:
    """Write a run as one page for a browser, and its pictures."""
    from league.reporting.writing import show_report_written, write_report

    answer(write_report(run, output), show_report_written, as_json=json)
