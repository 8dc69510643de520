"""Evidence: how an agreement was given, and who says so."""

from dataclasses import dataclass
from ipaddress import ip_address as parse_ip_address
from typing import Self

from billing.callers import CUSTOMER, Caller
from billing.errors import Problem
from billing.input import check_text

LONGEST_USER_AGENT, LONGEST_LOCALE = 1024, 35


@dataclass(frozen=True)
class Evidence:
    """`observed` where Assent itself saw address and device, else a merchant's server reported them."""

    ip_address: str | None
    user_agent: str | None
    locale: str | None
    channel: str
    recorded_by: str
    observed: bool

    @classmethod
    def of(
        cls, caller: Caller, *, ip_address: str | None, user_agent: str | None, locale: str | None, channel: str
    ) -> Self:
        """What the request of a customer's token shows, or for a key what it reports and `check` has found right."""
        if caller.is_customer:
            device = caller.user_agent[:LONGEST_USER_AGENT] if caller.user_agent else None
            return cls(caller.ip_address, device, locale, channel, CUSTOMER, observed=True)
        address = str(parse_ip_address(ip_address)) if ip_address else None
        return cls(address, user_agent, locale, channel, caller.name, observed=False)


def check(caller: Caller, *, ip_address: str | None, user_agent: str | None, locale: str | None) -> list[Problem]:
    """What is wrong with the evidence as it came in."""
    problems = _check_text("locale", locale, LONGEST_LOCALE)
    if caller.is_customer:
        given = {"ipAddress": ip_address, "userAgent": user_agent}
        seen = "This is taken from the customer's own request; leave it out."
        return problems + [Problem(("input", field), seen) for field, value in given.items() if value is not None]
    if ip_address is not None and not _is_address(ip_address):
        problems.append(Problem(("input", "ipAddress"), "This is not an IP address, as 203.0.113.7 or 2001:db8::7."))
    return problems + _check_text("userAgent", user_agent, LONGEST_USER_AGENT)


def _check_text(field: str, value: str | None, longest: int) -> list[Problem]:
    return [] if value is None else check_text(field, value, longest=longest)


def _is_address(text: str) -> bool:
    try:
        parse_ip_address(text)
    except ValueError:
        return False
    return True
