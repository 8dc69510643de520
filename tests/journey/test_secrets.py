"""No secret is written to the log in a whole journey with its mishaps, and none of ours is told to anybody."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from tests.journey.conftest import joined
from tests.journey.test_journey import ALWAYS_ASKS
from tests.journey.walking import DOCS, Journey
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox
from tests.running_worker import RunningWorker

# PostgreSQL trusts everybody in tests, and takes any.
PASSWORD = token_hex(8)
STRIPE_KEY, TOKEN_SECRET, METRICS_TOKEN = f"sk_test_{token_hex(12)}", token_hex(32), token_hex(32)
CREATE_TOKEN = "mutation T($id: ID!) { createCustomerToken(input: {customerId: $id}) { token error { message } } }"
CUSTOMER = "query C($id: ID!) { customer(id: $id) { id } }"


@pytest.fixture
def assent(database_url: str, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningAssent]:
    """With a secret in every place that takes one."""
    url = database_url.replace("assent@", f"assent:{PASSWORD}@")
    own = {"STRIPE_API_KEY": STRIPE_KEY, "TOKEN_SECRET": TOKEN_SECRET, "METRICS_TOKEN": METRICS_TOKEN}
    with joined(RunningAssent(tmp_path, url, sandbox.base_url, **own), sandbox) as running:
        yield running


@pytest.fixture
def answers(assent: RunningAssent) -> list[str]:
    """Every answer of its, with its headers, as they come."""
    heard: list[str] = []

    def hear(response: httpx.Response) -> None:
        response.read()
        heard.append(f"{response.headers}\n{response.text}")

    assent._client.event_hooks["response"].append(hear)
    return heard


def test_no_secret_is_logged_and_none_of_ours_is_told(
    assent: RunningAssent, sandbox: RunningSandbox, answers: list[str], tmp_path: Path
) -> None:
    with RunningWorker(tmp_path, assent.settings) as worker:
        subscriber, buyer = subscribe(assent, sandbox), be_asked(assent, sandbox)
        tokens = [use_token(each) for each in (subscriber, buyer)]
        meet_mishaps(buyer)
        assent.stop()
    log = assent.log + worker.log
    ours = [STRIPE_KEY, TOKEN_SECRET, METRICS_TOKEN, PASSWORD, assent.settings["STRIPE_WEBHOOK_SECRET"], assent.key]
    theirs = client_secrets(subscriber) + client_secrets(buyer)
    assert "chargePaymentMethod" in log
    assert len(answers) > 20
    assert any(secret in answer for secret in theirs for answer in answers), "its own customer has to have it"
    assert [secret for secret in (*ours, *theirs, *tokens) if secret in log] == []
    assert [secret for secret in ours if any(secret in answer for answer in answers)] == []


def subscribe(assent: RunningAssent, sandbox: RunningSandbox) -> Journey:
    journey = Journey(assent, sandbox)
    journey.begin()
    page = journey.open_page()
    session = journey.answers["createSetupSession"]["setupSession"]["id"]
    with assent.live(journey.document("createSetupSession"), {"id": session}, name="SavedMethod") as pushed:
        next(pushed)
        sandbox.fail_amazon_pay(page)
        sandbox.authorize_amazon_pay(page)
        next(each for each in pushed if each["setupSession"]["paymentMethod"])
    journey.session()
    journey.take("createSubscription")
    journey.documents = DOCS / "life"
    for mutation in ("previewSubscription", "recordConsent", "updateSubscription", "refundPayment"):
        journey.take(mutation)
    return journey


def be_asked(assent: RunningAssent, sandbox: RunningSandbox) -> Journey:
    """Charged with a card whose bank asks: the answer has the secret with which the customer confirms."""
    journey = Journey(assent, sandbox)
    journey.begin_charging()
    journey.save_card(ALWAYS_ASKS)
    assert journey.charge()["error"]["payment"]["nextAction"]["clientSecret"]
    return journey


def use_token(journey: Journey) -> str:
    """A token of the customer's own, over HTTP and over a socket."""
    customer = {"id": journey.answers["createCustomer"]["customer"]["id"]}
    token = str(journey.assent.graphql(CREATE_TOKEN, customer)["createCustomerToken"]["token"])
    assert journey.assent.graphql(CUSTOMER, customer, token=token)["customer"] == customer
    assert journey.assent.post(CUSTOMER, customer, token=token[:-1]).status_code == httpx.codes.UNAUTHORIZED
    return token


def meet_mishaps(journey: Journey) -> None:
    """What is logged with warnings and tracebacks."""
    assent, sandbox = journey.assent, journey.sandbox
    assert assent.deliver(b"{}", "t=1,v1=0").status_code == httpx.codes.BAD_REQUEST
    sandbox.control("weather/requests", what="server_error", path="/v1/payment_intents", times=3)
    journey.charge("1.00", key="fault")
    sandbox.control("weather/requests", what="close", path="/v1/payment_intents", times=3)
    journey.charge("1.00", key="silence")
    sandbox.control("weather/clear")
    with httpx.Client(base_url=assent.base_url, trust_env=False) as browser:
        for path in (f"/documents/{TOKEN_SECRET}", f"/return?key={assent.key}", f"/?token={METRICS_TOKEN}"):
            browser.get(path)
        assert browser.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).is_success


def client_secrets(journey: Journey) -> list[str]:
    stripe, whose = journey.sandbox.client().v1, journey.customer_stripe_id()
    intents, setups = stripe.payment_intents.list({"customer": whose}), stripe.setup_intents.list({"customer": whose})
    return [str(each.client_secret) for each in intents] + [str(each.client_secret) for each in setups]
