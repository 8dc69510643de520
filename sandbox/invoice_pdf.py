"""An invoice as a PDF, behind its `invoice_pdf` address."""

from datetime import UTC, datetime

from fpdf import FPDF, FontFace
from fpdf.enums import VAlign
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import invoice_sums
from sandbox.core import Sandbox
from sandbox.errors import ResourceMissing
from sandbox.invoice_sums import Row
from sandbox.money import money
from sandbox.work import Object

FONT, INK, SOFT, FAINT = "Helvetica", 20, 100, 205
"""The built-in font, and how dark text and lines are, from 0 for black."""


def show(sandbox: Sandbox, request: Request) -> Response:
    """GET /i/{invoice}/pdf, for anybody who has the address; drafts have none."""
    id = request.path_params["id"]
    with sandbox.work() as work:
        invoice = work.find("invoice", id)
        if invoice is None or invoice["status"] == "draft":
            missing = ResourceMissing("invoice", id)
            return JSONResponse(missing.body(), missing.status)
        content = document(invoice, invoice_sums.rows(work, invoice))
    return Response(content, media_type="application/pdf")


class Sheet(FPDF):
    """Pages with a number each, and a note of whose invoice they are."""

    def __init__(self, note: str) -> None:
        super().__init__()
        self.note = note
        self.set_margin(18)
        self.set_auto_page_break(auto=True, margin=22)

    def footer(self) -> None:
        """At the foot of each page."""
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.set_text_color(SOFT)
        self.cell(0, 5, latin(f"{self.note}. A sandbox: no real money."))
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align="R")
        self.set_text_color(INK)


def document(invoice: Object, sums: list[Row]) -> bytes:
    """Who, when, what for, how much; as many pages as the lines need."""
    pdf = Sheet(f"{invoice['account_name']}, invoice {invoice['number']}")
    pdf.set_creation_date(datetime.fromtimestamp(invoice["created"], UTC))
    pdf.add_page()
    _head(pdf, invoice)
    _lines(pdf, invoice)
    _sums(pdf, invoice, sums)
    for text in filter(None, (invoice["description"], invoice["footer"])):
        pdf.ln(4)
        _line(pdf, text)
    return bytes(pdf.output())


def _head(pdf: Sheet, invoice: Object) -> None:
    pdf.set_font(FONT, "B", 20)
    _line(pdf, f"Invoice {invoice['number']}", 10)
    pdf.set_font(FONT, size=10)
    customer = " ".join(filter(None, (invoice["customer_name"], invoice["customer_email"]))) or invoice["customer"]
    facts = {
        "From": invoice["account_name"],
        "To": customer,
        "Date": _day(invoice["effective_at"] or invoice["created"]),
        "Status": invoice["status"],
        "Pay online": invoice["hosted_invoice_url"] if invoice["status"] == "open" else None,
    }
    for name, value in facts.items():
        if value:
            pdf.set_text_color(SOFT)
            pdf.cell(24, 6, name)
            pdf.set_text_color(INK)
            _line(pdf, value, 6)
    pdf.ln(6)


def _lines(pdf: Sheet, invoice: Object) -> None:
    """The lines as a table, whose head stands on each page that it reaches."""
    head = FontFace(emphasis="B", color=SOFT)
    pdf.set_draw_color(FAINT)
    with pdf.table(
        borders_layout="HORIZONTAL_LINES",
        col_widths=(110, 20, 44),
        headings_style=head,
        line_height=6,
        text_align=("LEFT", "RIGHT", "RIGHT"),
        v_align=VAlign.T,
    ) as table:
        table.row(("What for", "Quantity", "Amount"))
        for line in invoice["lines"]["data"]:
            period = f"{_day(line['period']['start'])} to {_day(line['period']['end'])}"
            about = latin(f"{line['description'] or line['id']}\n{period}")
            table.row((about, invoice_sums.quantity(line), money(line["amount"], line["currency"])))
    pdf.ln(4)


def _sums(pdf: Sheet, invoice: Object, sums: list[Row]) -> None:
    for name, amount in sums:
        pdf.set_font(FONT, "B" if name in ("Amount due", "Still due") else "", 10)
        pdf.cell(110, 7, latin(name), align="R")
        pdf.cell(0, 7, money(amount, invoice["currency"]), align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font(FONT, size=10)


def _line(pdf: FPDF, text: str, height: float = 5) -> None:
    pdf.multi_cell(0, height, latin(text), new_x="LMARGIN", new_y="NEXT")


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%-d %b %Y}"


def latin(text: str) -> str:
    """The text as far as the built-in fonts know it, which is Latin-1 only."""
    return text.encode("latin-1", "replace").decode("latin-1")
