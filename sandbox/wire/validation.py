"""Requests against the SDK's own types: what Stripe would refuse is refused here, with Stripe's words."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from sandbox.errors import EmptyRefused, InvalidRequest
from sandbox.wire import contract
from sandbox.wire.params import Params

INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
INDEX = re.compile(r"\d{1,9}", re.ASCII)
REMOVED = "payment_method_types"


def validate(method: str, path: str, sent: dict[str, Any]) -> Params:
    """The parameters with their real types. InvalidRequest names the first that does not fit."""
    hints, required = contract.accepted(method, path)
    if REMOVED in sent and REMOVED not in hints and "allowed_" + REMOVED in hints:
        raise InvalidRequest(
            f"The parameter `{REMOVED}` is no longer supported in API version {contract.VERSION}. "
            f"Use `allowed_{REMOVED}` instead, or leave it out to use your Dashboard's settings.",
            code=REMOVED + "_no_longer_supported",
            param=REMOVED,
        )
    updates = method == "POST" and path.endswith("}")
    return Params(_fields(sent, hints, required, "", clears=updates))


def _fields(
    sent: dict[str, Any], hints: dict[str, Any], required: frozenset[str], path: str, *, clears: bool
) -> dict[str, Any]:
    for name in sent:
        if name not in hints:
            full = _join(path, name)
            raise InvalidRequest(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
    for name in sorted(required):
        if name not in sent:
            full = _join(path, name)
            raise InvalidRequest(f"Missing required param: {full}.", code="parameter_missing", param=full)
    return {
        name: _value(value, hints[name], _join(path, name), clears=clears and name not in required)
        for name, value in sent.items()
    }


def _value(value: Any, hint: Any, path: str, *, clears: bool) -> Any:
    alternatives = _flatten(hint)
    literals = [word for each in alternatives if get_origin(each) is Literal for word in get_args(each)]
    types = [each for each in alternatives if get_origin(each) is not Literal]
    if value == "":
        return _empty(literals, types, path, clears=clears)
    words = [word for word in literals if word != ""]
    if isinstance(value, str) and value in map(str, words):
        return next(word for word in words if str(word) == value)
    if words and isinstance(value, str):
        # The SDK writes an enum as `Literal[...] | str`: open for reading, closed at Stripe.
        types = [each for each in types if each is not str]
    if not types:
        raise InvalidRequest(f"Invalid {path}: must be {_one_of(words)}", param=path)
    return _first_fit(value, types, path, clears=clears)


def _flatten(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, UnionType):
        return [part for each in get_args(hint) for part in _flatten(each) if part is not NoneType]
    return [hint]


def _empty(literals: list[Any], types: list[Any], path: str, *, clears: bool) -> None:
    """An empty string clears what may be cleared: what the types say, and in updates any text.

    The SDK's types do not tell which texts an object cannot be without; those endpoints ask for `filled` ones.
    """
    if "" not in literals and not (clears and types == [str] and not literals):
        raise EmptyRefused(path)


def _first_fit(value: Any, types: list[Any], path: str, *, clears: bool) -> Any:
    refusals = []
    for each in sorted(types, key=lambda each: each is str):  # a string takes anything, so it comes last
        try:
            return _typed(value, each, path, clears=clears)
        except InvalidRequest as refusal:
            refusals.append(refusal)
    # The most telling refusal is the one that got furthest into the value.
    raise max(refusals, key=lambda refusal: len(refusal.param or ""))


def _typed(value: Any, hint: Any, path: str, *, clears: bool) -> Any:
    origin = get_origin(hint)
    if hasattr(hint, "__required_keys__"):  # a TypedDict, of typing or of typing_extensions
        return _hash(value, hint, path, clears=clears)
    if origin is list:
        return _list(value, get_args(hint)[0], path)
    if _is_map(hint):
        return _map(value, get_args(hint)[-1], path)
    if isinstance(value, dict):
        raise InvalidRequest(f"Invalid string: {value}", param=path)
    return SCALARS.get(hint, _string)(value, path)


def _is_map(hint: Any) -> bool:
    return get_origin(hint) is dict or getattr(get_origin(hint), "__name__", "") == "UntypedStripeObject"


def _hash(value: Any, typed_dict: type, path: str, *, clears: bool) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest("Invalid object", param=path)
    return _fields(value, *contract.fields(typed_dict), path, clears=clears)


def _list(value: Any, item: Any, path: str) -> list[Any]:
    if not isinstance(value, dict) or not all(map(INDEX.fullmatch, value)):
        raise InvalidRequest("Invalid array", param=path)
    return [_value(value[index], item, f"{path}[{index}]", clears=False) for index in sorted(value, key=int)]


def _map(value: Any, item: Any, path: str) -> dict[str, Any]:
    """A hash whose names the caller chooses, such as metadata, and whose values are alike."""
    if not isinstance(value, dict):
        raise InvalidRequest("Invalid object", param=path)
    if item is not str:
        return {name: _value(each, item, f"{path}[{name}]", clears=False) for name, each in value.items()}
    for name, each in value.items():
        if not isinstance(each, str):
            raise InvalidRequest(f"Invalid string: {each}", param=f"{path}[{name}]")
    return value


def _integer(value: str, path: str) -> int:
    if not INTEGER.fullmatch(value):
        raise InvalidRequest(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    return int(value)


def _boolean(value: str, path: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidRequest(f"Invalid boolean: {value}", param=path)
    return value == "true"


def _decimal(value: str, path: str) -> str:
    try:
        Decimal(value)
    except InvalidOperation as error:
        raise InvalidRequest(f"Invalid decimal: {value}", param=path) from error
    return value


def _number(value: str, path: str) -> float:
    return float(_decimal(value, path))


def _string(value: str, _path: str) -> str:
    return value


SCALARS: dict[Any, Callable[[str, str], Any]] = {
    int: _integer,
    bool: _boolean,
    Decimal: _decimal,
    float: _number,
}


def _one_of(words: list[Any]) -> str:
    *most, last = map(str, words)
    if not most:
        return last
    return f"one of {', '.join(most)}, or {last}" if len(most) > 1 else f"one of {most[0]} or {last}"


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
