"""What bad weather does to an API request: before its work, in place of its answer, or to the way back."""

import json
from collections.abc import Callable

from sandbox.connections import NoAnswer
from sandbox.errors import PermissionMissing, RateLimited, ServerFault, StripeError
from sandbox.weather import RequestSpell
from sandbox.work import Work

Handle = Callable[[Work], tuple[int, str]]
"""Does the work of a request; status and body of its answer."""
LIMITS = {"rate_limit": "global-rate", "lock_timeout": None}
"""The 429s, with what `Stripe-Rate-Limited-Reason` says."""


def refusal(spell: RequestSpell | None) -> StripeError | None:
    """The error of a request that does not even begin; a rate limit comes before everything else."""
    if spell and spell.what == "forbidden":
        return PermissionMissing("The provided key does not have the required permissions for this endpoint.")
    return RateLimited(spell.what) if spell and spell.what in LIMITS else None


def lost(spell: RequestSpell | None) -> NoAnswer | None:
    """What is sent in place of an answer that does not arrive."""
    if spell is None or spell.what not in ("close", "timeout"):
        return None
    return NoAnswer(spell.seconds if spell.what == "timeout" else 0.0)


def spoiled(handle: Handle, spell: RequestSpell | None) -> Handle:
    """The same work with a 500 for an answer: done all the same, or not. The key keeps the 500, as at Stripe."""
    if spell is None or spell.what != "server_error":
        return handle

    def spoil(work: Work) -> tuple[int, str]:
        fault = ServerFault("An unknown error occurred.")
        if not spell.done:
            raise fault
        handle(work)
        return fault.status, json.dumps(fault.body())

    return spoil


def headers(spell: RequestSpell | None) -> dict[str, str]:
    """What an answer says of the weather."""
    if spell is None or spell.what in ("close", "timeout"):
        return {}
    advice = {} if spell.should_retry is None else {"Stripe-Should-Retry": str(spell.should_retry).lower()}
    reason = LIMITS.get(spell.what)
    return {**advice, "Stripe-Rate-Limited-Reason": reason} if reason else advice
