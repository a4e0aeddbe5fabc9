import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_quickstart_runs_as_printed_and_is_ten_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (quickstart,) = blocks("python")
    assert len(quickstart.strip().splitlines()) <= 10
    exec(compile(quickstart, "README.md", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_the_python_of_the_documentation_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), flags=re.DOTALL):
        exec(compile(block, document.name, "exec"), {"__name__": document.stem})


def test_both_commands_are_one_line_and_start_from_nothing():
    first, second = (block.strip() for block in blocks("sh")[:2])
    for command in (first, second):
        assert "\n" not in command
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert "-c constraints.txt" in command
    assert "redqueen run" in first
    assert "pytest" in second


def test_every_pinned_version_satisfies_the_ranges():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name in ("dev", "pettingzoo", "bench") for line in extras[name])]
    names = {re.split(r"[<>=\[]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names - {"redqueen"} <= {name.lower().replace("_", "-") for name in pins}
