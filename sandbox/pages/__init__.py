"""What a browser sees of the sandbox: hosted pages for customers, and its own page for whoever develops."""

from functools import partial

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.core import Sandbox
from sandbox.pages import board, checkout, permissions
from sandbox.pages.render import FOLDER


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Every page, none of which asks for a key."""
    shown = {
        "/": board.show_board,
        "/objects/{id}": board.show_object,
        "/i/{id}": board.show_invoice,
        "/c/pay/{id}": checkout.show_checkout,
        "/amazon_pay/{id}": permissions.show_amazon_pay,
        "/challenge/{id}": permissions.show_challenge,
    }
    sent = {
        "/c/pay/{id}": checkout.submit_card,
        "/c/pay/{id}/amazon_pay": checkout.start_amazon_pay,
        "/amazon_pay/{id}": permissions.answer_amazon_pay,
        "/challenge/{id}": permissions.answer_challenge,
    }
    return [
        *(Route(path, partial(endpoint, sandbox), methods=["GET"]) for path, endpoint in shown.items()),
        *(Route(path, partial(endpoint, sandbox), methods=["POST"]) for path, endpoint in sent.items()),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]
