"""`assent documents`: registers all or nothing, and says what is wrong where."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from billing.database import Database
from tests.api.commands import AWAY, REAL, refusal, run

NAMED = "# With a comment, and a CRLF.\r\nquery One { viewer { __typename } }\nmutation Two { __typename }\n"
ANONYMOUS = "{ viewer { __typename } }"

PAGE = "{ invoices(first: 100) { edges { node { "
DEAR = f"{PAGE}customer {PAGE}customer {PAGE}id {'} ' * 12}"


def hashed(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_bytes(content.encode())
    return name


def test_documents_are_added_listed_and_removed(migrated: Path) -> None:
    files = [write(migrated, "named.graphql", NAMED), write(migrated, "short.graphql", ANONYMOUS)]
    for _ in range(2):
        added = run(migrated, "documents", "add", *files)
        assert (added.returncode, added.stderr) == (0, "")
        assert added.stdout.splitlines() == [f"{hashed(NAMED)} One,Two", f"{hashed(ANONYMOUS)} short.graphql"]
    listed = run(migrated, "documents", "list").stdout.splitlines()
    assert [line.split("  ")[:2] for line in listed] == [
        [hashed(NAMED), "One,Two"],
        [hashed(ANONYMOUS), "short.graphql"],
    ]
    assert run(migrated, "documents", "remove", f"sha256:{hashed(NAMED)}").returncode == 0
    assert run(migrated, "documents", "remove", hashed(ANONYMOUS)).returncode == 0
    assert run(migrated, "documents", "list").stdout == ""
    assert "no trusted document" in refusal(migrated, "documents", "remove", hashed(NAMED))
    assert "no trusted document" in refusal(migrated, "documents", "remove", "One")


def test_a_manifest_holds_several(migrated: Path) -> None:
    manifest = {hashed(ANONYMOUS): ANONYMOUS, f"sha256:{hashed(NAMED)}": NAMED}
    added = run(migrated, "documents", "add", write(migrated, "client.json", json.dumps(manifest)))
    assert [line.split()[0] for line in added.stdout.splitlines()] == [hashed(ANONYMOUS), hashed(NAMED)]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.graphql", "{ viewer { nothing } }", "a.graphql:1:12: Cannot query field 'nothing'"),
        ("a.graphql", "{ viewer", "a.graphql:1:9: Syntax Error"),
        ("a.graphql", "", "a.graphql:1:1: Syntax Error"),
        ("a.graphql", "{ __schema { types { name } } }", "a.graphql:1:3: GraphQL introspection has been disabled"),
        ("a.graphql", f"{{ {' '.join(f'a{n}: __typename' for n in range(26))} }}", "at most 25 aliases"),
        ("a.graphql", "{ viewer { __typename } }" + " " * 32_000, "at most 32000 characters"),
        (
            "a.graphql",
            DEAR,
            "a.graphql: The answer could have",
        ),
        ("a.graphql", "# \x00\n{ viewer { __typename } }", "a.graphql: it has a character"),
        ("a.json", "[]", "a.json: a manifest is an object"),
        ("a.json", "{", "a.json: it is not JSON"),
        ("a.json", json.dumps({"One": ANONYMOUS}), f"One is not the SHA-256 of its document, {hashed(ANONYMOUS)}"),
        ("a.json", '{"One": "\\ud800"}', "a.json:One: it has a character"),
    ],
)
def test_one_that_cannot_be_taken_keeps_all_out(migrated: Path, name: str, content: str, told: str) -> None:
    good = write(migrated, "good.graphql", ANONYMOUS)
    assert told in refusal(migrated, "documents", "add", good, write(migrated, name, content))
    assert run(migrated, "documents", "list").stdout == ""


def test_every_file_is_named_that_is_wrong(migrated: Path) -> None:
    files = [write(migrated, name, content) for name, content in (("a.graphql", "{ a }"), ("b.graphql", "{ b }"))]
    told = run(migrated, "documents", "add", *files).stderr.splitlines()
    assert [line.partition(":")[0] for line in [told[0].removeprefix("assent: "), told[1]]] == files
    (migrated / "latin.graphql").write_bytes(b"# \xe9\n{ viewer { __typename } }")
    assert "latin.graphql: it is not UTF-8" in refusal(migrated, "documents", "add", "latin.graphql")
    assert "none.graphql: it cannot be read" in refusal(migrated, "documents", "add", "none.graphql")


def test_one_that_does_not_fit_any_more_is_shown_by_the_doctor_too(migrated: Path) -> None:
    asyncio.run(keep(migrated / "var" / "assent.sqlite3", "{ nothing }"))
    assert "DOES NOT FIT: Cannot query field 'nothing'" in run(migrated, "documents", "list").stdout
    found = doctor(migrated)
    assert found["level"] == "warning"
    assert f"Old ({hashed('{ nothing }')[:12]}...)" in found["what"]


def test_the_doctor_warns_of_a_server_that_would_run_nothing(migrated: Path) -> None:
    found = doctor(migrated, TRUSTED_DOCUMENTS_ONLY="true")
    assert "TRUSTED_DOCUMENTS_ONLY is on" in found["cure"]
    run(migrated, "documents", "add", write(migrated, "a.graphql", ANONYMOUS))
    found = doctor(migrated, TRUSTED_DOCUMENTS_ONLY="true")
    assert (found["level"], found["what"]) == ("ok", "trusted documents: 1")


def doctor(folder: Path, **given: str) -> Any:
    """What it says of trusted documents; Stripe is away."""
    told = run(folder, "doctor", "--json", **REAL, STRIPE_API_BASE=AWAY, **given).stdout
    return next(each for each in json.loads(told)["findings"] if each["check"] == "trusted_documents")


async def keep(file: Path, document: str) -> None:
    """As an older version took it."""
    database = Database(f"sqlite:///{file}")
    row = {"id": hashed(document), "text": document}
    async with database.transaction() as session:
        statement = text("INSERT INTO trusted_documents VALUES (:id, 'Old', :text, '2026-11-01 00:00:00')")
        await (await session.connection()).execute(statement, row)
    await database.close()
