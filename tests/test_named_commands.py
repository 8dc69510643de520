"""What the documents tell one to run exists: targets of make, programs, tests, and the command with its options."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from api.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMAND: Any = typer.main.get_command(app)
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))


def code(page: Path) -> list[str]:
    """Every line that is shown as code, without its comment."""
    text = page.read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#.*", "", each) for each in (*lines, *re.findall(r"`([^`\n]+)`", prose))]


def named(pattern: str, *pages: Path) -> list[str]:
    return [found for page in pages or PAGES for line in code(page) for found in re.findall(pattern, line)]


def test_targets_of_make() -> None:
    found = named(r"\bmake ([a-z]+)\b")
    assert {"serve", "test", "check", "bench", "crashes"} <= set(found)
    assert set(found) <= TARGETS


def test_programs_and_tests() -> None:
    files = set(named(r"\b(?:bench|tests|docs|schema|billing|api|sandbox)/[\w./-]*\w"))
    assert {"bench/bench_webhooks.py", "tests/journey/test_lost_deliveries.py"} <= files
    assert [each for each in files if not (ROOT / each).exists() and "*" not in each] == []
    modules = set(named(r"-m ((?:bench|tests)\.[\w.]+)"))
    assert [each for each in modules if not (ROOT / f"{each.replace('.', '/')}.py").exists()] == []
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(named(r"(?<![\w/])test_\w+\.py")) <= tests


def told() -> list[str]:
    return sorted(set(named(r"(?:^|(?<=[\s/]))assent [a-z].*")))


@pytest.mark.parametrize("line", told())
def test_the_command_with_its_options_and_arguments(line: str) -> None:
    words = shlex.split(re.split(r" && | \| |;", line)[0])[1:]
    command, arguments = COMMAND, 0
    while words:
        word = words.pop(0)
        if commands := commands_of(command):
            assert word in commands, f"there is no `assent {word}`"
            command = commands[word]
        elif word in (">", "|"):
            break
        elif word.startswith("--"):
            option = next((each for each in command.params if word in each.opts), None)
            assert option or word == "--help", f"`assent {command.name}` has no {word}"
            if option and not option.is_flag:
                words.pop(0)
        else:
            arguments += 1
    taken = sum(each.param_type_name == "argument" for each in command.params)
    assert arguments <= taken, f"`assent {command.name}` takes {taken} arguments"


def commands_of(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def test_options_that_are_named_beside_their_command() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    options = {name for each in commands_of(COMMAND).values() for option in each.params for name in option.opts}
    assert set(re.findall(r"`(--[a-z-]+)(?: [A-Z]+)?`", text)) <= options


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_the_units_are_units() -> None:
    assert len(UNITS) == 2
    found = subprocess.run(["systemd-analyze", "verify", *UNITS], capture_output=True, text=True, check=False)
    ours = [line for line in found.stderr.splitlines() if "assent" in line and "not executable" not in line]
    assert ours == []


def test_the_units_run_commands_that_exist() -> None:
    for unit in UNITS:
        [line] = re.findall(r"^ExecStart=.*/assent (\w+)$", unit.read_text(), re.MULTILINE)
        assert line in commands_of(COMMAND)
