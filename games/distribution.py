"""The four packages bear common words as names; this tells when another package shadows one of them."""

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("league", "games", "agents", "arena")


def check_distribution() -> None:
    """Raise `ImportError` unless `league`, `games`, `agents` and `arena` are all found in this one folder.

    Nothing foreign is executed: the packages are looked up, not imported.
    """
    home = Path(__file__).resolve().parent.parent
    for package in PACKAGES:
        spec = find_spec(package)
        found = None if spec is None else spec.origin or next(iter(spec.submodule_search_locations or ()), None)
        if found is None or Path(found).resolve() != home / package / "__init__.py":
            raise ImportError(
                f"Red Queen's package '{package}' belongs in {home} but Python finds {found or 'none'} by that name; "
                "rename or remove that, or take its folder off the path",
                name=package,
                path=found,
            )
