"""Documents as they are sent: what is worth reading of them, read once for whoever asks."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from graphql import DocumentNode, GraphQLError, parse
from strawberry.extensions import SchemaExtension

from schema.faults import BAD_USER_INPUT, PARSE_FAILED, fault

MOST_CHARACTERS = 32_000
MOST_TOKENS = 1_000
MOST_VALUES = 2_000
"""In all variables together, lists and objects unrolled."""
# Documents of others that are kept, with what is wrong with them.
REMEMBERED = 128

# What is ignored, and a token or the end: https://spec.graphql.org/October2021/#sec-Language.Source-Text. Nothing is
# ever tried in a second way (`++`, `*+`, `?>`), so that no text takes more than one look at each of its characters.
NEXT = re.compile(
    r"""
    (?> [\s,\ufeff]++ | \#[^\r\n]*+ )*+
    (   "{3} (?> [^"\\] | \\(?:"{3})?+ | "(?!"") )*+ "{0,3}
    |   " (?> [^"\\\r\n] | \\. )*+ "?
    |   \.{3} | -?\d(?> [\w.] | (?<=[eE])[+-] )*+ | \w++ | [^\s,\#]
    |   \Z )
    """,
    re.DOTALL | re.VERBOSE,
)


def excess_of(text: str) -> str | None:
    """Why it is not read at all, as a sentence. Counting its tokens takes a tenth of what reading them takes."""
    if len(text) > MOST_CHARACTERS:
        return f"A document may have at most {MOST_CHARACTERS} characters; send long texts as variables."
    if sum(bool(each[1]) for each in islice(NEXT.finditer(text), MOST_TOKENS + 1)) > MOST_TOKENS:
        return f"A document may have at most {MOST_TOKENS} tokens; send long lists as variables."
    return None


def parsed(text: str) -> DocumentNode | None:
    """None for what is too long, nested too deeply, or no GraphQL: the executor tells which."""
    return None if len(text) > MOST_CHARACTERS else _parsed(text)


@lru_cache(maxsize=REMEMBERED)
def _parsed(text: str) -> DocumentNode | None:
    if excess_of(text):
        return None
    try:
        return parse(text, max_tokens=MOST_TOKENS)
    except (GraphQLError, RecursionError):
        return None


def too_long(text: str, variables: Any) -> tuple[str, str] | None:
    """The code and the message for what is not worth reading."""
    if reason := excess_of(text):
        return PARSE_FAILED, reason
    if has_more_than(MOST_VALUES, variables):
        return BAD_USER_INPUT, f"Variables may hold at most {MOST_VALUES} values."
    return None


def has_more_than(most: int, variables: Any) -> bool:
    """Whether there are more values in them, at any depth. Looks at no more than it has to."""
    waiting, found = [variables], 0
    while waiting:
        each = waiting.pop()
        found += 1
        if isinstance(each, dict | list):
            if found + len(waiting) + len(each) > most:
                return True
            waiting.extend(each.values() if isinstance(each, dict) else each)
    return False


class TooLong(SchemaExtension):
    """Refuses what is not worth reading. Raises PARSE_FAILED, BAD_USER_INPUT."""

    def on_operation(self) -> Iterator[None]:
        """Before anything."""
        context = self.execution_context
        context.parse_options["max_tokens"] = MOST_TOKENS
        if excess := too_long(context.query or "", context.variables):
            raise fault(*excess)
        yield
