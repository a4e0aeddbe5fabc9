"""How a test looks to a person."""

from typing import Any

from rich.markup import escape

from league.answer import terminal
from league.words import counted, signed

_SCALES = {"logistic": "Elo", "normalized": "normalized Elo", "bayeselo": "BayesElo"}


def show_sprt(result: dict[str, Any]) -> None:
    """Print what a test found, or where it stands and how long it may take."""
    console = terminal()
    hypotheses = {"H0": f"{result['elo0']:g}", "H1": f"{result['elo1']:g}"}
    decision, scale = result["decision"], _SCALES[result["model"]]
    if decision is None:
        found = f"[bold]undecided[/bold] between {scale} {hypotheses['H0']} and {hypotheses['H1']}"
    else:
        other = hypotheses["H0" if decision == "H1" else "H1"]
        found = f"[bold]{decision} accepted[/bold]: {scale} {hypotheses[decision]} rather than {other}"
    if "agents" in result:
        first, second = map(escape, result["agents"])
        console.print(f"[bold]{first}[/bold] against [bold]{second}[/bold] in {escape(result['game'])}", soft_wrap=True)
    mistakes = f"alpha {result['alpha']:g}, beta {result['beta']:g}"
    console.print(f"{found} ({mistakes})", soft_wrap=True)
    console.print(_ratio(result), soft_wrap=True)
    console.print(f"{elo(result)}{_also(result)}", soft_wrap=True)
    console.print(_counted(result), soft_wrap=True)
    if left := result["remaining"]:
        low, high = left["interval"]
        console.print(
            f"if games go on like this: {left['median']:,} more as likely as not, 95 % {low:,} to {high:,}; "
            f"H1 accepted with {left['h1_chance']:.0%}",
            soft_wrap=True,
        )
    for row in result.get("faults", []):
        if row["count"]:
            said = f"{row['agent']}: {counted(row['count'], 'fault')}, first: {row['first']}"
            console.print(f"[yellow]{escape(said)}[/yellow]", soft_wrap=True)
    for warning in result["warnings"]:
        console.print(f"[yellow]{escape(warning)}[/yellow]", soft_wrap=True)
    if result.get("resume"):
        console.print(f"\n[bold]next[/bold]\n  {escape(result['resume'])}", soft_wrap=True)


def _ratio(result: dict[str, Any]) -> str:
    low, high = result["bounds"]
    return f"LLR {result['llr']:+.2f} ({low:.2f}, {high:.2f}), {result['fraction']:.0%} of the way"


def elo(result: dict[str, Any]) -> str:
    """Write the estimate of Elo and half its interval."""
    if result["elo"] is None:
        return "Elo unbounded" if result["games"] else "Elo unknown"
    error = "" if result["error"] is None else f" ± {result['error']:.2f}"
    return f"Elo {signed(result['elo'], 2)}{error}"


def _also(result: dict[str, Any]) -> str:
    if result["los"] is None:
        return ""
    normalized = "" if result["normalized_elo"] is None else f", normalized {result['normalized_elo']:+.2f}"
    return f"{normalized}, likelihood of superiority {result['los']:.2%}"


def _counted(result: dict[str, Any]) -> str:
    parts = [counted(result["games"], "game")]
    if result["wins"] is not None:
        parts.append(f"{result['wins']:,} won, {result['draws']:,} drawn, {result['losses']:,} lost")
    if result["pentanomial"] is not None:
        parts.append(f"pairs LL, LD, WL+DD, WD, WW: {', '.join(f'{count:,}' for count in result['pentanomial'])}")
    return "; ".join(parts)
