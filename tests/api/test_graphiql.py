"""GraphiQL: for the person at this machine, with the key and the journey; for nobody else."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import graphql
import pytest
from starlette.applications import Starlette

from api import assets
from api.app import create_app
from api.graphiql import JOURNEY
from billing.runtime import Runtime
from billing.settings import Settings
from schema.build import build
from tests.api.conftest import DEVELOPMENT_KEY, client_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
DOCUMENTS = sorted(JOURNEY.glob("*.graphql"))


async def page(app: Starlette, *, peer: str = "127.0.0.1", **headers: str) -> str:
    async with client_of(app, peer=peer) as client:
        return (await client.get("/graphql", headers={**BROWSER, **headers})).text


def config(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="config">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


async def test_it_opens_with_the_key_and_the_journey_in_its_tabs(developed: Starlette) -> None:
    given = config(await page(developed))
    assert given["key"] == DEVELOPMENT_KEY
    names = [re.search(r"^mutation (\w+)", tab["query"], re.MULTILINE) for tab in given["tabs"]]
    assert [name and name[1] for name in names] == [
        "PublishTerms",
        "CreateProduct",
        "CreatePrice",
        "CreateCustomer",
        "RecordConsent",
        "CreateSetupSession",
        "CreateSubscription",
    ]
    assert all(json.loads(tab["variables"])["input"] for tab in given["tabs"])


async def test_addresses_in_the_tabs_are_those_at_which_it_was_opened(developed: Starlette) -> None:
    async with client_of(developed, base_url="http://localhost:4711") as client:
        given = config((await client.get("/graphql", headers=BROWSER)).text)
    assert "http://localhost:4711/return" in given["tabs"][5]["variables"]
    assert "8000" not in given["tabs"][5]["variables"]


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("203.0.113.7", {}),
        ("127.0.0.1", {"Host": "rebound.example:8000"}),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}),
        ("127.0.0.1", {"Origin": "http://localhost:3000"}),
        ("127.0.0.1", {"Origin": "null"}),
    ],
)
async def test_nobody_else_sees_it_or_the_key(developed: Starlette, peer: str, headers: dict[str, str]) -> None:
    text = await page(developed, peer=peer, **headers)
    assert DEVELOPMENT_KEY not in text
    assert "UNAUTHENTICATED" in text


async def test_production_has_none(make_settings: Callable[..., Settings], runtime: Runtime) -> None:
    app = create_app(make_settings(), runtime, development_key=DEVELOPMENT_KEY)
    assert "UNAUTHENTICATED" in await page(app)


class Sources(HTMLParser):
    """What the page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get("src") if tag == "script" else given.get("href") if tag == "link" else None
        if address and not address.startswith("data:"):
            self.loaded[address] = given.get("integrity")


def sources(text: str) -> dict[str, str | None]:
    parser = Sources()
    parser.feed(text)
    return parser.loaded


async def test_without_npm_s_files_they_come_from_their_public_address_and_the_page_says_so(
    developed: Starlette,
) -> None:
    text = await page(developed)
    afar = {address: integrity for address, integrity in sources(text).items() if address.startswith("https:")}
    assert len(afar) == 4
    assert all(integrity and integrity.startswith("sha256-") for integrity in afar.values())
    assert "npm has" in text


async def test_with_them_nothing_comes_from_elsewhere(developed: Starlette) -> None:
    assets.FOLDER.mkdir(parents=True)
    for asset in assets.ASSETS:
        (assets.FOLDER / asset.name).write_text(f"/* {asset.name} */")
    text = await page(developed)
    assert all(address.startswith("/") for address in sources(text))
    assert "npm has" not in text
    async with client_of(developed) as client:
        for address in sources(text):
            answer = await client.get(address)
            assert answer.status_code == 200, address
        assert (await client.get("/assets/../secrets.json")).status_code == 404
        assert (await client.get("/assets/..%2Fsecrets.json")).status_code == 404


def npm(folder: Path, content: bytes) -> str:
    """A program that packs `content` as every file of every package."""
    for package in {asset.package for asset in assets.ASSETS}:
        with tarfile.open(folder / (package.replace("@", "-") + ".tgz"), "w:gz") as archive:
            for asset in assets.ASSETS:
                member = tarfile.TarInfo(f"package/{asset.path}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    program = folder / "npm"
    program.write_text(f'#!/bin/sh\ncp "{folder}"/*.tgz .\n')
    program.chmod(0o755)
    return str(folder)


async def test_a_file_that_is_not_the_released_one_is_not_kept(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del make_settings  # it is asked for its folder
    program = tmp_path / "bin"
    program.mkdir()
    monkeypatch.setenv("PATH", npm(program, b"alert(1)"), prepend=":")
    await assets.bring()
    assert not any(asset.is_here for asset in assets.ASSETS)


async def test_a_file_that_is_the_released_one_is_kept(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del make_settings
    program = tmp_path / "bin"
    program.mkdir()
    monkeypatch.setenv("PATH", npm(program, b"released"), prepend=":")
    monkeypatch.setattr(assets.Asset, "matches", lambda _, content: content == b"released")
    await assets.bring()
    assert all((assets.FOLDER / asset.name).read_bytes() == b"released" for asset in assets.ASSETS)


def test_a_hash_tells_one_file_from_another() -> None:
    empty = assets.Asset("p@1", "p.js", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0")
    assert empty.matches(b"")
    assert not empty.matches(b" ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.stem)
def test_a_document_of_the_journey_fits_the_schema_with_its_variables(document: Path) -> None:
    schema = graphql.build_schema(build().as_str())
    parsed = graphql.parse(document.read_text())
    assert graphql.validate(schema, parsed) == []
    variables = json.loads(document.with_suffix(".json").read_text())
    for operation in parsed.definitions:
        assert isinstance(operation, graphql.OperationDefinitionNode)
        given = graphql.execution.values.get_variable_values(schema, operation.variable_definitions or (), variables)
        assert not isinstance(given, list), given


def test_the_journey_names_only_answers_of_earlier_steps() -> None:
    seen: set[str] = set()
    for document in DOCUMENTS:
        fields = [
            selection.name.value
            for operation in graphql.parse(document.read_text()).definitions
            if isinstance(operation, graphql.OperationDefinitionNode)
            for selection in operation.selection_set.selections
            if isinstance(selection, graphql.FieldNode)
        ]
        named = re.findall(r"<(\w+)\.[\w.]+>", document.with_suffix(".json").read_text())
        assert set(named) <= seen | set(fields)
        seen |= set(fields)
