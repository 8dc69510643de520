"""Who may use which field at all. What of it a caller sees is a matter of the compiled reads and of the domain."""

from billing.callers import Caller
from billing.tables import KeyScope
from schema.context import Context
from schema.faults import FORBIDDEN, UNAUTHENTICATED, fault

INCLUDED = {
    KeyScope.READ: {KeyScope.READ},
    KeyScope.WRITE: {KeyScope.READ, KeyScope.WRITE},
    KeyScope.ADMIN: {KeyScope.READ, KeyScope.WRITE, KeyScope.ADMIN},
}


def authorize(context: Context, scope: KeyScope = KeyScope.READ, *, customers: bool = True) -> Caller:
    """The caller, if its key has the scope, or if it is a customer's token and those are let in.

    Raises UNAUTHENTICATED without a caller, FORBIDDEN otherwise.
    """
    caller = context.caller
    if caller is None:
        raise fault(UNAUTHENTICATED, "Send a key or a customer's token: `Authorization: Bearer ...`.")
    if caller.is_customer:
        if not customers:
            raise fault(FORBIDDEN, "This is for the merchant's keys, not for a customer's token.")
        return caller
    if caller.scope is None or scope not in INCLUDED[caller.scope]:
        raise fault(FORBIDDEN, f"This needs a key of the scope {scope}.")
    return caller


def may_read(context: Context, *, customers: bool) -> bool:
    """Whether the caller may use fields of the root; `customers`: whether a customer's token may."""
    caller = context.caller
    return caller is not None and (customers if caller.is_customer else caller.scope is not None)
