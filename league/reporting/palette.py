"""The colours of the page and its pictures: one set for light surroundings and one for dark, told apart in grey too.

What is ahead is blue and what is behind is orange, which those who cannot tell red from green can tell apart.
"""

LEVELS = 17
"""Steps from far behind over even to far ahead; odd, so that even has a step of its own."""

_PLAIN = {
    "light": {
        "ink": "#1a212b",
        "soft": "#505b69",
        "paper": "#ffffff",
        "panel": "#f3f5f8",
        "line": "#c9d0d9",
        "ahead": "#1b5fae",
        "behind": "#ad4c06",
    },
    "dark": {
        "ink": "#e7eaf0",
        "soft": "#aab4c2",
        "paper": "#14181e",
        "panel": "#1e242d",
        "line": "#414b58",
        "ahead": "#7fb6ff",
        "behind": "#ffa55c",
    },
}
_ENDS = {"light": ("#b8500a", "#f2f1ee", "#1d5ea8"), "dark": ("#ff9b4a", "#2b313a", "#6fadff")}


def colours(scheme: str) -> dict[str, str]:
    """Return every colour of a scheme, `light` or `dark`, by its name; `d0` to `d16` are the levels, `t0` ... on them.

    Text on a level is black or white, whichever stands out more.
    """
    low, middle, high = _ENDS[scheme]
    half = LEVELS // 2
    found = dict(_PLAIN[scheme])
    for level in range(LEVELS):
        end, share = (low if level < half else high), abs(level - half) / half
        found[f"d{level}"] = colour = _between(middle, end, share)
        found[f"t{level}"] = max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))
    return found


def stylesheet() -> str:
    """Return the CSS of both schemes, for a page as for a picture that stands alone."""
    light, dark = (
        ";".join(f"--{name}:{colour}" for name, colour in colours(scheme).items()) for scheme in ("light", "dark")
    )
    levels = "".join(
        f".d{k}{{fill:var(--d{k});background-color:var(--d{k})}}.t{k}{{fill:var(--t{k});color:var(--t{k})}}"
        for k in range(LEVELS)
    )
    shapes = (
        ".ink{fill:var(--ink)}.soft{fill:var(--soft)}.paper{fill:var(--paper)}.ahead{fill:var(--ahead)}"
        ".behind{fill:var(--behind)}.grid{stroke:var(--line);fill:none}.axis{stroke:var(--soft);fill:none}"
        ".stroke{stroke:var(--ahead);fill:none}.ring{stroke:var(--ahead);fill:var(--paper)}.edge{stroke:var(--line)}"
        ".alarm{stroke:var(--behind);fill:var(--paper)}.area{fill:var(--ahead);opacity:.18}"
        "svg text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
    )
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{color-scheme:light;{light}}}}}"
        f"{shapes}{levels}"
    )


def level_of(value: float, reach: float) -> int:
    """Return the level of a value from -reach to reach, beyond which it is the last one."""
    half = LEVELS // 2
    share = value / reach if reach > 0 else 0.0
    return half + round(max(-1.0, min(1.0, share)) * half)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    first, second = sorted((_luminance(one), _luminance(other)))
    return (second + 0.05) / (first + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def _between(one: str, other: str, share: float) -> str:
    mixed = (a + (b - a) * share for a, b in zip(_parts(one), _parts(other), strict=True))
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)
