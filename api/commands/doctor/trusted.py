"""Trusted documents: whether this version's schema has room for all of them."""

from api.commands.doctor.finding import Finding, warning
from billing import trusted_documents
from billing.database import Database
from billing.settings import Settings
from schema.build import build

CHECK = "trusted_documents"


async def documents(settings: Settings, database: Database) -> Finding:
    """As the server would judge them."""
    async with database.read() as session:
        registered = await trusted_documents.list_all(session)
    what = f"trusted documents: {len(registered)}"
    ready = build(introspection=settings.in_development).trusted
    unfit = [f"{each.name} ({each.sha256[:12]}...)" for each in registered if ready.examine(each.text).errors]
    if unfit:
        cure = "`assent documents list` says why; register what their clients send now, and remove them."
        return warning(CHECK, f"{what}, {len(unfit)} not of this schema: {', '.join(unfit)}", cure)
    if settings.trusted_documents_only and not registered:
        cure = "TRUSTED_DOCUMENTS_ONLY is on, so every request is refused; register some: `assent documents add`."
        return warning(CHECK, what, cure)
    return Finding(CHECK, what)
