"""Words that several commands share."""

import math


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 game`, `2,000 games`, `3 matches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Return a share from 0 to 1 in per cent, with two digits at least that tell it from 0 and from 1."""
    least = 100 * min(share, 1 - share)
    digits = 0 if least < 1e-9 else max(0, 1 - math.floor(math.log10(least)))
    return f"{100 * share:.{digits}f}%"


def signed(value: float, digits: int = 0) -> str:
    """Return a number with its sign, which what is rounded to zero has not: `+12.3`, `-0.1`, `0.0`."""
    shown = f"{value:+,.{digits}f}"
    return shown if shown.strip("+-0.") else shown[1:]
