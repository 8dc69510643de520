"""What is never null, as the form of an expression tells: nothing that may be null is taken for it."""

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, case, func, null

from schema.reads.promises import never_null
from schema.reads.sql import Major, constant

table = Table("t", MetaData(), Column("sure", String, nullable=False), Column("open", String), Column("n", Integer))
sure, unsure = table.c.sure, table.c.open

NEVER: dict[str, Any] = {
    "a column": sure,
    "a word": constant("OTHER"),
    "a comparison with null": unsure.is_not(None),
    "the first that is there": func.coalesce(unsure, sure),
    "upper case": func.upper(sure),
    "a choice with an else": case((unsure == "a", sure), else_=constant("b")),
    "an amount": Major(sure, sure),
}
PERHAPS: dict[str, Any] = {
    "a column that may be": unsure,
    "null": null(),
    "a constant of nothing": constant(None),
    "a comparison": unsure == "a",
    "the first of those that may all be": func.coalesce(unsure, table.c.n),
    "upper case of one": func.upper(unsure),
    "any other function": func.nullif(sure, "a"),
    "a choice without an else": case((sure == "a", sure)),
    "a choice of one": case((sure == "a", unsure), else_=sure),
    "an else that may be": case((sure == "a", sure), else_=unsure),
    "an amount of one": Major(unsure, sure),
    "a subselect": table.select().with_only_columns(sure).scalar_subquery(),
}


@pytest.mark.parametrize("expression", NEVER.values(), ids=NEVER)
def test_it_is_never_null(expression: Any) -> None:
    assert never_null(expression)


@pytest.mark.parametrize("expression", PERHAPS.values(), ids=PERHAPS)
def test_it_may_be_null(expression: Any) -> None:
    assert not never_null(expression)
