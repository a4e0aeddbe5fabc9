"""The page itself: HTML that needs nothing but itself, and works without its script too."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from league.reporting import words
from league.reporting.data import Report
from league.reporting.drawing import Picture
from league.reporting.palette import stylesheet
from league.reporting.sections import Section, sections
from league.words import counted


def page(report: Report, pictures: dict[str, Picture], *, written: str, version: str) -> str:
    """Return the page of a report; `written` and `version` say when and by what it was made."""
    here = files(__package__ or "league.reporting")
    style = stylesheet() + (here / "style.css").read_text(encoding="utf-8")
    script = (here / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Nothing may be fetched and nothing run but this script, whatever agents are called.
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    shown = sections(report, pictures)
    title = f"{report.game}: {'league' if report.kind == 'league' else report.format}"
    lead = "".join(f"<li>{escape(sentence)}</li>" for sentence in words.in_short(report))
    facts = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in report.facts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p class="note">{escape(report.state)} · {escape(report.run_dir)} · written {escape(written)}</p>
<nav aria-label="sections"><ul>{_contents(shown)}</ul></nav>
</header>
<main>
<section id="short" aria-labelledby="short-title"><h2 id="short-title">In short</h2>
<ul class="lead">{lead}</ul>
{"".join(f'<p class="warning">{escape(warning)}</p>' for warning in _few(report))}
<dl class="facts">{facts}</dl>
</section>
{"".join(map(_section, shown))}
</main>
<footer>Written {escape(written)} by Red Queen {escape(version)}. Nothing on this page comes from elsewhere.</footer>
<script>{script}</script>
</body>
</html>
"""


def _few(report: Report, most: int = 20) -> list[str]:
    """Return the warnings, of many the first."""
    found = [*words.misfit(report), *report.warnings]
    rest = len(found) - most
    return found[:most] + ([f"{counted(rest, 'more warning')} of these kinds."] if rest > 0 else [])


def _contents(shown: Iterable[Section]) -> str:
    return "".join(f'<li><a href="#{section.anchor}">{escape(section.title)}</a></li>' for section in shown)


def _section(section: Section) -> str:
    name = f"{section.anchor}-title"
    return (
        f'<section id="{section.anchor}" aria-labelledby="{name}"><h2 id="{name}">{escape(section.title)}</h2>\n'
        f"{section.body}</section>\n"
    )
