"""Terms: immutable texts that customers agree to; a change is a new version of the same (slug, locale)."""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import Conflict, NotAllowed, NotFound, Problem, TermsIncomplete
from billing.input import check_text, raise_problems
from billing.tables import ConsentUsage, Terms

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# BCP 47 in its usual form: language, then perhaps a script, a region, and variants.
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*")
LONGEST_TITLE, LONGEST_CLAUSE = 200, 20_000

# Versions that others may publish while one publication looks for its own number.
MOST_RACES = 100


@dataclass(frozen=True)
class Draft:
    """What a version says. Two drafts that are equal are the same version."""

    title: str
    usage: str
    permission: str
    timing: str
    amount_determination: str
    cancellation_policy: str | None

    @property
    def body(self) -> str:
        """The whole text in Markdown: the title, then the clauses as they are, in whatever language they have."""
        clauses = (self.permission, self.timing, self.amount_determination, self.cancellation_policy)
        return "\n\n".join([f"# {self.title}", *filter(None, clauses)]) + "\n"

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that the usage needs and that are blank, in GraphQL's names."""
        needed = {
            "permission": self.permission,
            "timing": self.timing,
            "amountDetermination": self.amount_determination,
        }
        if self.usage == ConsentUsage.RECURRING:
            needed["cancellationPolicy"] = self.cancellation_policy or ""
        return tuple(name for name, text in needed.items() if not text)


async def publish(
    session: AsyncSession,
    caller: Caller,
    *,
    slug: str,
    locale: str,
    title: str,
    usage: str,
    permission: str,
    timing: str,
    amount_determination: str,
    cancellation_policy: str | None,
    now: datetime,
) -> Terms:
    """The next version of (slug, locale); the current one where it says exactly this already.

    Texts are kept without surrounding blanks and with plain line ends. Raises TermsIncomplete where a clause that the
    usage needs is blank, InvalidInput, and NotAllowed for a customer's token.
    """
    if caller.is_customer:
        raise NotAllowed("Only the merchant publishes terms.")
    texts = (_tidy(each) for each in (permission, timing, amount_determination, cancellation_policy or ""))
    draft = Draft(_tidy(title), usage, *texts)
    raise_problems(_problems(slug, locale, draft))
    if draft.missing:
        raise TermsIncomplete(f"These clauses are needed and blank: {', '.join(draft.missing)}.", draft.missing)
    for _ in range(MOST_RACES):
        newest = await current(session, slug, locale)
        if newest is not None and _draft(newest) == draft:
            return newest
        version = newest.version + 1 if newest else 1
        made = await _insert(session, slug, locale, version, draft, now)
        if made is not None:
            return made
    raise Conflict("Too many versions of these terms are being published at once; publish again.")


async def _insert(
    session: AsyncSession, slug: str, locale: str, version: int, draft: Draft, now: datetime
) -> Terms | None:
    """The new version, or None where somebody else has just taken its number."""
    said = {**asdict(draft), "cancellation_policy": draft.cancellation_policy or None}
    made = Terms(
        created_at=now, slug=slug, locale=locale, version=version, body=draft.body, sha256=sha256(draft.body), **said
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return None
    return made


def sha256(body: str) -> str:
    """The hash of a text as shown, in hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


async def get(session: AsyncSession, terms_id: UUID | None, *path: str) -> Terms:
    """The version with this id. Raises NotFound at `path`."""
    found = await session.get(Terms, terms_id) if terms_id else None
    if found is None:
        raise NotFound("There are no such terms.", path or ("input", "termsId"))
    return found


async def current(session: AsyncSession, slug: str, locale: str) -> Terms | None:
    """The highest version."""
    statement = select(Terms).where(Terms.slug == slug, Terms.locale == locale).order_by(col(Terms.version).desc())
    return (await session.exec(statement.limit(1))).first()


async def is_current(session: AsyncSession, terms: Terms) -> bool:
    """Whether no newer version of the same (slug, locale) has been published."""
    newest = await current(session, terms.slug, terms.locale)
    return newest is not None and newest.id == terms.id


def says_what_it_hashes(terms: Terms) -> bool:
    """Whether clauses, body and hash still belong together, as they did when it was published."""
    draft = _draft(terms)
    return terms.body == draft.body and terms.sha256 == sha256(draft.body)


def _draft(terms: Terms) -> Draft:
    return Draft(
        terms.title,
        terms.usage,
        terms.permission,
        terms.timing,
        terms.amount_determination,
        terms.cancellation_policy or "",
    )


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _problems(slug: str, locale: str, draft: Draft) -> list[Problem]:
    problems = check_text("title", draft.title, longest=LONGEST_TITLE)
    if "\n" in draft.title:
        problems.append(Problem(("input", "title"), "A title is one line."))
    if not SLUG.fullmatch(slug):
        named = "A slug is 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit, as amazon-pay."
        problems.append(Problem(("input", "slug"), named))
    if not LOCALE.fullmatch(locale):
        problems.append(Problem(("input", "locale"), "A locale is a BCP 47 tag in its usual form, as en or pt-BR."))
    clauses = {
        "permission": draft.permission,
        "timing": draft.timing,
        "amountDetermination": draft.amount_determination,
        "cancellationPolicy": draft.cancellation_policy,
    }
    for field, text in clauses.items():
        problems += check_text(field, text, longest=LONGEST_CLAUSE) if text else []
    return problems
