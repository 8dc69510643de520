"""What the schema promises: a value that may not be null, and what stands for it where it is."""

import json
from typing import Any

from sqlalchemy import BinaryExpression, Case, Column, ColumnClause, case, func
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import is_, is_not

from schema.reads.declarations import Declaration, Expression, Identity, Leaf, Many, Paged, Part
from schema.reads.sql import MISSING, Json, Major, constant


def never_null(expression: Any) -> bool:
    """Whether it always has a value, as its form tells: what is not known here may be null."""
    match coercions.expect(roles.ExpressionElementRole, expression):
        case Column(nullable=False) | ColumnClause(is_literal=True):
            return True
        case BinaryExpression() as compared:
            return compared.operator in (is_, is_not)
        case Case() as chosen:
            return chosen.else_ is not None and all(
                map(never_null, (*(then for _, then in chosen.whens), chosen.else_))
            )
        case FunctionElement(name="coalesce") as first:
            return any(map(never_null, first.clauses))
        case FunctionElement(name="upper") | Major() as made:
            return all(map(never_null, made.clauses))
    return False


def surely(key: str, value: Expression, declaration: Declaration, plain: Expression) -> tuple[Any, Expression]:
    """Key and value of what may not be null, with MISSING in one of them where it is.

    In the key for a plain value, which may be of any type, and in the value for JSON.
    """
    if plain is not None:
        return case((plain.is_(None), constant(MISSING)), else_=constant(key)), value
    match declaration:
        case Leaf() | Part(when=None) | Identity() | Paged() | Many(when=None):
            return key, value
    return key, Json(func.coalesce(value, constant(json.dumps(MISSING))))
