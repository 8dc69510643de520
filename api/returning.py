"""The page that a customer comes back to in first runs. It proves nothing; it follows the session."""

from typing import Any

import jinja2
import strawberry
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.context import context_for
from billing.callers import Caller
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import KeyScope

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

# Whoever has a session's id was sent to it by Stripe, and sees what the session is about and no more.
VISITOR = Caller("VISITOR", scope=KeyScope.READ)
QUERY = """
query ($id: String!) {
  session: byStripeId(stripeId: $id) {
    ... on SetupSession { status setupStatus paymentMethod { label } }
  }
}
"""


class Returning:
    """The page and what it asks for."""

    def __init__(
        self, settings: Settings, runtime: Runtime, schema: strawberry.Schema, templates: jinja2.Environment
    ) -> None:
        self.settings, self.runtime, self.schema, self.templates = settings, runtime, schema, templates

    async def page(self, request: Request) -> Response:
        """The session's state as it is now; a script keeps it up to date."""
        session_id = request.query_params.get("session_id", "")
        text = self.templates.get_template("return.html").render(
            session_id=session_id, session=await self._find(request, session_id)
        )
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

    async def status(self, request: Request) -> Response:
        """The session as JSON, 404 where it is not known."""
        session = await self._find(request, request.query_params.get("session_id", ""))
        return JSONResponse(session, 200 if session else 404)

    async def _find(self, request: Request, session_id: str) -> dict[str, Any] | None:
        if not session_id.startswith("cs_"):
            return None
        result = await self.schema.execute(
            QUERY, {"id": session_id}, context_for(self.settings, self.runtime, request, VISITOR)
        )
        session = (result.data or {}).get("session")
        if not session:
            return None
        return {**session, "paymentMethod": (session["paymentMethod"] or {}).get("label")}
