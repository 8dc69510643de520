"""GraphiQL, for the person at this machine alone: with a key filled in and the journey in its tabs."""

import json
import re
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api import assets
from api.addresses import is_local
from api.assets import CDN, Asset
from api.media import wants_page

JOURNEY = Path(__file__).parent.parent / "docs" / "journey"
# As the documents have it; in the tabs it is the address that the page was opened at.
DEFAULT_ADDRESS = "http://127.0.0.1:8000"

POLICY = (
    f"default-src 'none'; script-src 'self' {CDN}; style-src 'self' 'unsafe-inline' {CDN}; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self' ws://localhost:* ws://127.0.0.1:*; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class GraphiQL:
    """The page, for whoever has `key`. `templates` holds it. It is `idle` where no text of a document is taken."""

    def __init__(self, templates: jinja2.Environment, key: str, *, idle: bool = False) -> None:
        self.templates, self.key, self.idle = templates, key, idle

    def is_for(self, request: Request) -> bool:
        """Whether a person at this machine has opened the address, rather than a script of some page."""
        asks = {"query", "documentId"} & request.query_params.keys()
        opened = request.method == "GET" and not asks and wants_page(request.headers)
        return opened and "origin" not in request.headers and is_local(request)

    def page(self, request: Request) -> Response:
        """The page with everything filled in."""
        address = str(request.base_url).rstrip("/")
        config = {"key": self.key, "tabs": _tabs(address)}
        missing = [asset for asset in assets.ASSETS if not asset.is_here]
        text = self.templates.get_template("graphiql.html").render(
            # Inside a script element only `<` could end what is data.
            config=json.dumps(config).replace("<", "\\u003c"),
            style=_source(assets.STYLE),
            scripts=[_source(asset) for asset in (assets.REACT, assets.REACT_DOM, assets.GRAPHIQL)],
            from_afar=bool(missing),
            idle=self.idle,
        )
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


def _source(asset: Asset) -> dict[str, str]:
    address = f"/assets/{asset.name}" if asset.is_here else asset.public_address
    return {"address": address, "integrity": asset.integrity}


def _tabs(address: str) -> list[dict[str, str]]:
    """The journey's documents, in order, each with its variables."""
    return [
        {
            "query": document.read_text(),
            "variables": document.with_suffix(".json").read_text().replace(DEFAULT_ADDRESS, address),
        }
        for document in sorted(JOURNEY.glob("*.graphql"))
        if re.match(r"\d", document.name)
    ]
