"""Who is asking: a merchant's key, a customer's token, or Assent itself."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from billing.tables import KeyScope

CUSTOMER = "CUSTOMER"
ASSENT = "ASSENT"
MERCHANT = "merchant"


@dataclass(frozen=True)
class Caller:
    """`name` goes into records.

    `scope` is a key's; `customer_id` a token's, which acts as that customer and nobody else.
    """

    name: str
    scope: KeyScope | None = None
    customer_id: UUID | None = None
    ip_address: str | None = None
    user_agent: str | None = None

    @classmethod
    def assent(cls) -> Self:
        """Assent, finishing or stopping something by itself."""
        return cls(ASSENT, KeyScope.ADMIN)

    @property
    def is_customer(self) -> bool:
        """Whether this is a customer's token."""
        return self.customer_id is not None

    @property
    def party(self) -> str:
        """The acting party of an operation: one for all of the merchant's keys, one for each customer."""
        return str(self.customer_id) if self.customer_id else MERCHANT

    def may_see(self, customer_id: UUID | None) -> bool:
        """Whether what belongs to this customer exists for the caller."""
        return self.customer_id is None or self.customer_id == customer_id
