"""Who acts in the tests of the domain."""

from billing.callers import Caller
from billing.tables import KeyScope

MERCHANT = Caller("back office", KeyScope.ADMIN)
