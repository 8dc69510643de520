"""Rules of the repository that no linter knows."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from billing.settings import Settings

ROOT = Path(__file__).parent.parent
CODE = {".py", ".js", ".css", ".html"}
LOCKS = ["requirements.lock", "requirements-otel.lock", "requirements-dev.lock"]

# Longer than a file may be, each with its reason.
# One function that writes one row of everything, which is a list and not a logic.
WORLDS = {"tests/schema/worlds.py"}

LONG: dict[str, str] = {
    "tests/schema/test_reads_documents.py": "every feature of the language beside its answer",
    "tests/schema/test_reads_values.py": "every kind of value beside its answer",
    "tests/billing/stripe_objects.py": "one sample of each object of Stripe's",
    "tests/billing/test_consents_coverage.py": "one rule after the other",
}

# Whoever clones this repository has neither our folders nor our mirrors. Neither pattern matches itself.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users|private)/\w")
REGISTRY_HOST = re.compile(r"(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com|net)|\bregistry\.\w+\.\w+")


@cache
def committed() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = (ROOT / name for name in listed.stdout.splitlines())
    return tuple(file for file in files if file.is_file())


def code() -> list[Path]:
    """What is written by hand: migrations are generated, and stay as they ran."""
    versions = ROOT / "alembic" / "versions"
    return [file for file in committed() if file.suffix in CODE and file.parent != versions]


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in committed()
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_a_file_fits_in_250_lines() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in code()}
    assert {name: length for name, length in lengths.items() if length > 250 and name not in LONG} == {}
    assert [name for name in LONG if lengths.get(name, 0) <= 250] == [], "no longer long: take it off the list"


def test_a_function_fits_in_40_lines() -> None:
    functions = (
        (file, node)
        for file in code()
        if file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = {f"{f.relative_to(ROOT)}:{node.lineno} {node.name}": length_of(node) for f, node in functions}
    assert {name: length for name, length in lengths.items() if length > 40 and name.split(":")[0] not in WORLDS} == {}


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = re.split(r"\n(?=\w)", text)
    assert "://" not in text
    assert [it for it in requirements if "==" not in it or "--hash=sha256:" not in it] == []


def test_the_locks_have_the_same_versions() -> None:
    run, otel, dev = (set(re.findall(r"^[\w.-]+==[^ ]+", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS)
    assert run < otel < dev
    assert not any("opentelemetry" in each for each in run)


def test_no_package_of_the_locks_is_called_like_one_of_ours() -> None:
    names = {name for lock in LOCKS for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}
    assert names.isdisjoint({"api", "schema", "billing", "sandbox", "tests"})


def test_the_folder_of_migrations_does_not_hide_the_library_of_the_same_name() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_no_committed_file_names_a_path_of_a_machine() -> None:
    assert lines_that_match(MACHINE_PATH) == []


def test_no_committed_file_names_the_host_of_a_package_registry() -> None:
    assert lines_that_match(REGISTRY_HOST) == []


def test_the_example_of_an_environment_names_every_setting() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}
