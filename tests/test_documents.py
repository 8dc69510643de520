"""The README says what is so: its documents run, its settings exist."""

import json
import re
from pathlib import Path

import pytest

from billing.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
JOURNEY = sorted((ROOT / "docs" / "journey").glob("*.graphql"))


@pytest.mark.parametrize("document", JOURNEY, ids=lambda path: path.stem)
def test_the_readme_shows_each_document_of_the_journey_as_it_is(document: Path) -> None:
    assert f"```graphql\n{document.read_text().strip()}\n```" in README
    variables = json.loads(document.with_suffix(".json").read_text())
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)]
    assert variables in shown


def test_the_readme_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", README, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[A-Z_]+", row)}
    assert named == {field.upper() for field in Settings.model_fields}
