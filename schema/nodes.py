"""Nodes and their ids: `<noun>_<uuid>`, the same text in the API and in SQL."""

import re
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLResolveInfo

from schema.reads import identity, interface
from schema.reads.compiling import CONCRETE

ID = re.compile(r"([a-z][a-z_]*)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@interface
class Node:
    """An object that has an id of its own, by which it can be read again."""

    id: strawberry.ID = identity("Opaque, and the same for ever.")

    @classmethod
    def is_type_of(cls, _row: object, _info: GraphQLResolveInfo[Any]) -> bool:
        """Rows are made for the type by which they are read."""
        return True

    @classmethod
    def resolve_type(cls, row: dict[str, Any], _info: GraphQLResolveInfo[Any], _type: object) -> str:
        """The type that the statement has found the row to be."""
        concrete: str = row[CONCRETE]
        return concrete


def global_id(noun: str, row_id: UUID) -> str:
    """The id of a row as clients have it."""
    return f"{noun}_{row_id}"


def parse_any(text: str) -> tuple[str, UUID] | None:
    """Noun and id; None where the text is no id of ours."""
    match = ID.fullmatch(text)
    return (match[1], UUID(match[2])) if match else None


def parse(noun: str, text: str | None) -> UUID | None:
    """The row's id, where the text is the id of such an object; None for any other text."""
    found = parse_any(text) if text else None
    return found[1] if found and found[0] == noun else None
