"""What `assent serve --sandbox` needs and nobody has set up: secrets, a database, a key, kept under ./var."""

import json
import os
import secrets
from pathlib import Path

from billing import keys
from billing.database import Database
from billing.migrations import migrate
from billing.runtime import utc_now
from billing.settings import DatabaseSettings, Environment, Settings, load
from billing.tables import KeyScope

FOLDER = Path("var")
SECRETS, KEY = FOLDER / "secrets.json", FOLDER / "development.key"

STRIPE_KEY = "sk_test_of_the_sandbox"
LOOPBACK = "http://127.0.0.1"


def settings() -> Settings:
    """The environment's, with the sandbox in Stripe's place whatever it says of Stripe. Raises CannotStart."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    kept = _secrets()
    made = load(
        Settings,
        assent_env=Environment.DEVELOPMENT,
        stripe_api_key=STRIPE_KEY,
        stripe_api_base=LOOPBACK,
        stripe_webhook_secret=kept["webhook"],
        token_secret=kept["token"],
    )
    return made.model_copy(update={"stripe_api_base": f"{LOOPBACK}:{made.sandbox_port}"})


def _secrets() -> dict[str, str]:
    if not SECRETS.exists():
        made = {"webhook": f"whsec_{secrets.token_hex(24)}", "token": secrets.token_hex(32)}
        _write_privately(SECRETS, json.dumps(made))
    kept: dict[str, str] = json.loads(SECRETS.read_text())
    return kept


async def migrate_own_database(settings: DatabaseSettings) -> None:
    """Our own file is brought up to date without asking; any other database is its owner's."""
    url = settings.database_url.get_secret_value()
    if url == DatabaseSettings.model_fields["database_url"].default.get_secret_value():
        await migrate(url)


async def development_key(database: Database) -> str:
    """An admin's key for the person at this machine: the kept one, or a new one where it opens nothing here."""
    async with database.transaction() as session:
        if KEY.exists() and await keys.verify(session, text := KEY.read_text().strip()):
            return text
        name = "development"
        if await keys.find(session, name) is not None:
            name = f"{name}-{secrets.token_hex(3)}"
        _, text = await keys.create(session, name, KeyScope.ADMIN, utc_now(), environment=Environment.DEVELOPMENT)
        _write_privately(KEY, text + "\n")
        return text


def _write_privately(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
