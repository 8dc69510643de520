"""Values that only somebody who means harm would send, in every place of the schema that takes a value."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

Place = tuple[str, ...]

LONG = "x" * 100_000
TEXTS = ["a\0b", "\ud800", "", "\u202e", "'\"; DROP TABLE customers; --", LONG]
NUMBERS = [0, -1, 2**31 - 1, -(2**31)]
TIMES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
DECIMALS = ["0", "-1.00", "999999999999999999.999999999999", "0.000000000001", "92233720368547758.08"]
HOSTILE: dict[str, list[Any]] = {
    "String": TEXTS,
    "ID": ["a\0b", "\ud800", "consent_" + "0" * 36],
    "Int": NUMBERS,
    "DateTime": TIMES,
    "Decimal": DECIMALS,
    "URL": [
        "https://shop.example/\0",
        "https://shop.example/\ud800",
        "https://[::1",
        "https://a@b@c/",
        "https://" + LONG[:2000],
    ],
    "Currency": ["XXX", "ZZZ"],
    "JSON": [
        {"\0": "a"},
        {"a": "\0"},
        {"a": "\ud800"},
        {"\ud800": "a"},
        [],
        "x",
        2**70,
        1e308,
        {"": ""},
        {"a": {"b": [[]]}},
    ],
}
MILD: dict[str, Any] = {
    "String": "en",
    "ID": "customer_0192f0a0-0000-7000-8000-000000000001",
    "Int": 1,
    "Boolean": True,
    "DateTime": "2027-01-01T00:00:00Z",
    "Decimal": "1.00",
    "URL": "https://shop.example/done",
    "Currency": "USD",
    "JSON": {"a": "b"},
}


def requests_of(kind: str, name: str, definition: GraphQLField) -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents with their variables: one for each hostile value in each place of this field of the root."""
    declared = ", ".join(f"${key}: {argument.type}" for key, argument in definition.args.items())
    given = ", ".join(f"{key}: ${key}" for key in definition.args)
    inner = "" if is_leaf_type(get_named_type(definition.type)) else " { __typename }"
    document = f"{kind} ({declared}) {{ {name}({given}){inner} }}"
    for place in _places(definition.args, ()):
        for value in HOSTILE.get(place[-1], ()):
            yield document, _filled(definition.args, place[:-1], value)


def _places(holder: dict[str, Any], above: Place) -> Iterator[Place]:
    """The way to each leaf, and its type's name at the end."""
    for key, each in holder.items():
        type_ = get_named_type(each.type)
        if isinstance(type_, GraphQLInputObjectType):
            yield from _places(type_.fields, (*above, key))
        elif not isinstance(type_, GraphQLEnumType):
            yield (*above, key, type_.name)


def _filled(holder: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """What is required, and the value at its place."""
    filled = {}
    for key, each in holder.items():
        if place[:1] == (key,):
            filled[key] = _of(each, place[1:], value)
        elif _is_required(each):
            filled[key] = _of(each, None, None)
    return filled


def _is_required(each: GraphQLArgument | GraphQLInputField) -> bool:
    return is_required_argument(each) if isinstance(each, GraphQLArgument) else is_required_input_field(each)


def _of(each: GraphQLArgument | GraphQLInputField, place: Place | None, value: Any) -> Any:
    """A value for this argument or field: the hostile one where the place ends here, else a mild one."""
    type_ = get_named_type(each.type)
    if isinstance(type_, GraphQLInputObjectType):
        made: Any = _filled(type_.fields, place or (), value)
        if type_.is_one_of and not made:
            first = next(iter(type_.fields))
            made = {first: _of(type_.fields[first], None, None)}
    elif isinstance(type_, GraphQLEnumType):
        made = next(iter(type_.values))
    else:
        made = MILD[type_.name] if place is None else value
    outer = each.type.of_type if isinstance(each.type, GraphQLNonNull) else each.type
    return [made] if is_list_type(outer) else made
