"""Payments: charges of saved methods within a consent, what is given back, and open invoices paid at once."""

from billing.payments.charging import CHARGE, Charged, NewCharge, charge
from billing.payments.giving_up import GIVE_UP
from billing.payments.invoices import PAY, Paid, pay
from billing.payments.reading import get
from billing.payments.refunding import REFUND, NewRefund, refund

__all__ = [
    "CHARGE",
    "GIVE_UP",
    "PAY",
    "REFUND",
    "Charged",
    "NewCharge",
    "NewRefund",
    "Paid",
    "charge",
    "get",
    "pay",
    "refund",
]
