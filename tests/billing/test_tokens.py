"""Signed tokens: one customer, one document, one time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from billing import tokens
from billing.errors import InvalidInput

NOW = datetime(2026, 11, 23, 18, 0, 0, 999_999, tzinfo=UTC)
OLD, NEW, OTHER = "old" * 11, "new" * 11, "oth" * 11
CUSTOMER = UUID("0192f0a0-0000-7000-8000-000000000001")
HOUR = timedelta(hours=1)


def test_a_token_names_its_customer_until_its_end() -> None:
    text, end = tokens.issue(CUSTOMER, [NEW], NOW, life=HOUR)
    assert end == NOW.replace(microsecond=0) + HOUR
    assert tokens.read(text, [NEW], NOW) == tokens.Token(CUSTOMER, end)
    assert tokens.read(text, [NEW], end - timedelta(microseconds=1)) is not None
    assert tokens.read(text, [NEW], end) is None


def test_the_newest_secret_signs_and_older_ones_still_count() -> None:
    text, _ = tokens.issue(CUSTOMER, [NEW, OLD], NOW, life=HOUR)
    earlier, _ = tokens.issue(CUSTOMER, [OLD], NOW, life=HOUR)
    assert tokens.read(text, [NEW], NOW) is not None
    assert tokens.read(earlier, [NEW, OLD], NOW) is not None
    assert tokens.read(earlier, [NEW], NOW) is None


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=-1), timedelta(hours=24, seconds=1)])
def test_a_token_lives_a_day_at_most(life: timedelta) -> None:
    with pytest.raises(InvalidInput, match="86400"):
        tokens.issue(CUSTOMER, [NEW], NOW, life=life)


def test_a_document_s_address_is_no_customer_s_token_and_the_other_way_round() -> None:
    document, end = tokens.issue_document(CUSTOMER, [NEW], NOW)
    token, _ = tokens.issue(CUSTOMER, [NEW], NOW, life=HOUR)
    assert end == NOW.replace(microsecond=0) + timedelta(minutes=10)
    assert tokens.read_document(document, [NEW], NOW) == tokens.Token(CUSTOMER, end)
    assert tokens.read(document, [NEW], NOW) is None
    assert tokens.read_document(token, [NEW], NOW) is None
    assert tokens.read_document(document, [NEW], end) is None


def claims(**changes: Any) -> dict[str, Any]:
    whole = {"aud": tokens.CUSTOMER, "sub": str(CUSTOMER), "exp": int((NOW + HOUR).timestamp())} | changes
    return {name: value for name, value in whole.items() if value is not None}


FORGED = [
    pytest.param(jwt.encode(claims(), OTHER, algorithm="HS256"), id="another secret"),
    pytest.param(jwt.encode(claims(), "", algorithm="none"), id="no signature"),
    pytest.param(jwt.encode(claims(), NEW * 3, algorithm="HS512"), id="another algorithm"),
    pytest.param(jwt.encode(claims(aud=None), NEW, algorithm="HS256"), id="no audience"),
    pytest.param(jwt.encode(claims(exp=None), NEW, algorithm="HS256"), id="no end"),
    pytest.param(jwt.encode(claims(sub=None), NEW, algorithm="HS256"), id="nobody"),
    pytest.param("", id="empty"),
    pytest.param("a.b.c", id="no token"),
    pytest.param("é" * 40, id="not ASCII"),
]


@pytest.mark.parametrize("text", FORGED)
def test_what_was_not_issued_here_opens_nothing(text: str) -> None:
    assert tokens.read(text, [NEW], NOW) is None


def test_a_token_with_another_customer_put_in_opens_nothing() -> None:
    text, _ = tokens.issue(CUSTOMER, [NEW], NOW, life=HOUR)
    forged = jwt.encode(claims(sub=str(uuid4())), OTHER, algorithm="HS256")
    head, _, signature = text.split(".")
    assert tokens.read(".".join((head, forged.split(".")[1], signature)), [NEW], NOW) is None
