"""Reads: types declare where they live, and a selection is compiled into one SQL statement.

`words` are those of the declarations, and `declarations` what they stand for; `selecting` reads the document,
`compiling` writes the SQL (with `places` and `pages`, and `sql` for what the two databases write differently), and
`reading` runs it.
"""

from schema.reads.declarations import Argument
from schema.reads.sql import MONTH, NOW, VIEWER, constant
from schema.reads.words import (
    among,
    any_one,
    as_enum,
    column,
    described,
    docstring,
    equals,
    filled,
    identity,
    interface,
    lookup,
    many,
    merchant_only,
    money,
    node,
    numbered,
    numbered_from,
    one,
    paged,
    paged_within,
    part,
    variant,
    word,
)

__all__ = [
    "MONTH",
    "NOW",
    "VIEWER",
    "Argument",
    "among",
    "any_one",
    "as_enum",
    "column",
    "constant",
    "described",
    "docstring",
    "equals",
    "filled",
    "identity",
    "interface",
    "lookup",
    "many",
    "merchant_only",
    "money",
    "node",
    "numbered",
    "numbered_from",
    "one",
    "paged",
    "paged_within",
    "part",
    "variant",
    "word",
]
