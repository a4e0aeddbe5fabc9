import re
import shlex
import tomllib
from pathlib import Path

import pytest

from league.command import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_quickstart_runs_as_printed_and_is_ten_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quickstart, _ = blocks("python")
    assert len(quickstart.strip().splitlines()) <= 10
    exec(compile(quickstart, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_solver_s_python_runs_as_printed(capsys):
    _, solving = blocks("python")
    exec(compile(solving, "README.md", "exec"), {})
    assert "0.00119" in capsys.readouterr().out


def sessions(section=""):
    """The commands in the README's consoles, or those of one section, each with what it prints there."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0] if section else README
    return [
        (command, printed)
        for console in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
        for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, flags=re.MULTILINE)
    ]


def timeless(text):
    """What was printed, without the times that it took and the space that they fill."""
    rows = [re.sub(r"\b[\d.e+-]+ s$", "* s", line.strip()).split() for line in text.strip().splitlines()]
    column = None
    for row in rows:
        if "seconds" in row:
            column = len(row) - row.index("seconds")
        elif column is not None and len(row) >= column and re.fullmatch(r"[\d.e+-]+", row[-column]):
            row[-column] = "*"
    return rows


def test_solving_has_four_commands():
    assert len(sessions("Solve a game")) == 4


@pytest.mark.parametrize(("command", "printed"), sessions(), ids=lambda text: text.split()[1])
def test_a_command_prints_what_the_readme_says(command, printed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    for found, expected in zip(timeless(capsys.readouterr().out), timeless(printed), strict=True):
        for word, same in zip(found, expected, strict=True):
            # other processors round otherwise, and a thousand iterations make more of it
            assert word == same or float(word) == pytest.approx(float(same), rel=0.1), (found, expected)


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
    wanted = [
        *project["dependencies"],
        *(line for name in ("dev", "pettingzoo", "gambit", "gpu", "bench") for line in extras[name]),
    ]
    names = {re.split(r"[<>=\[]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names - {"redqueen"} <= {name.lower().replace("_", "-") for name in pins}
