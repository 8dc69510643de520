"""How a page is written: escaped templates, amounts and times as people read them, safe headers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from sandbox.money import money

FOLDER = Path(__file__).parent.parent

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # A form's answer redirects to whatever address the merchant gave, and browsers hold every hop of
        # such a redirect to form-action: naming origins here would break merchants that redirect once more.
        "content-security-policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http: https:; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        # Not no-referrer: under that a browser sends "Origin: null" with our own forms.
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
)

GOOD = "active complete delivered paid succeeded trialing won"
WAIT = (
    "incomplete needs_response open paused pending processing requires_action requires_capture requires_confirmation "
    "retrying under_review warning_needs_response warning_under_review"
)
BAD = "failed lost past_due requires_payment_method uncollectible unpaid"
TONES: Mapping[str, str] = MappingProxyType(
    {word: tone for tone, words in (("good", GOOD), ("wait", WAIT), ("bad", BAD)) for word in words.split()}
)
"""How a status is coloured; one that is not named stays grey."""


def moment(timestamp: int) -> str:
    """A Unix time in seconds as a date and a time in UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%-d %b %Y, %H:%M} UTC"


def day(timestamp: int) -> str:
    """A Unix time in seconds as its date in UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%-d %b %Y}"


def card_groups(number: str) -> str:
    """A card number in groups of four digits."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def web_address(url: object) -> bool:
    """Whether a link may lead there: only http and https, so that no merchant's value becomes a script."""
    return isinstance(url, str) and urlsplit(url).scheme in {"http", "https"}


def environment() -> Environment:
    """The templates of this package's folder, escaped, with every missing name an error."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {each.__name__: each for each in (money, moment, day, card_groups)}
    templates.globals["tones"] = TONES
    templates.tests["web_address"] = web_address
    return templates


TEMPLATES = environment()


def page(template: str, context: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
    """One page of the sandbox as an answer, with the headers that all of them carry."""
    return HTMLResponse(TEMPLATES.get_template(template).render(context), status, headers=dict(HEADERS))


def notice(
    heading: str, text: str, *, status: int, tone: str = "", back: tuple[str, str | None] = ("", None)
) -> HTMLResponse:
    """A page that says one thing, with a way back: (name, address), left out unless it is http or https."""
    name, url = back
    context = {"heading": heading, "text": text, "tone": tone, "back_name": name, "back_url": url}
    return page("notice.html", context, status=status)
