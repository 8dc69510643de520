"""Settings: what the environment and `.env` say, each checked before anything starts.

Each command needs some of them only, so there are three classes, each with what the one before has.
"""

from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from billing import limits
from billing.origins import is_loopback, origin_of
from billing.setting_values import (
    TOKEN_SECRET_LENGTH,
    Currencies,
    Maxima,
    Network,
    Origins,
    Port,
    check_database,
    check_origin,
    check_stripe_key,
    check_token_secret,
    check_webhook_secret,
    split,
)

STRIPE_BASE = "https://api.stripe.com"


class Environment(StrEnum):
    """Where Assent runs."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class LiveTransport(StrEnum):
    """How one process learns that another has committed something, on PostgreSQL."""

    NOTIFY = "notify"
    POLL = "poll"


class CannotStart(Exception):
    """Something is not as it has to be. The message is one line that names the setting and the fix, and no secret."""


class DatabaseSettings(BaseSettings):
    """What every command needs."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, AfterValidator(check_database)] = SecretStr("sqlite:///var/assent.sqlite3")
    assent_env: Environment = Environment.PRODUCTION
    statement_timeout: Annotated[float, Field(gt=0)] = 30
    """Seconds; on PostgreSQL."""
    live_transport: LiveTransport = LiveTransport.NOTIFY
    journal_retention: Annotated[int, Field(gt=0)] | None = None
    """Days."""

    @property
    def journal_kept(self) -> timedelta | None:
        """How long; None: for ever."""
        return None if self.journal_retention is None else timedelta(days=self.journal_retention)

    @property
    def in_development(self) -> bool:
        """Whether comforts for one person at this machine are on."""
        return self.assent_env is Environment.DEVELOPMENT


class StripeSettings(DatabaseSettings):
    """What a process needs that speaks to Stripe."""

    stripe_api_key: Annotated[SecretStr, AfterValidator(check_stripe_key)]
    stripe_api_base: str | None = None
    automatic_tax: bool = False
    allowed_redirect_origins: Origins = ()
    refund_outside_consent: bool = False
    refuse_unconfirmed_limits: bool = False
    sweep_events_every: Annotated[float, Field(gt=0)] = 300
    """Seconds."""
    stripe_calls_per_second: Annotated[float, Field(gt=0, le=100)] = 10
    """For what nobody waits for: the sweep, `assent reconcile` and `assent import`, each process for itself."""
    amazon_pay_currencies: Currencies = limits.CURRENCIES
    amazon_pay_us_currencies: Currencies = limits.US_CURRENCIES
    amazon_pay_refund_days: Annotated[int, Field(ge=0)] = limits.REFUND_DAYS
    amazon_pay_monthly_maxima: Maxima = Field(default_factory=lambda: dict(limits.MONTHLY_MAXIMA))
    host: str = "127.0.0.1"
    metrics_token: Annotated[SecretStr, AfterValidator(check_token_secret)] | None = None
    metrics_port: Port | None = None
    """Where `assent worker` shows its health and metrics."""

    @model_validator(mode="after")
    def _guard_the_key(self) -> Self:
        base = self.stripe_api_base
        if base is None or base.rstrip("/") == STRIPE_BASE:
            return self
        if self.livemode:
            raise _wrong("STRIPE_API_BASE", "a live key is sent to Stripe alone; unset it, or use a test key")
        if origin_of(base) is None:
            raise _wrong("STRIPE_API_BASE", "use https, or http on this machine, as http://127.0.0.1:8001; or unset it")
        if not self.has_sandbox and not self.in_development:
            raise _wrong(
                "STRIPE_API_BASE", "this is neither Stripe nor this machine: unset it, or set ASSENT_ENV=development"
            )
        return self

    @property
    def livemode(self) -> bool:
        """Whether the key moves money."""
        return self.stripe_api_key.get_secret_value()[2:].startswith("_live_")

    @property
    def has_sandbox(self) -> bool:
        """Whether a stand-in on this machine answers for Stripe."""
        return self.stripe_api_base is not None and is_loopback(urlsplit(self.stripe_api_base).hostname)

    def method_limits(self, country: str | None) -> limits.Limits:
        """The limits of payment methods, for a Stripe account in this country."""
        return limits.Limits(
            self.amazon_pay_currencies,
            self.amazon_pay_refund_days,
            self.amazon_pay_us_currencies,
            self.amazon_pay_monthly_maxima,
            self.refuse_unconfirmed_limits,
            country,
        )

    def allows_redirect(self, url: str) -> bool:
        """Whether a customer may be sent to this address; in first runs any https one, and this machine."""
        origin = origin_of(url)
        return origin is not None and (origin in self.allowed_redirect_origins or self._is_first_run)

    @property
    def _is_first_run(self) -> bool:
        return self.has_sandbox and not self.allowed_redirect_origins


