"""Reads: each kind of value, the same on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.database import Database
from schema.nodes import global_id
from tests import factories as make
from tests import taken_back
from tests.factories import NOW
from tests.schema.conftest import KEY, Client, token_of

METHOD = "query ($id: ID!) { node(id: $id) { ... on PaymentMethod { __typename type status isDefault label } } }"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1500, "USD", "15.00"),
        (5, "USD", "0.05"),
        (0, "USD", "0.00"),
        (-5, "USD", "-0.05"),
        (-123456, "EUR", "-1234.56"),
        (1500, "JPY", "1500"),
        (-7, "JPY", "-7"),
        (1500, "KWD", "1.500"),
        (-1005, "KWD", "-1.005"),
        (999_999_999_999, "USD", "9999999999.99"),
    ],
)
async def test_amounts_are_exact_decimals_of_their_currency(
    client: Client, database: Database, amount: int, currency: str, shown: str
) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        invoice = await make.create_invoice(session, customer, total=amount, currency=currency)
    document = "query ($id: ID!) { invoice(id: $id) { total { amount currency } tax { amount } } }"
    data = await client.ask(document, id=global_id("invoice", invoice.id))
    assert data["invoice"] == {"total": {"amount": shown, "currency": currency}, "tax": None}


@pytest.mark.parametrize("fraction", [0, 1, 499_999, 999_999])
async def test_times_are_utc_and_cut_to_the_second(client: Client, database: Database, fraction: int) -> None:
    at = datetime(2026, 3, 29, 1, 59, 59, fraction, tzinfo=UTC)
    async with database.transaction() as session:
        terms = await make.create_terms(session, created_at=at)
    data = await client.ask(
        "query ($id: ID!) { node(id: $id) { ... on Terms { publishedAt } } }", id=f"terms_{terms.id}"
    )
    assert data["node"]["publishedAt"] == "2026-03-29T01:59:59Z"


METADATA: list[Any] = [
    {},
    {"plan": "gold"},
    {"z": "1", "a": "2"},
    {"true": "true", "quote": '"', "back": "\\", "line": "\n", "ü": "•", "null": "null"},
]


@pytest.mark.parametrize("metadata", METADATA)
async def test_metadata_is_as_it_was_stored(client: Client, database: Database, metadata: dict[str, str]) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, stripe_metadata=metadata)
    data = await client.ask("query ($id: ID!) { customer(id: $id) { metadata } }", id=f"customer_{customer.id}")
    assert data["customer"]["metadata"] == metadata
    assert list(data["customer"]["metadata"]) == list(metadata)


async def test_metadata_is_none_of_a_customers_business(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session, stripe_metadata={"margin": "high"})
        await make.create_subscription(session, customer, stripe_metadata={"margin": "high"})
        await make.create_payment(session, customer, stripe_metadata={"margin": "high"})
    document = """{ viewer {
        metadata
        subscriptions { edges { node { metadata } } }
        payments { edges { node { metadata } } }
    } }"""
    data = await client.ask(document, token_of(customer))
    assert data["viewer"] == {
        "metadata": None,
        "subscriptions": {"edges": [{"node": {"metadata": None}}]},
        "payments": {"edges": [{"node": {"metadata": None}}]},
    }


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, ("CardPaymentMethod", "CARD", "Visa •••• 4242")),
        ({"brand": "amex", "last4": "0005"}, ("CardPaymentMethod", "CARD", "American Express •••• 0005")),
        ({"brand": "newone"}, ("CardPaymentMethod", "CARD", "Newone •••• 4242")),
        ({"stripe_type": "amazon_pay"}, ("AmazonPayPaymentMethod", "AMAZON_PAY", "Amazon Pay")),
        ({"stripe_type": "link"}, ("OtherPaymentMethod", "OTHER", "Link")),
        ({"stripe_type": "us_bank_account"}, ("OtherPaymentMethod", "OTHER", "Us bank account")),
    ],
)
async def test_methods_have_a_type_and_a_label_each(
    client: Client, database: Database, changes: dict[str, Any], shown: tuple[str, str, str]
) -> None:
    async with database.transaction() as session:
        method = await make.create_payment_method(session, await make.create_customer(session), **changes)
    node = (await client.ask(METHOD, id=f"payment_method_{method.id}"))["node"]
    assert (node["__typename"], node["type"], node["label"]) == shown


@pytest.mark.parametrize(
    ("changes", "mandates", "status"),
    [
        ({}, [], "USABLE"),
        ({"exp_month": 11, "exp_year": 2026}, [], "USABLE"),
        ({"exp_month": 10, "exp_year": 2026}, [], "EXPIRED"),
        ({"exp_month": 12, "exp_year": 2025}, [], "EXPIRED"),
        ({}, ["inactive"], "MANDATE_INACTIVE"),
        ({}, ["active"], "USABLE"),
        ({"detached_at": NOW}, ["inactive"], "DETACHED"),
    ],
)
async def test_methods_say_whether_they_can_be_charged(
    client: Client, database: Database, changes: dict[str, Any], mandates: list[str], status: str
) -> None:
    async with database.transaction() as session:
        method = await make.create_payment_method(session, await make.create_customer(session), **changes)
        for each in mandates:
            await make.create_mandate(session, method, status=each)
    assert (await client.ask(METHOD, id=f"payment_method_{method.id}"))["node"]["status"] == status


async def test_one_method_is_the_default(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        chosen, other = [await make.create_payment_method(session, customer) for _ in range(2)]
        customer.default_payment_method_stripe_id = chosen.stripe_id
    document = "{ viewer { defaultPaymentMethod { id } paymentMethods { edges { node { id isDefault } } } } }"
    viewer = (await client.ask(document, token_of(customer)))["viewer"]
    assert viewer["defaultPaymentMethod"] == {"id": f"payment_method_{chosen.id}"}
    shown = {each["node"]["id"]: each["node"]["isDefault"] for each in viewer["paymentMethods"]["edges"]}
    assert shown == {f"payment_method_{chosen.id}": True, f"payment_method_{other.id}": False}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "ACTIVE"),
        ({"expires_at": NOW + timedelta(seconds=1)}, "ACTIVE"),
        ({"expires_at": NOW}, "EXPIRED"),
        ({"revoked_at": NOW, "expires_at": NOW}, "REVOKED"),
    ],
)
async def test_consents_stand_or_do_not(
    client: Client, database: Database, changes: dict[str, Any], status: str
) -> None:
    async with database.transaction() as session:
        consent = await make.create_consent(session, await make.create_customer(session), **changes)
    document = "query ($id: ID!) { node(id: $id) { ... on Consent { status } } }"
    assert (await client.ask(document, id=f"consent_{consent.id}"))["node"] == {"status": status}


@pytest.mark.parametrize(("recorded_by", "shown"), [("CUSTOMER", "CUSTOMER"), ("back office of Jane Doe", "MERCHANT")])
async def test_customers_are_not_told_which_key_recorded_a_consent(
    client: Client, database: Database, recorded_by: str, shown: str
) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        consent = await make.create_consent(session, customer, recorded_by=recorded_by)
    document = "query ($id: ID!) { node(id: $id) { ... on Consent { evidence { recordedBy } } } }"
    for caller, told in ((KEY, recorded_by), (token_of(customer), shown)):
        data = await client.ask(document, caller, id=global_id("consent", consent.id))
        assert data["node"]["evidence"]["recordedBy"] == told


async def test_a_scope_without_limits_is_null_where_there_is_none(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        consent = await make.create_consent(
            session,
            await make.create_customer(session),
            usage="UNSCHEDULED",
            interval_unit=None,
            interval_count=None,
            currency=None,
            maximum_amount=None,
        )
    scope = """usage interval { unit count } currency maximumAmount { amount } monthlyMaximum { amount }
        products { id } maximumSubscriptions"""
    document = "query ($id: ID!) { node(id: $id) { ... on Consent { scope { " + scope + " } } } }"
    assert (await client.ask(document, id=f"consent_{consent.id}"))["node"]["scope"] == {
        "usage": "UNSCHEDULED",
        "interval": None,
        "currency": None,
        "maximumAmount": None,
        "monthlyMaximum": None,
        "products": None,
        "maximumSubscriptions": 1,
    }


@pytest.mark.parametrize(("word", "shown"), [("past_due", "PAST_DUE"), ("active", "ACTIVE"), ("newfangled", "OTHER")])
async def test_words_of_stripes_that_are_not_known_are_other(
    client: Client, database: Database, word: str, shown: str
) -> None:
    async with database.transaction() as session:
        subscription = await make.create_subscription(session, await make.create_customer(session), status=word)
    document = "query ($id: ID!) { subscription(id: $id) { status stripeStatus pause { since } } }"
    data = await client.ask(document, id=f"subscription_{subscription.id}")
    assert data["subscription"] == {"status": shown, "stripeStatus": word, "pause": None}


async def test_what_checkout_offers_is_told_in_our_words(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        consent = await make.create_consent(session, customer)
        offered = ["link", "amazon_pay", "card"]
        setup = await make.create_setup_session(session, customer, consent, offered_types=offered)
    document = (
        "query ($id: ID!) { setupSession(id: $id) { a: offeredTypes offeredTypes url setupStatus failure { code } } }"
    )
    data = await client.ask(document, id=f"setup_session_{setup.id}")
    assert data["setupSession"] == {
        "a": ["CARD", "AMAZON_PAY"],
        "offeredTypes": ["CARD", "AMAZON_PAY"],
        "url": setup.url,
        "setupStatus": None,
        "failure": None,
    }


async def test_a_closed_session_leads_nowhere_and_says_why_it_failed(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        intent = await make.create_setup_intent(
            session, customer, failure_code="setup_attempt_failed", failure_message="Declined."
        )
        setup = await make.create_setup_session(
            session,
            customer,
            await make.create_consent(session, customer),
            status="expired",
            setup_intent_stripe_id=intent.stripe_id,
        )
    document = "query ($id: ID!) { setupSession(id: $id) { status setupStatus url failure { code message } } }"
    data = await client.ask(document, token_of(customer), id=f"setup_session_{setup.id}")
    assert data["setupSession"] == {
        "status": "EXPIRED",
        "setupStatus": "REQUIRES_PAYMENT_METHOD",
        "url": None,
        "failure": {"code": "setup_attempt_failed", "message": "Declined."},
    }


async def test_customers_hear_of_declines_in_generic_words(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        payment = await make.create_payment(
            session,
            customer,
            status="requires_payment_method",
            failure_code="card_declined",
            failure_decline_code="insufficient_funds",
            failure_message="Your card has insufficient funds.",
        )
    document = "query ($id: ID!) { payment(id: $id) { failure { code declineCode message retryable } } }"
    node = f"payment_{payment.id}"
    assert (await client.ask(document, id=node))["payment"]["failure"] == {
        "code": "card_declined",
        "declineCode": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "retryable": True,
    }
    assert (await client.ask(document, token_of(customer), id=node))["payment"]["failure"] == {
        "code": "payment_declined",
        "declineCode": None,
        "message": "The payment was declined. Use another payment method, or ask your bank.",
        "retryable": True,
    }


async def test_only_the_newest_version_of_terms_is_current(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        for locale, version in (("en", 1), ("en", 2), ("de", 1)):
            await make.create_terms(session, slug="membership", locale=locale, version=version)
    document = """query ($only: Boolean! = false) {
        terms(slug: "membership", currentOnly: $only) { edges { node { locale version isCurrent } } }
        currentTerms(slug: "membership") { locale version isCurrent }
        de: currentTerms(slug: "membership", locale: "de") { version }
        none: currentTerms(slug: "other") { version }
    }"""
    data = await client.ask(document)
    shown = [
        (each["node"]["locale"], each["node"]["version"], each["node"]["isCurrent"]) for each in data["terms"]["edges"]
    ]
    assert sorted(shown) == [("de", 1, True), ("en", 1, False), ("en", 2, True)]
    assert data["currentTerms"] == {"locale": "en", "version": 2, "isCurrent": True}
    assert (data["de"], data["none"]) == ({"version": 1}, None)
    assert len((await client.ask(document, only=True))["terms"]["edges"]) == 2


async def test_a_receipt_is_behind_a_signed_address(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        consent = await make.create_consent(session, await make.create_customer(session))
    document = "query ($id: ID!) { node(id: $id) { ... on Consent { receipt { url mediaType expiresAt } } } }"
    found = (await client.ask(document, id=f"consent_{consent.id}"))["node"]["receipt"]
    assert found["url"].startswith("https://pay.example/documents/")
    assert (found["mediaType"], found["expiresAt"]) == ("application/pdf", "2026-11-23T18:10:00Z")


async def test_the_ledger_is_told_record_by_record_and_recomputed(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        consent = await make.create_consent(session, customer)
        first = await make.create_record(session, consent)
        second = await make.create_record(session, consent, sequence=2, action="REVOKED", previous_digest=first.digest)
    document = """{ viewer { consentLedger {
        length head intact brokenAt { id } records { sequence action digest previousDigest consent { id } }
    } } }"""
    node = f"consent_{consent.id}"
    assert (await client.ask(document, token_of(customer)))["viewer"]["consentLedger"] == {
        "length": 2,
        "head": second.digest,
        "intact": False,
        "brokenAt": {"id": node},
        "records": [
            {
                "sequence": 1,
                "action": "GRANTED",
                "digest": first.digest,
                "previousDigest": None,
                "consent": {"id": node},
            },
            {
                "sequence": 2,
                "action": "REVOKED",
                "digest": second.digest,
                "previousDigest": first.digest,
                "consent": {"id": node},
            },
        ],
    }


async def test_an_empty_ledger_is_intact(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
    document = "{ viewer { consentLedger { length head intact brokenAt { id } records { sequence } } } }"
    data = await client.ask(document, token_of(customer))
    empty: dict[str, Any] = {"length": 0, "head": None, "intact": True, "brokenAt": None, "records": []}
    assert data["viewer"]["consentLedger"] == empty


async def test_what_was_given_back_of_a_payment_is_told(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        payment = await make.create_payment(session, await make.create_customer(session))
        given = await taken_back.create_refund(session, payment, amount=400)
        await taken_back.create_refund(
            session, payment, amount=300, status="pending", reason="expired_uncaptured_charge"
        )
        await taken_back.create_refund(session, payment, amount=200, status="failed", reason=None)
        await taken_back.create_refund(session, await make.create_payment(session, await make.create_customer(session)))
    document = """query ($id: ID!) { payment(id: $id) {
        amountRefunded { amount currency } refunds { status reason amount { amount } payment { id } }
    } }"""
    shown = (await client.ask(document, id=f"payment_{payment.id}"))["payment"]
    assert shown["amountRefunded"] == {"amount": "7.00", "currency": "USD"}
    assert [(each["status"], each["reason"], each["amount"]["amount"]) for each in shown["refunds"]] == [
        ("SUCCEEDED", "REQUESTED_BY_CUSTOMER", "4.00"),
        ("PENDING", None, "3.00"),
        ("FAILED", None, "2.00"),
    ]
    assert {each["payment"]["id"] for each in shown["refunds"]} == {f"payment_{payment.id}"}
    document = "query ($id: ID!) { node(id: $id) { ... on Refund { stripeId } } }"
    assert (await client.ask(document, id=f"refund_{given.id}"))["node"] == {"stripeId": given.stripe_id}


@pytest.mark.parametrize(
    ("status", "code", "waits"),
    [
        ("requires_action", None, True),
        ("requires_payment_method", "authentication_required", True),
        ("requires_payment_method", "card_declined", False),
        ("canceled", "authentication_required", False),
        ("succeeded", None, False),
    ],
)
async def test_a_customer_is_told_how_to_confirm_while_there_is_something_to_confirm(
    client: Client, database: Database, status: str, code: str | None, *, waits: bool
) -> None:
    async with database.transaction() as session:
        payment = await make.create_payment(
            session,
            await make.create_customer(session),
            status=status,
            failure_code=code,
            client_secret="pi_1_secret",
            confirm_by=NOW,
        )
    document = "query ($id: ID!) { payment(id: $id) { nextAction { url clientSecret expiresAt } } }"
    shown = (await client.ask(document, id=f"payment_{payment.id}"))["payment"]["nextAction"]
    action = {"url": None, "clientSecret": "pi_1_secret", "expiresAt": "2026-11-23T18:00:00Z"}
    assert shown == (action if waits else None)
