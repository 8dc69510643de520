"""Checkout Sessions over the API."""

from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources.checkout_sessions.closing import close
from sandbox.resources.checkout_sessions.creating import create
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/checkout/sessions"


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/checkout/sessions/{session}: its metadata."""
    session = work.get("checkout.session", id)
    if "metadata" in params:
        session["metadata"] = merge(session["metadata"], params.get("metadata"))
    return work.save(session)


def expire(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/checkout/sessions/{session}/expire."""
    session = work.get("checkout.session", id)
    if session["status"] != "open":
        raise InvalidRequest(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
            f"of `{session['status']}`."
        )
    return close(work, session)


KIND = Kind(
    "checkout.session",
    expands={"customer": "customer", "setup_intent": "setup_intent"},
)

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("checkout.session", URL, ["customer", "payment_intent", "status", "subscription"])),
    Endpoint("GET", URL + "/{session}", retrieve("checkout.session")),
    Endpoint("POST", URL + "/{session}", update),
    Endpoint("POST", URL + "/{session}/expire", expire),
]
