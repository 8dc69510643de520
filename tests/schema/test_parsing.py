"""How long a document is, found out without reading it: as many tokens as GraphQL's own lexer finds."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind

from schema.build import sdl
from schema.parsing import MOST_CHARACTERS, MOST_TOKENS, NEXT, excess_of, parsed
from tests.schema.abuse import DOCUMENTS

WRITTEN = {
    "blocks": r'{ a(s: """x \\""" y""", t: """z \"""""", n: [1-1 -2.5e-3, 7]) }',
    "everything": '{ a(x: -1.5e+3, y: 1.2E-4 z: "#,\\"") @d { ...f ... on X { b(s: """x " \\""" y""") } } } # , {',
    "the schema": sdl(),
    "nothing": " \ufeff,\n",
    "a comment that ends it": "{ a } #" + " b" * MOST_TOKENS,
}
# What no token can be has no number of them.
BROKEN = {
    "escapes": '"\\' * 15_000,
    "quotes": '"\n' * 15_000,
    "blocks": '"""\\' * 7_000,
    "a string without an end": '{ a(b: "' + "c " * 15_000,
}


def tokens(text: str) -> int:
    """By the lexer."""
    lexer, found = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        found += 1
    return found


@pytest.mark.parametrize("text", [*WRITTEN.values(), *(each for each in DOCUMENTS.values() if len(each) < 30_000)])
def test_as_many_tokens_are_found_as_there_are(text: str) -> None:
    assert sum(bool(each[1]) for each in NEXT.finditer(text)) == tokens(text)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_looked_at_once(text: str) -> None:
    with pytest.raises(GraphQLSyntaxError):
        tokens(text)
    place = 0
    for each in NEXT.finditer(text):
        assert each.start() == place, "nothing is skipped, to be looked at again from further on"
        place = each.end()
    assert place == len(text)
    assert parsed(text) is None


def test_a_document_of_as_many_tokens_as_it_may_have_is_read() -> None:
    most = "{ " + "id " * (MOST_TOKENS - 2) + "}"
    assert excess_of(most) is None
    assert parsed(most) is not None
    assert excess_of(most + " #") is None
    assert "1000 tokens" in (excess_of("{ " + "id " * (MOST_TOKENS - 1) + "}") or "")
    assert f"{MOST_CHARACTERS} characters" in (excess_of("#" * (MOST_CHARACTERS + 1)) or "")


def test_a_document_is_read_once_for_all_who_ask() -> None:
    text = "{ viewer { id } }"
    assert parsed(text) is parsed(text)
