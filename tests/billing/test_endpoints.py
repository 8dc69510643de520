"""Calls to Stripe are counted by endpoint: every path that Assent asks for has one, and none has an id in it."""

import re
from pathlib import Path

import pytest

from billing.endpoints import endpoint

ROOT = Path(__file__).parent.parent.parent
PATH = re.compile(r'f?"(/v1/[^"]*)"')
PLACE = re.compile(r"\{[^}]*\}")


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/v1/invoices/in_1/pay", "/v1/invoices/{id}/pay"),
        ("/v1/products/coffee-club", "/v1/products/{id}"),
        ("/v1/coupons/25%25off", "/v1/coupons/{id}"),
        ("/v1/checkout/sessions/cs_test_a1/expire", "/v1/checkout/sessions/{id}/expire"),
        ("/v1/customers?email=a@example.com", "/v1/customers"),
    ],
)
def test_what_differs_from_object_to_object_is_left_out(path: str, known: str) -> None:
    assert endpoint(path) == known


def test_every_word_of_the_paths_that_are_asked_for_is_known() -> None:
    files = [file for folder in ("api", "billing") for file in (ROOT / folder).rglob("*.py")]
    paths = {path for file in files for path in PATH.findall(file.read_text())}
    assert len(paths) > 20
    for path in paths:
        given = PLACE.sub("id", path)
        assert endpoint(given) == PLACE.sub("{id}", path).replace("/{id}s/", "/{id}/"), path
