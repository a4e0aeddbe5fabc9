"""Words that several commands share."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 game`, `2,000 games`, `3 matches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
