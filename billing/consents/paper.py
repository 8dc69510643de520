"""Paper: a plain document on A4, in most European alphabets and in Hebrew, the same bytes for the same content."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast
from unicodedata import bidirectional

from fpdf import FPDF
from fpdf.bidi import BidiParagraph, auto_detect_base_direction
from fpdf.enums import Align, MethodReturnValue, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

# DejaVu 2.37; see LICENSE beside them.
FONTS = Path(__file__).parent / "fonts"
TEXT, CODE = "DejaVu", "DejaVuMono"
FILES = {(TEXT, ""): "DejaVuSans.ttf", (TEXT, "B"): "DejaVuSans-Bold.ttf", (CODE, ""): "DejaVuSansMono.ttf"}

Row = tuple[str, str]
Color = tuple[int, int, int]
INK, GREY, RULE, WASH = (28, 32, 40), (107, 114, 128), (214, 219, 226), (246, 247, 249)
GREEN, RED, BLUE = (22, 122, 74), (176, 32, 42), (32, 74, 135)

# Unicode's classes of letters that are read from the right: Hebrew and the like, and Arabic.
FROM_THE_RIGHT = ("R", "AL")
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

# Millimeters.
MARGIN, LABEL, LINE = 20.0, 42.0, 5.0


@dataclass(frozen=True)
class Stamp:
    """What state it is in, in capitals, and since when."""

    word: str
    detail: str
    color: Color


@dataclass(frozen=True)
class Section:
    """A heading, then what there is of: an introduction, rows, a body in Markdown as it was shown, code."""

    heading: str
    introduction: str = ""
    rows: tuple[Row, ...] = ()
    body: str = ""
    code: str = ""


@dataclass(frozen=True)
class Document:
    """What to print. `created_at` goes into the file's own properties."""

    title: str
    subtitle: str
    stamp: Stamp
    created_at: datetime
    footer: str
    sections: tuple[Section, ...]


