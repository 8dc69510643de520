"""The card numbers that mean something, as at Stripe: each says how setting it up and charging it ends."""

from dataclasses import dataclass

OUTCOMES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "do_not_honor": ("card_declined", "Your card was declined."),
    "fraudulent": ("card_declined", "Your card was declined."),
    "try_again_later": ("card_declined", "Your card was declined."),
    "payment_method_provider_decline": (
        "payment_method_provider_decline",
        "The payment method provider declined this payment. Try another payment method.",
    ),
    "payment_method_customer_decline": (
        "payment_method_customer_decline",
        "The customer declined this payment on the provider's page.",
    ),
    "payment_method_provider_timeout": (
        "payment_method_provider_timeout",
        "The payment method provider did not answer in time. Try again later.",
    ),
    "payment_intent_mandate_invalid": (
        "payment_intent_mandate_invalid",
        "The permission behind this payment method is not active any more.",
    ),
    "payment_intent_authentication_failure": (
        "payment_intent_authentication_failure",
        "The provided payment method has failed authentication. Provide another one to try again.",
    ),
    "test_mode_live_card": (
        "card_declined",
        "Your card was declined: this is a sandbox, and the number is not one of its test cards.",
    ),
}
FINAL = ("lost_card", "stolen_card", "expired_card", "fraudulent", "test_mode_live_card")
"""Trying these again is pointless."""


@dataclass(frozen=True)
class Decline:
    """Why a payment was refused."""

    reason: str

    @property
    def code(self) -> str:
        """The error's own code."""
        return OUTCOMES[self.reason][0]

    @property
    def decline_code(self) -> str | None:
        """What the bank said, in Stripe's words; None where no bank was asked."""
        return None if self.reason.startswith("payment_") else self.reason

    @property
    def message(self) -> str:
        """Words for the customer."""
        return OUTCOMES[self.reason][1]

    @property
    def final(self) -> bool:
        """Whether trying the same method again is pointless."""
        return self.reason in (*FINAL, "payment_intent_mandate_invalid")

    @property
    def advice_code(self) -> str | None:
        """What Stripe advises to do next; None where no bank was asked."""
        if self.decline_code is None:
            return None
        return "do_not_try_again" if self.final else "try_again_later"


@dataclass(frozen=True)
class TestCard:
    """A number and its fate. `asks_customer`: the bank wants to see the customer, `until_set_up` or `always`.

    `refunds`: the status that a refund to it has at first, and the one that it ends with.
    `disputed`: a payment is disputed as soon as it has succeeded, in this way and for this reason.
    `warned_of`: its bank warns of fraud instead.
    """

    number: str
    meaning: str
    brand: str = "visa"
    declines_setup: str | None = None
    declines_charge: str | None = None
    asks_customer: str | None = None
    refunds: tuple[str, str] = ("succeeded", "succeeded")
    disputed: tuple[str, str] | None = None
    warned_of: bool = False

    @property
    def setup_decline(self) -> Decline | None:
        """Why it cannot be saved."""
        return Decline(self.declines_setup) if self.declines_setup else None

    @property
    def charge_decline(self) -> Decline | None:
        """Why it cannot be charged, although it could be saved."""
        reason = self.declines_charge or self.declines_setup
        return Decline(reason) if reason else None


def _refused(number: str, reason: str, meaning: str) -> TestCard:
    return TestCard(number, meaning, declines_setup=reason)


TEST_CARDS = (
    TestCard("4242424242424242", "Visa: succeeds"),
    TestCard("5555555555554444", "Mastercard: succeeds", "mastercard"),
    TestCard("378282246310005", "American Express: succeeds", "amex"),
    TestCard("4000000000000341", "Can be saved, every charge is declined", declines_charge="generic_decline"),
    TestCard("4000002500003155", "Asks for authentication until it is set up", asks_customer="until_set_up"),
    TestCard("4000002760003184", "Asks for authentication at every payment", asks_customer="always"),
    TestCard("4000000000007726", "Succeeds; a refund is pending for a day", refunds=("pending", "succeeded")),
    TestCard("4000000000005126", "Succeeds; a refund fails after a day", refunds=("succeeded", "failed")),
    TestCard("4000000000000259", "Succeeds, and is disputed as fraudulent", disputed=("chargeback", "fraudulent")),
    TestCard(
        "4000000000002685",
        "Succeeds, and is disputed as not received",
        disputed=("chargeback", "product_not_received"),
    ),
    TestCard("4000000000001976", "Succeeds, and is inquired about", disputed=("inquiry", "fraudulent")),
    TestCard("4000000000005423", "Succeeds, and its bank warns of fraud", warned_of=True),
    _refused("4000000000000002", "generic_decline", "Declined"),
    _refused("4000000000009995", "insufficient_funds", "Declined: insufficient funds"),
    _refused("4000000000009987", "lost_card", "Declined: lost card"),
    _refused("4000000000009979", "stolen_card", "Declined: stolen card"),
    _refused("4000000000000069", "expired_card", "Declined: expired card"),
    _refused("4000000000000127", "incorrect_cvc", "Declined: incorrect security code"),
    _refused("4000000000000119", "processing_error", "Declined: processing error"),
)
BY_NUMBER = {card.number: card for card in TEST_CARDS}

TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createIssuerFraudRecord": "4000000000005423",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
}
"""Stripe's ids for payment methods that need no form."""


def luhn(number: str) -> bool:
    """Whether the check digit of a card number is right."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return len(digits) > 0 and (sum(digits[::2]) + sum(doubled)) % 10 == 0
