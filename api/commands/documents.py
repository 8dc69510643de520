"""`assent documents`: register the documents that clients may name, see them, and take them away."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError

from api.running import open_database, open_signals
from billing import trusted_documents
from billing.errors import InvalidInput
from billing.runtime import utc_now
from billing.settings import DatabaseSettings, load
from billing.tables import TrustedDocument
from billing.trusted_documents import id_of, parse_id
from schema.build import build
from schema.trusted import TrustedDocuments, names_of

app = typer.Typer(help="Trusted documents: what clients may name instead of sending it.", no_args_is_help=True)

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Each a document as the client has it, or, as .json, a manifest: {id: document}.", metavar="FILE"
    ),
]


@dataclass(frozen=True)
class Given:
    """A document, and where it was found."""

    place: str
    text: str

    @property
    def name(self) -> str:
        """Its operations; of one without names the place."""
        return ",".join(names_of(self.text)) or Path(self.place).name


@app.command()
def add(files: Files) -> None:
    """Register documents, all or none, and print their ids. Those that are registered already stay so."""
    settings = load(DatabaseSettings)
    given = [each for file in files for each in _read(file)]
    _check(given, _ready(settings))
    asyncio.run(_add(settings, given))
    for each in given:
        typer.echo(f"{id_of(each.text)} {each.name}")


@app.command("list")
def list_all() -> None:
    """Every document, oldest first, and which of them do not fit this version's schema."""
    settings = load(DatabaseSettings)
    ready = _ready(settings)
    for row in asyncio.run(_list(settings)):
        problems = ready.problems(row.text)
        typer.echo(f"{row.sha256}  {row.name}  added {row.created_at:%Y-%m-%d %H:%M}" + _unfit(problems))


@app.command()
def remove(document: Annotated[str, typer.Argument(help="Its id, from `assent documents list`.")]) -> None:
    """Take a document away: no client can name it from then on."""
    name = asyncio.run(_remove(load(DatabaseSettings), document))
    typer.echo(f"{name} is removed.")


def _ready(settings: DatabaseSettings) -> TrustedDocuments:
    """Judges as the server does with the same settings."""
    return build(introspection=settings.in_development).trusted


def _read(file: Path) -> Iterator[Given]:
    """What is in a file. Raises InvalidInput."""
    try:
        text = file.read_bytes().decode()
        found = json.loads(text) if file.suffix == ".json" else None
    except OSError as error:
        raise InvalidInput(f"{file}: it cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise InvalidInput(f"{file}: it is not {'JSON in ' if file.suffix == '.json' else ''}UTF-8.") from None
    if file.suffix != ".json":
        yield _given(str(file), text)
        return
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise InvalidInput(f"{file}: a manifest is an object of ids and documents, each a text.")
    for identifier, document in found.items():
        made = _given(f"{file}:{identifier}", document)
        if parse_id(identifier) != id_of(document):
            raise InvalidInput(f"{file}: {identifier} is not the SHA-256 of its document, {id_of(document)}.")
        yield made


def _given(place: str, text: str) -> Given:
    """Raises InvalidInput for a text that no database holds."""
    # The grammar has room for NUL in comments, and JSON for halves of characters.
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInput(f"{place}: it has a character that cannot be stored.")
    return Given(place, text)


def _check(given: list[Given], ready: TrustedDocuments) -> None:
    """Raises InvalidInput where one cannot be registered, with what is wrong first of each that cannot."""
    wrong = [(each, problems) for each in given if (problems := ready.problems(each.text))]
    if wrong:
        lines = [f"{each.place}{_position(problems[0])}: {problems[0].message}" for each, problems in wrong]
        raise InvalidInput("\n".join(lines))


def _position(problem: GraphQLError) -> str:
    return "".join(f":{at.line}:{at.column}" for at in (problem.locations or ())[:1])


def _unfit(problems: list[GraphQLError]) -> str:
    return f"  DOES NOT FIT: {problems[0].message}" if problems else ""


async def _add(settings: DatabaseSettings, given: list[Given]) -> None:
    documents = [(each.name, each.text) for each in given]
    async with (
        open_database(settings) as database,
        open_signals(settings, database) as signals,
        database.transaction() as session,
    ):
        await trusted_documents.add(session, signals, documents, utc_now())


async def _list(settings: DatabaseSettings) -> list[TrustedDocument]:
    async with open_database(settings) as database, database.read() as session:
        return list(await trusted_documents.list_all(session))


async def _remove(settings: DatabaseSettings, document: str) -> str:
    async with (
        open_database(settings) as database,
        open_signals(settings, database) as signals,
        database.transaction() as session,
    ):
        return (await trusted_documents.remove(session, signals, document)).name
