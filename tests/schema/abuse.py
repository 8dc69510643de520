"""Documents that are sent to keep a server busy. Each is refused, and none costs much to refuse."""

import re
from collections.abc import Callable
from typing import Any

Abuse = tuple[str, dict[str, Any]]


def repeated(part: str, times: int) -> str:
    """The same again and again; `#` is a number."""
    return " ".join(part.replace("#", str(number)) for number in range(times))


def fragments(number: int, spread: Callable[[int], str]) -> str:
    """A document that uses the first of so many fragments."""
    return "{ viewer { ...f0 } } " + " ".join(f"fragment f{n} on Customer {{ {spread(n)} }}" for n in range(number))


def twice(depth: int) -> str:
    """Fragments that each use the next one twice: as many fields as two to the power of the depth."""
    inner = "...f# invoices { edges { node { customer { ...f# } } } }"
    return fragments(depth, lambda n: inner.replace("#", str(n + 1)) if n + 1 < depth else "id")


def pages(number: int, field: str, fragment: str) -> str:
    """So many pages of one list of the customer's, with all that the fragment selects of each row."""
    page = f"a#: {field}(first: 1) {{ edges {{ node {{ ...f }} }} }}"
    return "{ viewer { " + repeated(page, number) + " } } " + fragment


# Of a payment, all that it has to do with.
PAYMENT = """fragment f on Payment {
    customer { id } invoice { customer { id } subscription { id } } consent { customer { id } terms { id } }
    paymentMethod { customer { id } consent { id } } refunds { payment { id } } disputes { payment { id } }
}"""

CREATE = "mutation { createCustomer(input: { @ }) { error { message } } }"
IDS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

DOCUMENTS = {
    "a field again and again": "{ viewer { " + "id " * 1900 + "} }",
    "a root field again and again": "{ " + "viewer { id } " * 450 + "}",
    "fields to be compared with each other": "{ viewer { " + "invoices { edges { node { id } } } " * 150 + "} }",
    "the same under one alias": "{ viewer { " + "a: invoices { edges { node { id } } } " * 120 + "} }",
    "aliases": "{ viewer { " + repeated("a#: id", 600) + " } }",
    "aliases of the root": "{ " + repeated("a#: viewer { id }", 280) + " }",
    "directives on one field": "{ viewer { id " + "@skip(if: false) " * 280 + "} }",
    "directives that do not exist": "{ viewer { id " + "@x " * 950 + "} }",
    "directives on the operation": "query " + "@x " * 950 + "{ viewer { id } }",
    "fields that do not exist": "{ viewer { " + repeated("emial#", 900) + " } }",
    "arguments that do not exist": "{ products(" + repeated("frist#: 1", 600) + ") { edges { cursor } } }",
    "an argument again and again": "{ products(" + "first: 1 " * 600 + ") { edges { cursor } } }",
    "a field of the input again and again": CREATE.replace("@", 'externalId: "x" ' * 600),
    "fields of the input that do not exist": CREATE.replace("@", repeated("externlId#: 1", 600)),
    "values that do not exist": "{ payments(status: [" + "PAYED " * 1900 + "]) { edges { cursor } } }",
    "fragments twice in the next": twice(60),
    "fragments that use each other": fragments(
        90, lambda n: f"...f{(n + 1) % 90} ...f{(n + 2) % 90} ...f{(n + 3) % 90}"
    ),
    "fragments in a circle": fragments(50, lambda n: f"id ...f{(n + 1) % 50}"),
    "fragments side by side": "{ viewer { "
    + repeated("...f#", 150)
    + " } } "
    + repeated("fragment f# on Customer { id name }", 150),
    "fragments of one name": "{ viewer { ...f } } " + "fragment f on Customer { id } " * 220,
    "fragments that nobody uses": "{ viewer { id } } "
    + repeated("fragment f# on Query { " + "viewer { id } " * 40 + "}", 12),
    "operations": repeated("query q# { viewer { id } }", 280),
    "operations of one name": "query a { viewer { id } } " * 280,
    "more operations than are read": repeated("query q# { viewer { id } }", 1100),
    "variables": "query (" + repeated("$v#: Int", 480) + ") { viewer { id } }",
    "a variable again and again": "query (" + "$v: Int " * 480 + ") { viewer { id } }",
    "levels of fields": "{ viewer " + "{ defaultPaymentMethod { customer " * 30 + "{ id }" + " } }" * 30 + " }",
    "more levels than are read": "{ viewer " + "{ a " * 900 + "{ id }" + " }" * 900 + " }",
    "rows of other rows": pages(20, "payments", PAYMENT),
    "types below types": "{ viewer " + "{ defaultPaymentMethod { customer " * 6 + "{ id name }" + " } }" * 6 + " }",
    "levels of inline fragments": "{ viewer " + "{ ... on Customer " * 400 + "{ id }" + " }" * 400 + " }",
    "levels of lists": "{ products(first: " + "[" * 900 + "]" * 900 + ") { edges { cursor } } }",
    "levels of objects": CREATE.replace("@", 'externalId: "x" metadata: ' + "{a: " * 450 + "1" + "}" * 450),
    "tokens": "{ " + "id " * 10_000 + "}",
    "nothing but commas": "," * 240_000 + "{ viewer { id } }",
    "nothing but comments": "#\n" * 80_000 + "{ viewer { id } }",
    "a comment": "#" + "a" * 240_000,
    "a string": '{ customer(id: "' + "a" * 240_000 + '") { id } }',
    "a string of escapes": '{ customer(id: "' + "\\u0041" * 30_000 + '") { id } }',
    "a block of text": '{ customer(id: """' + "a " * 100_000 + '""") { id } }',
    "a string that does not end": '{ customer(id: "' + "a" * 240_000,
    "pages of pages": "{ customers(first: 100) { edges { node { invoices(first: 100) { edges { node { "
    "payments(first: 100) { edges { cursor } } } } } } } } }",
    "ids": "{ nodes(ids: [" + '"a" ' * 1900 + "]) { id } }",
    "introspection": "{ " + repeated("a#: __schema { types { fields { type { ofType { name } } } } }", 20) + " }",
    "levels of introspection": "{ __schema { types { " + "fields { type { " * 7 + "name" + " } }" * 7 + " } } }",
}

VARIABLES: dict[str, Abuse] = {
    "ids in a variable": (IDS, {"ids": ["customer_0192f0a0-0000-7000-8000-000000000001"] * 5000}),
    "short ids in a variable": (IDS, {"ids": ["a"] * 50_000}),
    "ids that are none": (IDS, {"ids": [{}] * 60_000}),
    "values that do not exist in a variable": (
        "query ($s: [PaymentStatus!]) { payments(status: $s) { edges { cursor } } }",
        {"s": ["x"] * 50_000},
    ),
    "fields that do not exist in a variable": (
        "mutation ($i: CreateCustomerInput!) { createCustomer(input: $i) { error { message } } }",
        {"i": {f"externlId{number}": 1 for number in range(12_000)}},
    ),
    "levels of a variable": (
        "query ($s: [PaymentStatus!]) { payments(status: $s) { edges { cursor } } }",
        {"s": [[[[[[[[[[[[[[[[[["x"]]]]]]]]]]]]]]]]]]},
    ),
}

ABUSES: dict[str, Abuse] = {**{name: (each, {}) for name, each in DOCUMENTS.items()}, **VARIABLES}


def distinct(document: str, number: int) -> str:
    """The same as a document of its own, whose outcome nobody remembers."""
    return re.sub(r"^(query|mutation)?( \w+)?", lambda found: f"{found[1] or 'query'} unseen{number} ", document)
