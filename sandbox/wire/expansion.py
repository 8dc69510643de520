"""`expand[]`: ids turned into the objects they name, up to four levels deep."""

from collections.abc import Mapping
from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.kinds import ANY, Kind
from sandbox.wire.pagination import LISTS, shown
from sandbox.work import Object, Work

DEEPEST = 4
SHOWN_WHEN_DELETED = ("coupon", "discount")
"""What is shown whole where it was used before it was deleted."""


def expand(work: Work, kinds: Mapping[str, Kind], obj: Object, paths: list[str]) -> Object:
    """A copy of the answer with these paths expanded. InvalidRequest for a path that leads nowhere."""
    answer = shown(obj)
    for path in paths:
        names = path.split(".")
        if len(names) > DEEPEST:
            raise InvalidRequest(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}",
                code="property_expansion_max_depth",
            )
        _walk(work, kinds, answer, names)
    return answer


def _walk(work: Work, kinds: Mapping[str, Kind], obj: Any, names: list[str]) -> None:
    """Follow the names from an object or a list of objects."""
    if not names or obj is None:
        return
    if isinstance(obj, list):
        for item in obj:
            _walk(work, kinds, item, names)
    elif obj.get("object") in LISTS:
        if names[0] != "data":
            _refuse(names[0], f" You may want to try expanding 'data.{names[0]}' instead.")
        _walk(work, kinds, obj["data"], names[1:])
    else:
        _field(work, kinds, obj, kinds.get(obj.get("object", ""), Kind("")), names, 1)


def _field(work: Work, kinds: Mapping[str, Kind], holder: Any, kind: Kind, names: list[str], depth: int) -> None:
    """Follow the names from one object, through its hashes, to the first field that can be expanded.

    `holder` is the object itself, or one of its hashes: the last of the first `depth` names is a field of it.
    """
    name, path, rest = names[depth - 1], ".".join(names[:depth]), names[depth:]
    value = holder.get(name)
    if path in kind.includes:
        holder[name] = value or kind.includes[path](work, holder)
        return _walk(work, kinds, holder[name], rest)
    if path in kind.expands:
        holder[name] = _load(work, kind.expands[path], value)
        return _walk(work, kinds, holder[name], rest)
    if isinstance(value, dict) and "object" in value:
        return _walk(work, kinds, value, rest) if rest else _refuse(name)
    if value is None and any(each.startswith(path + ".") for each in kind.expands):
        return None
    if not rest or not isinstance(value, dict | list):
        return _refuse(name)
    for each in value if isinstance(value, list) else [value]:
        _field(work, kinds, each, kind, names, depth + 1)
    return None


def _load(work: Work, kind: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_load(work, kind, each) for each in value]
    if not isinstance(value, str):
        return value
    if kind == ANY:
        kind = work.kind_of(value)
    if found := work.find(kind, value):
        return shown(found)
    if kind in SHOWN_WHEN_DELETED:
        return {**work.ever(kind, value), "deleted": True}
    return {"id": value, "object": kind, "deleted": True}


def _refuse(name: str, hint: str = "") -> None:
    raise InvalidRequest(f"This property cannot be expanded ({name}).{hint}", param="expand")
