"""`expand[]`: ids turned into the objects they name, up to four levels deep."""

from collections.abc import Mapping
from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.wire.pagination import shown
from sandbox.work import Object, Work

DEEPEST = 4


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
    if obj.get("object") == "list":
        if names[0] != "data":
            _refuse(names[0], f" You may want to try expanding 'data.{names[0]}' instead.")
        for item in obj["data"]:
            _walk(work, kinds, item, names[1:])
    else:
        _field(work, kinds, obj, kinds.get(obj.get("object", ""), Kind("")), names)


def _field(work: Work, kinds: Mapping[str, Kind], obj: Object, kind: Kind, names: list[str]) -> None:
    """Follow the names from one object, through its hashes, to the first field that can be expanded."""
    holder: Any = obj
    for depth, name in enumerate(names, 1):
        path, rest = ".".join(names[:depth]), names[depth:]
        if path in kind.includes:
            holder[name] = holder.get(name) or kind.includes[path](work, obj)
            return _walk(work, kinds, holder[name], rest)
        if path in kind.expands:
            holder[name] = _load(work, kind.expands[path], holder[name])
            return _walk(work, kinds, holder[name], rest)
        value = holder.get(name)
        if isinstance(value, dict) and "object" in value:
            return _walk(work, kinds, value, rest) if rest else _refuse(name)
        if value is None and any(each.startswith(path + ".") for each in kind.expands):
            return None
        if not isinstance(value, dict):
            return _refuse(name)
        holder = value
    return _refuse(names[-1])


def _load(work: Work, kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = work.find(kind, value)
    return shown(found) if found else {"id": value, "object": kind, "deleted": True}


def _refuse(name: str, hint: str = "") -> None:
    raise InvalidRequest(f"This property cannot be expanded ({name}).{hint}", param="expand")
