"""What the schema promises: a value that may not be null, and what stands for it where it is."""

import json
from typing import Any

from sqlalchemy import case, func

from schema.reads.declarations import Declaration, Expression, Identity, Leaf, Many, Paged, Part
from schema.reads.sql import MISSING, Json, constant


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
