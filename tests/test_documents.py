"""The README says what is so: its documents run, its settings exist."""

import json
import re
from pathlib import Path

import graphql
import pytest

from billing.settings import Settings
from schema.build import sdl

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
LIFE = (ROOT / "docs" / "life.md").read_text()
HISTORY = (ROOT / "docs" / "history.md").read_text()
PAGES = {"journey": README, "life": LIFE, "history": HISTORY}
DOCUMENTS = sorted((ROOT / "docs").glob("*/*.graphql"))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", page, re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_document_is_shown_as_it_is(document: Path) -> None:
    page = PAGES[document.parent.name]
    assert document.read_text().strip() in blocks(page, "graphql")
    variables = json.loads(document.with_suffix(".json").read_text())
    assert variables in [json.loads(block) for block in blocks(page, "json")]


@pytest.mark.parametrize(
    "block", [each for page in PAGES.values() for each in blocks(page, "graphql")], ids=lambda it: it[:40]
)
def test_every_document_that_is_shown_is_valid(block: str) -> None:
    assert graphql.validate(graphql.build_schema(sdl()), graphql.parse(block)) == []


def test_the_readme_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", README, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[A-Z_]+", row)}
    assert named == {field.upper() for field in Settings.model_fields}
