"""`report`: gathers a run's data and writes its page and pictures."""

import shlex
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agents.files import StorageError, refusal, write_atomically
from arena.ledger import Ledger
from league.answer import terminal
from league.reporting.data import Report
from league.reporting.leagues import league_report
from league.reporting.page import page
from league.reporting.sections import draw
from league.reporting.tournaments import tournament_report
from league.words import counted

PAGE = "index.html"


def write_report(run: str, output: str | None = None) -> dict[str, Any]:
    """Write the page and the pictures of the run in the folder `run`, to its folder `report` or to `output`.

    Returns where they lie. Raises `UserError` where there is no run, nothing to tell of it yet, or no place to write.
    """
    ledger = Ledger.read(run)
    first = next(ledger.records(), None)
    of_tournament = first is not None and first.kind == "tournament"
    report = tournament_report(run, ledger) if of_tournament else league_report(run)
    pictures = draw(report)
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    html = page(report, pictures, written=written, version=_version()).encode()
    folder = Path(run) / "report" if output is None else Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(refusal(folder, error)) from error
    for picture in pictures.values():
        write_atomically(folder / f"{picture.name}.svg", picture.file(), durable=False)
    write_atomically(folder / PAGE, html)
    return {
        "run_dir": run,
        "kind": report.kind,
        "state": report.state,
        "page": str(folder / PAGE),
        "pictures": [str(folder / f"{name}.svg") for name in pictures],
        "bytes": len(html),
        "games_shown": len(report.replays),
        "left_out": _left_out(report),
    }


def show_report_written(result: dict[str, Any]) -> None:
    """Print where a report lies, and what it leaves out."""
    console = terminal()
    console.print(
        f"{result['page']}: {result['bytes'] / 1000:,.0f} kB, {counted(len(result['pictures']), 'picture')}, "
        f"{counted(result['games_shown'], 'game')} to step through",
        soft_wrap=True,
        markup=False,
    )
    for sentence in result["left_out"]:
        console.print(sentence, style="dim", soft_wrap=True, markup=False)
    if result["state"] in ("interrupted", "stopped"):
        again = shlex.quote(result["run_dir"])
        console.print(f"the run is not finished: go on with `redqueen resume {again}`", soft_wrap=True, markup=False)


def _left_out(report: Report) -> list[str]:
    analysis = () if report.analysis is None else report.analysis.left_out
    return [*report.missing.values(), *analysis]


def _version() -> str:
    try:
        return version("redqueen")
    except PackageNotFoundError:
        return "(not installed)"