class Sheet(FPDF):
    """An A4 document with the footer on every page."""

    def __init__(self, footer_text: str, created_at: datetime) -> None:
        super().__init__(format="A4")
        self.footer_text = footer_text
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 4)
        self.set_creation_date(created_at)
        self.c_margin = 0
        for (family, style), file in FILES.items():
            self.add_font(family, style, FONTS / file)

    def footer(self) -> None:
        """Called by the library at each page's end."""
        self.set_y(-MARGIN)
        self.set_draw_color(*RULE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.set_font(TEXT, size=7)
        self.set_text_color(*GREY)
        self.set_y(-MARGIN + 2)
        self.cell(self.epw / 2, 4, self.footer_text)
        self.cell(self.epw / 2, 4, f"Page {self.page_no()} of {{nb}}", align=Align.R)

    def drawable(self, text: str) -> str:
        """The text with what the current font lacks written as its code point: nothing is lost without a sign."""
        letters = self.current_font.cmap if isinstance(self.current_font, TTFFont) else {}
        return "".join(each if each == "\n" or ord(each) in letters else f"[U+{ord(each):04X}]" for each in text)

    def laid_out(self, text: str, width: float = 0) -> str:
        """The drawable text; where some is read from the right, in lines that fit, each as it is drawn.

        The library does that only together with a shaping engine; Arabic letters stand unjoined without one.
        """
        text = self.drawable(text)
        if not any(bidirectional(each) in FROM_THE_RIGHT for each in text):
            return text
        drawn: list[str] = []
        for paragraph in text.split("\n"):
            lines = self.multi_cell(width, LINE, paragraph, dry_run=True, output=MethodReturnValue.LINES)
            base = auto_detect_base_direction(paragraph)
            drawn += ["".join(_drawn(BidiParagraph(line, base))) for line in cast("list[str]", lines)]
        return "\n".join(drawn)

    def paragraph(self, text: str, *, family: str = TEXT, style: str = "", size: float = 9, color: Color = INK) -> None:
        """Text over the whole width, then the next line."""
        self.set_font(family, style, size)
        self.set_text_color(*color)
        self.multi_cell(0, size * 0.55, self.laid_out(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _drawn(line: BidiParagraph) -> Iterator[str]:
    """Its characters from the left; what is read from the right has its brackets the other way round."""
    for each in line.reorder_resolved_levels():
        yield each.character.translate(MIRRORED) if each.embedding_level % 2 else each.character


def print_document(document: Document) -> bytes:
    """The document as a PDF."""
    sheet = Sheet(document.footer, document.created_at)
    sheet.set_title(document.title)
    sheet.add_page()
    _print_head(sheet, document)
    for section in document.sections:
        _print_section(sheet, section)
    return bytes(sheet.output())


def _print_head(sheet: Sheet, document: Document) -> None:
    top = sheet.get_y()
    _print_stamp(sheet, document.stamp, top)
    sheet.set_xy(MARGIN, top)
    sheet.set_right_margin(MARGIN + 62)
    sheet.paragraph(document.title, style="B", size=17)
    sheet.ln(1.5)
    sheet.paragraph(document.subtitle, size=9, color=GREY)
    sheet.set_right_margin(MARGIN)
    sheet.set_y(max(sheet.get_y(), top + 16))


def _print_stamp(sheet: Sheet, stamp: Stamp, top: float) -> None:
    width, height = 56.0, 14.0
    left = sheet.w - MARGIN - width
    sheet.set_draw_color(*stamp.color)
    sheet.set_line_width(0.6)
    sheet.rect(left, top, width, height, round_corners=True, corner_radius=2)
    sheet.set_line_width(0.2)
    sheet.set_text_color(*stamp.color)
    sheet.set_font(TEXT, "B", 12)
    sheet.set_xy(left, top + 2)
    sheet.cell(width, 6, stamp.word, align=Align.C)
    sheet.set_font(TEXT, size=7)
    sheet.set_xy(left, top + 8)
    sheet.cell(width, 4, stamp.detail, align=Align.C)


def _print_section(sheet: Sheet, section: Section) -> None:
    sheet.ln(6)
    # A heading never stands alone at a page's end.
    if sheet.will_page_break(24):
        sheet.add_page()
    sheet.paragraph(section.heading, style="B", size=11, color=BLUE)
    sheet.ln(1)
    _rule(sheet)
    sheet.ln(2)
    if section.introduction:
        sheet.paragraph(section.introduction, size=8, color=GREY)
        sheet.ln(2)
    for label, value in section.rows:
        _print_row(sheet, label, value)
    if section.body:
        _print_body(sheet, section.body)
    if section.code:
        _print_code(sheet, section.code)


def _rule(sheet: Sheet) -> None:
    sheet.set_draw_color(*RULE)
    sheet.line(MARGIN, sheet.get_y(), sheet.w - MARGIN, sheet.get_y())


def _print_row(sheet: Sheet, label: str, value: str) -> None:
    is_hash = len(value) == 64 and value.isalnum()
    family, size = (CODE, 7.5) if is_hash else (TEXT, 9)
    sheet.set_font(family, size=size)
    width = sheet.epw - LABEL
    text = sheet.laid_out(value, width)
    height = sheet.multi_cell(width, LINE, text, dry_run=True, output=MethodReturnValue.HEIGHT)
    if sheet.will_page_break(cast("float", height)):
        sheet.add_page()
    top = sheet.get_y()
    sheet.set_font(TEXT, size=8)
    sheet.set_text_color(*GREY)
    sheet.cell(LABEL, LINE, label)
    sheet.set_font(family, size=size)
    sheet.set_text_color(*INK)
    sheet.set_xy(MARGIN + LABEL, top)
    sheet.multi_cell(0, LINE, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _print_body(sheet: Sheet, body: str) -> None:
    """Headings of the Markdown stand out; the rest is printed as it is, since every character of it counts."""
    sheet.ln(3)
    for block in body.strip().split("\n\n"):
        marks = len(block) - len(block.lstrip("#"))
        if 1 <= marks <= 6 and block[marks : marks + 1] == " " and "\n" not in block:
            sheet.paragraph(block[marks + 1 :], style="B", size=12 - marks)
        else:
            sheet.paragraph(block, size=9)
        sheet.ln(2)


def _print_code(sheet: Sheet, code: str) -> None:
    sheet.ln(2)
    sheet.set_fill_color(*WASH)
    sheet.set_font(CODE, size=7)
    sheet.set_text_color(*INK)
    text = sheet.drawable(code)
    sheet.multi_cell(0, 3.8, text, align=Align.L, fill=True, padding=2, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN)
