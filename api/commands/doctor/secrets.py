"""What is in the settings that are secret, and the address at which they are sent; no finding shows any of it."""

from collections.abc import Iterator, Sequence

from api.commands.doctor.finding import Finding, failure, warning
from billing.origins import is_loopback
from billing.settings import Settings

# More than one that signs and one whose signatures are still about is one that was forgotten.
MOST_IN_USE = 2
# Of 32 random hexadecimal digits as few as this are different once in ten million times.
LEAST_DIFFERENT = 8
# What people leave as they found it.
EXAMPLES = ("change", "secret", "example", "password", "your_", "your-", "xxxx", "12345678", "abcdefgh", "test")
FRESH = "openssl rand -hex 32"


def findings(settings: Settings) -> Iterator[Finding]:
    """Each secret that is ours to choose, then the address."""
    yield _token_secret(settings)
    yield _listed("webhook_secret", "STRIPE_WEBHOOK_SECRET", settings.webhook_secrets)
    if settings.metrics_token is not None and (fault := weakness(settings.metrics_token.get_secret_value())):
        yield failure("metrics_token", "METRICS_TOKEN", f"It {fault}: set it to what `{FRESH}` prints.")
    yield _address(settings)


def _token_secret(settings: Settings) -> Finding:
    name, secrets = "TOKEN_SECRET", settings.token_secrets
    for number, each in enumerate(secrets, 1):
        if fault := weakness(each):
            which = f", number {number} of {len(secrets)}" if len(secrets) > 1 else ""
            return failure("token_secret", name + which, f"It {fault}: put what `{FRESH}` prints in its place.")
    return _listed("token_secret", name, secrets)


def weakness(secret: str) -> str | None:
    """Why it could be guessed, as the rest of a sentence about it."""
    if len(set(secret)) < LEAST_DIFFERENT or secret in (secret + secret)[1:-1]:
        return "repeats itself"
    if any(each in secret.lower() for each in EXAMPLES):
        return "has the words of an example in it"
    return None


def _listed(check: str, name: str, secrets: Sequence[str]) -> Finding:
    count = len(secrets)
    what = f"{name}: {count} secret{'s' if count > 1 else ''}"
    if len(set(secrets)) < count:
        return warning(check, what, "One of them stands there twice; take it out once.")
    if count > MOST_IN_USE:
        return warning(check, what, "The first signs; take those off the end that nothing is signed with any more.")
    return Finding(check, what)


def _address(settings: Settings) -> Finding:
    check, what = "address", f"PUBLIC_URL: {settings.address}"
    if settings.in_development or settings.address.startswith("https://"):
        return Finding(check, what)
    cure = "Customers' tokens and keys would travel in the open: set it to the https address at which clients come."
    # Only this machine may be named without https: nobody else comes there, unless it was left over from a trial.
    return (warning if settings.has_sandbox and is_loopback(settings.host) else failure)(check, what, cure)
