"""Payments: charges of saved methods within a consent, what is given back, and open invoices paid at once."""

from billing.payments.charging import CHARGE, Charged, NewCharge, charge
from billing.payments.giving_up import GIVE_UP
from billing.payments.reading import get

__all__ = [
    "CHARGE",
    "GIVE_UP",
    "Charged",
    "NewCharge",
    "charge",
    "get",
]
