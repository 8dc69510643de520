"""An invoice as a PDF, behind its `invoice_pdf` address."""

from datetime import UTC, datetime

from fpdf import FPDF
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.core import Sandbox
from sandbox.errors import ResourceMissing
from sandbox.money import money
from sandbox.work import Object


def show(sandbox: Sandbox, request: Request) -> Response:
    """GET /i/{invoice}/pdf, for anybody who has the address; drafts have none."""
    id = request.path_params["id"]
    with sandbox.work() as work:
        invoice = work.find("invoice", id)
    if invoice is None or invoice["status"] == "draft":
        missing = ResourceMissing("invoice", id)
        return JSONResponse(missing.body(), missing.status)
    return Response(document(invoice), media_type="application/pdf")


def document(invoice: Object) -> bytes:
    """One page: who, when, what for, how much."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_creation_date(datetime.fromtimestamp(invoice["created"], UTC))
    pdf.set_font("Helvetica", "B", 18)
    _line(pdf, f"Invoice {invoice['number']}")
    pdf.set_font("Helvetica", size=11)
    created = datetime.fromtimestamp(invoice["created"], UTC)
    _line(pdf, f"From {invoice['account_name']} to {invoice['customer_email'] or invoice['customer']}")
    _line(pdf, f"{created:%Y-%m-%d}, {invoice['status']}. A sandbox: no real money.")
    for line in invoice["lines"]["data"]:
        _line(pdf, f"{line['description'] or line['id']}: {money(line['amount'], line['currency'])}")
    _line(pdf, f"Total: {money(invoice['total'], invoice['currency'])}")
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str) -> None:
    # The built-in fonts know Latin-1 only.
    pdf.multi_cell(0, 8, text.encode("latin-1", "replace").decode("latin-1"), new_x="LMARGIN", new_y="NEXT")
