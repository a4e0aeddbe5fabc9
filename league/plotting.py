"""Pictures of how solvers come closer to an equilibrium."""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.files import write_atomically
from games.errors import UserError
from games.names import shorten

_KINDS = (".png", ".svg")
_SMALLEST = 1e-7
"""Gaps below this share of the greatest are drawn as it, pointing down: an axis of powers of ten has no zero."""
_EXACT = 1e-12
"""Those below this share are called exact."""
_COLOURS = ("#4269d0", "#e5883f", "#3ca951", "#d0435b", "#8a63c9", "#2b9c9c", "#8c6d4f", "#5f6b7a")


def refuse_picture(file: str) -> None:
    """Raise `UserError` unless a picture can be drawn and the file's name says which kind it is to be."""
    if not file.lower().endswith(_KINDS):
        raise UserError(f"expected --plot to end in {' or '.join(_KINDS)} but got {shorten(repr(file))}; rename it")


def draw_gaps(game: str, solutions: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw the exploitability of each solution against the seconds that its algorithm took, both by powers of ten.

    `solutions` are as `solve_game` reports them; one without steps on its way is a single mark. What is below the axis
    is marked by a triangle. Solutions without an exploitability are left out.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = Figure(figsize=(8.4, 4.5), layout="constrained", dpi=160)
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel="seconds", ylabel="exploitability")
    solutions = [solution for solution in solutions if solution["exploitability"] is not None]
    curves = [solution["by_iteration"] or [solution] for solution in solutions]
    greatest = max((point["exploitability"] for curve in curves for point in curve), default=1.0)
    greatest = greatest if greatest > 1e-300 else 1.0
    least = _SMALLEST * greatest
    for colour, solution, curve in zip(itertools.cycle(_COLOURS), solutions, curves, strict=False):
        times = [point["seconds"] for point in curve]
        gaps = [max(point["exploitability"], least) for point in curve]
        below, last = gaps[-1] == least, curve[-1]["exploitability"]
        note = " (exact)" if last <= _EXACT * greatest else f" ({last:.1g})" if below else ""
        every = max(1, len(times) // 25)
        label = solution["algorithm"] + note
        axes.plot(times, gaps, marker="o", markevery=every, markersize=3.5, linewidth=1.6, color=colour, label=label)
        if below:
            axes.plot(times[-1], least, marker="v", markersize=8, color=colour)
    if solutions:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    axes.set_title(shorten(game), loc="left", fontsize=11)
    axes.grid(visible=True, which="major", linewidth=0.5, alpha=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=12))
        axis.set_minor_formatter(NullFormatter())
    picture, kind = io.BytesIO(), file.suffix[1:].lower()
    figure.savefig(picture, format=kind, bbox_inches="tight", metadata={"Date": None} if kind == "svg" else None)
    write_atomically(file.expanduser(), picture.getvalue())