class Settings(StripeSettings):
    """What the server needs: everything."""

    stripe_webhook_secret: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(check_webhook_secret)], ...],
        NoDecode,
        BeforeValidator(split),
        Field(min_length=1),
    ]
    token_secret: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(check_token_secret)], ...],
        NoDecode,
        BeforeValidator(split),
        Field(min_length=1),
    ]
    public_url: Annotated[str, AfterValidator(check_origin)] | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(split)] = ()
    cors_origins: Origins = ()
    trusted_documents_only: bool = False
    """Refuses every document that is not registered."""
    key_requests_per_minute: Annotated[int, Field(ge=1)] = 12_000
    customer_requests_per_minute: Annotated[int, Field(ge=1)] = 600
    failed_authentications_per_minute: Annotated[int, Field(ge=1)] = 60
    applier: bool = True
    drain_delay: Annotated[float, Field(ge=0)] = 0
    """Seconds between /readyz saying no and the end of listening: for load balancers to notice."""
    shutdown_grace: Annotated[float, Field(gt=0)] = 30
    """Seconds for requests that are under way when the server is told to stop; a call to Stripe can take 20."""
    port: Port = 8000
    sandbox_port: Port = 8001

    @model_validator(mode="after")
    def _guard_the_addresses(self) -> Self:
        if not self.allowed_redirect_origins and not self._is_first_run:
            raise _wrong(
                "ALLOWED_REDIRECT_ORIGINS",
                "list the origins that customers may be sent back to, as https://shop.example",
            )
        if self.public_url is None and not self.in_development:
            raise _wrong(
                "PUBLIC_URL",
                "set it to the address at which clients reach this server, as https://pay.example",
            )
        return self

    @cached_property
    def address(self) -> str:
        """Where clients reach this server, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def webhook_secrets(self) -> list[str]:
        """Newest first."""
        return [each.get_secret_value() for each in self.stripe_webhook_secret]

    @property
    def token_secrets(self) -> list[str]:
        """Newest first."""
        return [each.get_secret_value() for each in self.token_secret]


MISSING = {
    "stripe_api_key": "set it to the secret key of your Stripe account, or do without one: assent serve --sandbox",
    "stripe_webhook_secret": "set it to the signing secret (whsec_...) of the webhook endpoint at Stripe",
    "token_secret": f"set it to {TOKEN_SECRET_LENGTH} or more random characters (openssl rand -hex 32)",
}

S = TypeVar("S", bound=DatabaseSettings)


def load(kind: type[S], **given: Any) -> S:
    """The settings of the environment and `.env`; `given` wins. Raises CannotStart for the first that is wrong."""
    try:
        return kind(**given)
    except ValidationError as error:
        # Not chained: a traceback of the cause could show what was given.
        raise CannotStart(_line(error)) from None


def _wrong(name: str, fix: str) -> ValueError:
    return ValueError(f"{name}: {fix}.")


def _line(error: ValidationError) -> str:
    """The first thing that is wrong. Pydantic's own text is not used, because it may show the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return str(first["ctx"]["error"])
    name = str(first["loc"][0])
    if first["type"] in ("missing", "too_short"):
        return f"{name.upper()} is missing: {MISSING[name]}."
    return f"{name.upper()} is wrong: {first.get('ctx', {}).get('error', first['msg'])}."
