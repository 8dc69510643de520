"""What Stripe accepts where, read from the SDK that is installed.

Its services name a class of parameters for each method and path, and `stripe.params` holds the classes.
"""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import stripe
from stripe import RequestOptions, params

VERSION = str(stripe.api_version)
"""The one API version that the sandbox speaks."""

CALL = re.compile(r'self\._request\(\s*"(\w+)",\s*"(/v1[^"]*)"')
PARAMS = re.compile(r'params: (?:Optional\[)?\s*"(\w+)"')
IMPORT = "from (stripe\\.params\\S*) import \\(?\\s*{name}\\b"
OPTIONS = frozenset(RequestOptions.__annotations__)
# Names that the SDK's own classes import for type checkers only.
UNRESOLVED = {"StripeContext": str, "Mapping": dict}


@cache
def operations() -> dict[tuple[str, str], tuple[str, str] | None]:
    """Every (method, path) of Stripe's API with module and name of its class of parameters."""
    found = {}
    for file in sorted(Path(str(stripe.__file__)).parent.rglob("_*_service.py")):
        source = file.read_text()
        for function in re.split(r"\n    def ", source)[1:]:
            if call := CALL.search(function):
                found[call[1].upper(), anonymous(call[2])] = _params_class(source, function)
    return found


def _params_class(source: str, function: str) -> tuple[str, str] | None:
    name = PARAMS.search(function)
    module = name and re.search(IMPORT.format(name=name[1]), source)
    return (module[1], name[1]) if name and module else None


def anonymous(path: str) -> str:
    """The path with its placeholders' names taken out."""
    return re.sub(r"{\w+}", "{}", path)


@cache
def accepted(method: str, path: str) -> tuple[dict[str, Any], frozenset[str]]:
    """The parameters of an operation with their types, and the names of the required ones."""
    location = operations()[method, anonymous(path)]
    if location is None:
        return {}, frozenset()
    return fields(getattr(import_module(location[0]), location[1]))


@cache
def fields(typed_dict: type) -> tuple[dict[str, Any], frozenset[str]]:
    """A TypedDict's fields with their types, and the required ones."""
    hints = get_type_hints(typed_dict, localns={**UNRESOLVED, **vars(params)})
    required = frozenset(getattr(typed_dict, "__required_keys__", ()))
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}, required - OPTIONS
