"""The pages that stand in for Amazon's and the bank's own, each with two answers."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox import hosted
from sandbox.core import Sandbox
from sandbox.pages.checkout import email, to_checkout
from sandbox.pages.forms import form
from sandbox.pages.render import notice, page


def show_amazon_pay(sandbox: Sandbox, request: Request) -> Response:
    """The stand-in for Amazon's page."""
    return show(sandbox, request, "amazon_pay.html")


def show_challenge(sandbox: Sandbox, request: Request) -> Response:
    """The stand-in for the bank's page."""
    return show(sandbox, request, "challenge.html")


@form
def answer_amazon_pay(sandbox: Sandbox, seti_id: str, fields: FormData) -> Response:
    """Authorize or fail, and on to where the browser belongs then."""
    try:
        authorize = fields.get("decision") == "authorize"
        return RedirectResponse(hosted.finish_amazon_pay(sandbox, seti_id, authorize), 303)
    except hosted.SessionClosed:
        return elsewhere(hosted.view_setup_intent(sandbox, seti_id))


@form
def answer_challenge(sandbox: Sandbox, seti_id: str, fields: FormData) -> Response:
    """Complete or fail, and on to where the browser belongs then."""
    try:
        complete = fields.get("decision") == "complete"
        return RedirectResponse(hosted.confirm_challenge(sandbox, seti_id, complete), 303)
    except hosted.SessionClosed:
        return elsewhere(hosted.view_setup_intent(sandbox, seti_id))


def show(sandbox: Sandbox, request: Request, template: str) -> Response:
    """The page that a SetupIntent waits at; if it waits for nothing, or elsewhere, its session's page."""
    intent = hosted.view_setup_intent(sandbox, request.path_params["id"])
    if intent is None or intent["status"] != "requires_action":
        return elsewhere(intent)
    if not intent["next_action"]["redirect_to_url"]["url"].endswith(request.url.path):
        return elsewhere(intent)
    session = intent["session"]
    return page(template, {"id": intent["id"], "merchant": session["merchant"], "email": email(session)})


def elsewhere(intent: dict[str, Any] | None) -> Response:
    """To the session of a SetupIntent that waits for nothing; a page of its own where there is none."""
    if intent is None:
        return notice("There is no such page", "The address may be incomplete.", status=404)
    return to_checkout(intent["session"]["id"])
