"""What a browser sees of the sandbox: hosted pages for customers, and its own page for whoever develops."""

from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from sandbox.core import Sandbox
from sandbox.pages import board, checkout, invoices, payments, permissions, portal
from sandbox.pages.render import FOLDER


class Static(StaticFiles):
    """Files that a browser keeps, and asks about each time: an upgrade must not meet yesterday's style."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Every page, none of which asks for a key."""
    shown = {
        "/": board.show_board,
        "/objects/{id}": board.show_object,
        "/i/{id}": invoices.show_invoice,
        "/receipts/{id}": invoices.show_receipt,
        "/c/pay/{id}": checkout.show_checkout,
        "/amazon_pay/{id}": permissions.show_amazon_pay,
        "/challenge/{id}": permissions.show_challenge,
        "/p/session/{id}": portal.show_portal,
        "/pay/{id}": payments.show_payment,
        "/authorize/{id}": payments.show_authorization,
    }
    sent = {
        "/c/pay/{id}": checkout.submit_card,
        "/c/pay/{id}/amazon_pay": checkout.start_amazon_pay,
        "/amazon_pay/{id}": permissions.answer_amazon_pay,
        "/challenge/{id}": permissions.answer_challenge,
        "/p/session/{id}/cancel": portal.cancel,
        "/p/session/{id}/keep": portal.keep,
        "/p/session/{id}/default": portal.make_default,
        "/p/session/{id}/add": portal.add_method,
        "/pay/{id}": payments.submit_card,
        "/pay/{id}/saved": payments.submit_saved,
        "/pay/{id}/amazon_pay": payments.submit_amazon_pay,
        "/authorize/{id}": payments.answer_authorization,
    }
    return [
        *(Route(path, partial(endpoint, sandbox), methods=["GET"]) for path, endpoint in shown.items()),
        *(Route(path, partial(endpoint, sandbox), methods=["POST"]) for path, endpoint in sent.items()),
        Mount("/static", Static(directory=FOLDER / "static")),
    ]
