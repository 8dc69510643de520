"""What a walk over Stripe's objects is to do, and how far it has come; both are kept in its row."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from billing.errors import InvalidInput
from billing.recovery.lists import LISTS
from billing.stripe_gateway import JSONObject

RECONCILE, IMPORT = "reconcile", "import"
# https://docs.stripe.com/api/metadata
LONGEST_KEY = 40


@dataclass(frozen=True)
class Plan:
    """`kinds` are Stripe's words, in the order in which they are walked. `since`: only what was made then or later.

    `dry_run` writes nothing but how far it has come. `external_id_key` is where an import finds externalIds.
    """

    name: str
    kinds: tuple[str, ...]
    since: datetime | None = None
    dry_run: bool = False
    external_id_key: str | None = None

    @property
    def looks_for_gone(self) -> bool:
        """Whether what is known and not listed is asked for."""
        return self.name == RECONCILE

    def dump(self) -> JSONObject:
        """As JSON."""
        since = self.since.isoformat() if self.since else None
        return {**asdict(self), "kinds": list(self.kinds), "since": since}


@dataclass
class Place:
    """Numbers of the type and of its list, and the last object, or customer, that is done with.

    `newest` is the first that the list showed; `listed` says that all lists of the type are done.
    """

    kind: int = 0
    list: int = 0
    after: str | None = None
    newest: str | None = None
    listed: bool = False

    @classmethod
    def load(cls, data: JSONObject) -> Self:
        """From what was saved."""
        return cls(**data)


def reconciliation(kinds: list[str], since: datetime | None, *, dry_run: bool) -> Plan:
    """Over these types, or all. Raises InvalidInput for one that there is not."""
    unknown = [each for each in kinds if each not in LISTS]
    if unknown:
        raise InvalidInput(f"--only {unknown[0]}: there is no such kind; the kinds are {', '.join(LISTS)}.")
    chosen = tuple(each for each in LISTS if not kinds or each in kinds)
    return Plan(RECONCILE, chosen, since, dry_run)


def first_import(external_id_key: str | None) -> Plan:
    """Of everything. Raises InvalidInput for a key that metadata cannot have."""
    key = external_id_key
    if key is not None and (not key.strip() or len(key) > LONGEST_KEY or "[" in key or "]" in key):
        message = f"--external-id-key: a key of metadata has 1 to {LONGEST_KEY} characters and no square brackets."
        raise InvalidInput(message)
    return Plan(IMPORT, tuple(LISTS), external_id_key=key)
