import subprocess
import sys
from pathlib import Path

import pytest

import games
from games.distribution import PACKAGES, check_distribution

HOME = Path(games.__file__).parent.parent


def _python(code: str, *, path: list[Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path[:0] = {[str(folder) for folder in path]}; {code}"
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)


def test_all_four_come_from_one_folder():
    check_distribution()
    assert all((HOME / package / "__init__.py").exists() for package in PACKAGES)


@pytest.mark.parametrize("package", ["agents", "arena", "league"])
@pytest.mark.parametrize("place", ["{}.py", "{}/__init__.py"])
def test_a_package_that_shadows_one_is_named_and_not_run(package, place, tmp_path, monkeypatch):
    foreign = tmp_path / place.format(package)
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise SystemExit('foreign code was run')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, package, raising=False)
    with pytest.raises(ImportError) as error:
        check_distribution()
    assert str(foreign.resolve()) in str(error.value)
    assert "rename" in str(error.value)


def test_a_foreign_folder_without_init_behind_ours_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "arena").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "arena", raising=False)
    check_distribution()


@pytest.mark.parametrize("package", ["agents", "arena", "league"])
def test_games_itself_shadowed_is_said_by_the_other_three(package, tmp_path):
    (tmp_path / "games.py").write_text("SNAKE = 'ours'\n")
    result = _python(f"import {package}", path=[tmp_path, HOME], cwd=tmp_path)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert str(tmp_path / "games.py") in last
    assert "shadows Red Queen's package 'games'" in last


def test_importing_games_takes_nothing_optional(tmp_path):
    code = "import games; print(sorted({'numba', 'pyspiel', 'open_spiel', 'pettingzoo', 'scipy'} & set(sys.modules)))"
    result = _python(code, path=[HOME], cwd=tmp_path)
    assert result.stdout.strip() == "[]", result.stderr
