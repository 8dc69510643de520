"""The hosted page of an invoice: what it is for, and the way to pay it."""

from starlette.requests import Request
from starlette.responses import Response

from sandbox.core import Sandbox
from sandbox.pages.render import notice, page


def show_invoice(sandbox: Sandbox, request: Request) -> Response:
    """The page of an invoice; a draft has none yet."""
    with sandbox.work() as work:
        invoice = work.find("invoice", request.path_params["id"])
    if invoice is None or invoice["status"] == "draft":
        return notice("There is no such invoice", "The address may be incomplete.", status=404)
    return page("invoice.html", {"merchant": sandbox.settings.merchant, "invoice": invoice})
