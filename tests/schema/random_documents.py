"""Documents at random: fields, arguments, aliases, fragments, directives, variables, of whatever the schema has."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from tests.schema.documents import NOT_SELECTED

LEVELS = 9


@dataclass
class Writer:
    """Writes one document. `texts` are values for arguments, by the argument's name or its type's."""

    schema: GraphQLSchema
    random: Random
    texts: Mapping[str, Sequence[Any]]
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def document(self) -> str:
        """A query with one to three fields at its root."""
        root: Any = self.schema.query_type
        names = self.random.sample(sorted(root.fields), self.random.randint(1, 3))
        fields = " ".join(self._field(name, root.fields[name], LEVELS, aliased=True) for name in names)
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return "\n".join([f"query Q{declared} {{ {fields} }}", *self.fragments])

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _set(self, type_: Any, levels: int) -> str:
        if is_abstract_type(type_):
            kinds = self.random.sample(list(self.schema.get_possible_types(type_)), 2)
            parts = [f"... on {each.name} {self._set_of(each, levels, aliased=True)}" for each in kinds]
            return "{ __typename " + " ".join([self._plain(type_), *parts]) + " }"
        return self._set_of(type_, levels)

    def _plain(self, type_: Any) -> str:
        names: list[str] = [name for name, each in type_.fields.items() if is_leaf_type(get_named_type(each.type))]
        return self.random.choice(names)

    def _set_of(self, type_: Any, levels: int, *, aliased: bool = False) -> str:
        inside = "{ " + " ".join(self._fields(type_, levels, aliased)) + " }"
        if self._chance(0.1):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {inside}")
            return f"{{ ...{name}{self._directive()} }}"
        return f"{{ ...{self._directive()} {inside} __typename }}" if self._chance(0.1) else inside

    def _fields(self, type_: Any, levels: int, aliased: bool) -> Iterator[str]:
        usable = [name for name in type_.fields if name not in NOT_SELECTED]
        # What holds a connection together is no use without what it holds.
        names = usable if "edges" in usable or "node" in usable else self.random.sample(usable, min(len(usable), 4))
        written = [self._field(name, type_.fields[name], levels - 1, aliased=aliased) for name in names]
        yield "__typename"
        yield from (each for each in written if each)

    def _field(self, name: str, definition: GraphQLField, levels: int, *, aliased: bool) -> str:
        inner = get_named_type(definition.type)
        arguments = self._arguments(definition.args)
        alias = f"a{self.aliases}: " if aliased or arguments or self._chance(0.1) else ""
        self.aliases += bool(alias)
        head = f"{alias}{name}{arguments}{self._directive()}"
        if is_leaf_type(inner):
            return head
        return f"{head} {self._set(inner, levels)}" if levels > 0 else ""

    def _directive(self) -> str:
        if not self._chance(0.1):
            return ""
        word, value = self.random.choice(["skip", "include"]), self._chance(0.5)
        return f" @{word}(if: {self._variable('Boolean!', value) if self._chance(0.7) else json.dumps(value)})"

    def _arguments(self, arguments: Mapping[str, GraphQLArgument]) -> str:
        given = [
            f"{name}: {self._value(name, each)}"
            for name, each in arguments.items()
            if is_required_argument(each) or self._chance(0.3)
        ]
        return f"({', '.join(given)})" if given else ""

    def _value(self, name: str, argument: GraphQLArgument) -> str:
        type_ = argument.type.of_type if is_non_null_type(argument.type) else argument.type
        value = [self._one(name, type_.of_type) for _ in range(2)] if is_list_type(type_) else self._one(name, type_)
        if self._chance(0.4):
            return self._variable(str(argument.type), value)
        written = json.dumps(value)
        return written.replace('"', "") if is_enum_type(get_named_type(type_)) else written

    def _one(self, name: str, type_: Any) -> Any:
        inner: Any = get_named_type(type_)
        if is_enum_type(inner):
            return self.random.choice(list(inner.values))
        return self.random.choice(self.texts.get(name) or self.texts[inner.name])

    def _variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        self.declared.append(f"${name}: {type_}")
        return f"${name}"
