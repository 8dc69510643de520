"""How a Checkout Session ends: complete or expired."""

from sandbox import events
from sandbox.resources import customers, setup_intents
from sandbox.wire.params import Params
from sandbox.work import Object, Work


def close(work: Work, session: Object) -> Object:
    """End an open session; its SetupIntent goes with it."""
    session.update(status="expired", url=None)
    events.emit(work, "checkout.session.expired", work.save(session))
    setup_intents.cancel(work, work.get("setup_intent", session["setup_intent"]), "abandoned")
    return session


def complete(work: Work, session: Object) -> str:
    """Record that the customer is done; the address to send the browser to."""
    agreed = session["consent_collection"] or {}
    if agreed.get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    session.update(status="complete", url=None)
    events.emit(work, "checkout.session.completed", work.save(session))
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def give_customer(work: Work, session: Object, intent: Object) -> None:
    """Make the customer that `customer_creation=always` asks for, if there is none yet."""
    if session["customer"] is None and session["customer_creation"] == "always":
        customer = customers.create(work, Params({"email": session["customer_email"]}))
        session["customer"] = intent["customer"] = customer["id"]
        work.save(session)
        work.save(intent)
