"""Reads: types declare where they live, and a selection is compiled into one SQL statement.

`declaring` has the words of the declarations, `selecting` reads the document, `compiling` writes the SQL (with `places`
and `pages`, and `sql` for what the two databases write differently), `reading` runs it.
"""

from schema.reads.declaring import (
    Argument,
    among,
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
    one,
    paged,
    paged_within,
    part,
    variant,
    word,
)
from schema.reads.sql import MONTH, NOW, VIEWER, constant

__all__ = [
    "MONTH",
    "NOW",
    "VIEWER",
    "Argument",
    "among",
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
    "one",
    "paged",
    "paged_within",
    "part",
    "variant",
    "word",
]
