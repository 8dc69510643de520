"""What a walk has found, by type of object: counts, the fields that differed, and a few examples."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Self

from billing.stripe_gateway import JSONObject

EXAMPLES = 20


class Outcome(StrEnum):
    """What came of one object.

    SAME: as it is known, or known here from later. DIFFERED and ADDED: learned now. GONE: Stripe has it no more.
    FOREIGN: of a customer who is not Assent's. FAILED: could not be learned; the log says why.
    """

    SAME = "same"
    DIFFERED = "differed"
    ADDED = "added"
    GONE = "gone"
    FOREIGN = "foreign"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One object.

    `fields` are those that differed; `note` is for a person; `collides`: the externalId is somebody else's.
    """

    kind: str
    stripe_id: str
    outcome: Outcome
    fields: tuple[str, ...] = ()
    note: str | None = None
    collides: bool = False

    def __str__(self) -> str:
        told = f"{self.kind} {self.stripe_id} {self.outcome}"
        told += f": {', '.join(self.fields)}" if self.fields else ""
        return f"{told} ({self.note})" if self.note else told

    @property
    def is_worth_telling(self) -> bool:
        """Whether somebody may have to know of this one."""
        return self.note is not None or self.outcome not in (Outcome.SAME, Outcome.FOREIGN)


@dataclass
class Tally:
    """Of one type. `collisions`: customers whose externalId somebody else has already."""

    seen: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    collisions: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Counts one object."""
        self.seen += 1
        self.outcomes[finding.outcome] = self.outcomes.get(finding.outcome, 0) + 1
        self.collisions += finding.collides
        for name in finding.fields:
            self.fields[name] = self.fields.get(name, 0) + 1
        if finding.is_worth_telling and len(self.examples) < EXAMPLES:
            self.examples.append(str(finding))


@dataclass
class Report:
    """All of it."""

    kinds: dict[str, Tally] = field(default_factory=dict)

    @classmethod
    def load(cls, data: JSONObject) -> Self:
        """From what `dump` made."""
        return cls({kind: Tally(**tally) for kind, tally in data.items()})

    def dump(self) -> JSONObject:
        """As JSON."""
        return {kind: asdict(tally) for kind, tally in self.kinds.items()}

    def of(self, kind: str) -> Tally:
        """The tally of one type."""
        return self.kinds.setdefault(kind, Tally())

    def count(self, *outcomes: Outcome) -> int:
        """How many objects ended in one of these."""
        return sum(tally.outcomes.get(outcome, 0) for tally in self.kinds.values() for outcome in outcomes)

    @property
    def seen(self) -> int:
        """All of them."""
        return sum(tally.seen for tally in self.kinds.values())

    @property
    def collisions(self) -> int:
        """Customers who have their Stripe id for an externalId because theirs was taken."""
        return sum(tally.collisions for tally in self.kinds.values())
