from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import Zygote, zygote_in


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with zygote_in(tmp_path_factory.mktemp("commands")) as started:
        yield started


@pytest.fixture(scope="session")
def uninterrupted(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the folder of a run with the arguments given that nothing disturbed: to compare with, not to write to."""
    runs: dict[tuple[str, ...], Path] = {}

    def of(*argv: object) -> Path:
        key = tuple(map(str, argv))
        if key not in runs:
            folder = tmp_path_factory.mktemp("uninterrupted") / "run"
            assert zygote.run("run", *key, "--run-dir", folder).result["stopped"]
            runs[key] = folder
        return runs[key]

    return of
