"""The journey as docs/journey tells it: its documents, sent one after the other, each answer filling in the next."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.running_assent import RunningAssent, eventually
from tests.running_sandbox import RunningSandbox

DOCS = Path(__file__).parent.parent.parent / "docs"
MADE_ONCE = ("idempotencyKey", "externalId", "slug")
"""What the documents say once for everybody, and each test has to say for itself."""

NOTHING: dict[str, list[str]] = {"subscriptions": [], "invoices": [], "payments": []}
PAID = {"subscriptions": ["active"], "invoices": ["paid"], "payments": ["succeeded"]}
TAKEN_BACK = {"subscriptions": ["canceled"], "invoices": ["void"], "payments": ["canceled"]}
"""What a customer has at Stripe of a subscription that was never begun, that was paid, that was not."""

SESSION = """
query Session($id: ID!) {
  setupSession(id: $id) { status setupStatus url failure { code message } paymentMethod { id label status } }
}
"""


CHARGE = """
mutation Charge($input: ChargePaymentMethodInput!) {
  chargePaymentMethod(input: $input) {
    payment { id status amount { amount currency } }
    error {
      __typename
      message
      ... on ConsentScopeExceeded { required { maximumAmount { amount } monthlyMaximum { amount } } }
      ... on PaymentDeclined { failure { code declineCode retryable } payment { status } }
      ... on AuthenticationRequired { payment { id nextAction { url clientSecret expiresAt } } }
    }
  }
}
"""


class Journey:
    """`answers` holds the last payload of each mutation, by its name, and the setup session as last seen.

    `documents` is the folder whose documents are sent.
    """

    def __init__(self, assent: RunningAssent, sandbox: RunningSandbox) -> None:
        self.assent, self.sandbox = assent, sandbox
        self.documents = DOCS / "journey"
        self.answers: dict[str, Any] = {}
        self._mark = uuid4().hex

    def begin(self, **consent: Any) -> None:
        """As far as the consent."""
        for mutation in ("publishTerms", "createProduct", "createPrice", "createCustomer"):
            self.take(mutation)
        self.take("recordConsent", **consent)

    def begin_charging(self, **scope: Any) -> None:
        """As far as a consent to charges of at most 20.00 USD, at no interval."""
        self.take("publishTerms", usage="UNSCHEDULED")
        self.take("createCustomer")
        limits = {"currency": "USD", "maximumAmount": {"amount": "20.00", "currency": "USD"}, **scope}
        self.take("recordConsent", scope={"usage": "UNSCHEDULED", **limits})

    def charge(self, amount: str = "15.00", *, key: str = "charge") -> Any:
        """One payment with the saved method; the payload, whatever came of it."""
        method = self.answers["setupSession"]["paymentMethod"]["id"]
        money = {"amount": amount, "currency": "USD"}
        given = {"paymentMethodId": method, "amount": money, "idempotencyKey": f"{key}-{self._mark}"}
        return self.assent.graphql(CHARGE, {"input": given})["chargePaymentMethod"]

    def take(self, mutation: str, **changes: Any) -> Any:
        """One step, which must succeed; its payload. `changes` replace fields of the document's own input."""
        payload = self.attempt(mutation, **changes)
        assert payload["error"] is None, payload["error"]
        return payload

    def attempt(self, mutation: str, **changes: Any) -> Any:
        """The same, whatever comes of it."""
        answer = self.assent.graphql(self.document(mutation), self.input(mutation, **changes), name=_capital(mutation))
        self.answers[mutation] = answer[mutation]
        return answer[mutation]

    def document(self, mutation: str) -> str:
        """What the documentation says to send."""
        return self._file(mutation, "graphql").read_text()

    def input(self, mutation: str, **changes: Any) -> dict[str, Any]:
        """Its variables, filled in from the answers so far."""
        given = self.input_as_written(mutation)
        for name in MADE_ONCE:
            if name in given:
                given[name] = f"{given[name]}-{self._mark}"
        return {"input": self._filled({**given, **changes})}

    def input_as_written(self, mutation: str) -> dict[str, Any]:
        """The same with its placeholders, as the documentation shows it."""
        return dict(json.loads(self._file(mutation, "json").read_text())["input"])

    def scope(self) -> dict[str, Any]:
        """What the customer consents to in the documentation."""
        return dict(self.input_as_written("recordConsent")["scope"])

    def open_page(self, **changes: Any) -> str:
        """The hosted page; Stripe's id of its session."""
        self.take("createSetupSession", **changes)
        return str(self.session("stripeCheckoutSessionId")["stripeCheckoutSessionId"])

    def session(self, *more: str) -> Any:
        """The setup session as it is now."""
        document = SESSION.replace("{ status", f"{{ {' '.join(more)} status")
        found = self.assent.graphql(document, {"id": self.answers["createSetupSession"]["setupSession"]["id"]})
        self.answers["setupSession"] = found["setupSession"]
        return found["setupSession"]

    def ended(self, status: str) -> Any:
        """The session, once a webhook has told that it is over."""
        return eventually(lambda: found if (found := self.session())["status"] == status else None)

    def save_card(self, number: str = "4242424242424242") -> Any:
        """A card, entered on a new page; the method that came of it."""
        page = self.open_page()
        answer = self.sandbox.enter_card(page, number)
        if "/challenge/" in answer.headers["location"]:
            self.sandbox.press(answer.headers["location"], "Complete")
        return self.saved()

    def saved(self) -> Any:
        """The method, once a webhook has told of it."""
        return eventually(lambda: self.ended("COMPLETE")["paymentMethod"])

    def at_stripe(self) -> dict[str, dict[str, str]]:
        """What the customer has there that is about money: the status of each by its id."""
        stripe, whose = self.sandbox.client().v1, self.customer_stripe_id()
        found: dict[str, Iterable[Any]] = {
            "subscriptions": stripe.subscriptions.list({"customer": whose, "status": "all"}).data,
            "invoices": stripe.invoices.list({"customer": whose, "limit": 100}).data,
            "payments": stripe.payment_intents.list({"customer": whose, "limit": 100}).data,
        }
        return {name: {each.id: each.status for each in listed} for name, listed in found.items()}

    def statuses_at_stripe(self) -> dict[str, list[str]]:
        """The same without ids."""
        return {name: sorted(each.values()) for name, each in self.at_stripe().items()}

    def customers_at_stripe(self) -> list[str]:
        """Everybody there who bears our externalId."""
        external_id = self.input("createCustomer")["input"]["externalId"]
        everybody = self.sandbox.client().v1.customers.list({"limit": 100}).auto_paging_iter()
        return [each.id for each in everybody if each.metadata and external_id in each.metadata.to_dict().values()]

    def sessions_at_stripe(self) -> list[str]:
        """The customer's hosted pages."""
        listed = self.sandbox.client().v1.checkout.sessions.list({"customer": self.customer_stripe_id()})
        return [each.id for each in listed.data]

    def customer_stripe_id(self) -> str:
        """Stripe's id of the customer."""
        return str(self.answers["createCustomer"]["customer"]["stripeId"])

    def _file(self, mutation: str, kind: str) -> Path:
        words = re.sub(r"([A-Z])", lambda letter: "-" + letter[0].lower(), mutation)
        [file] = self.documents.glob(f"*-{words}.{kind}")
        return file

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str) and (place := re.fullmatch(r"<([\w.]+)>", value)):
            return self._at(place[1])
        return value

    def _at(self, path: str) -> Any:
        found: Any = self.answers
        for name in path.split("."):
            found = found[name]
        return found


def _capital(mutation: str) -> str:
    return mutation[0].upper() + mutation[1:]
