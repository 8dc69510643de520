"""Settings: what the environment and `.env` say, each checked before anything starts.

Each command needs some of them only, so there are three classes, each with what the one before has.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from billing.database import driver_url
from billing.origins import is_loopback, origin_of

STRIPE_BASE = "https://api.stripe.com"
STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_\w{8,}", re.ASCII)
WEBHOOK_SECRET = re.compile(r"whsec_\S+", re.ASCII)
TOKEN_SECRET_LENGTH = 32
"""Characters; below this a signature can be guessed."""


class Environment(StrEnum):
    """Where Assent runs."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class CannotStart(Exception):
    """Something is not as it has to be. The message is one line that names the setting and the fix, and no secret."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_database(value: SecretStr) -> SecretStr:
    try:
        driver_url(value.get_secret_value())
    except Exception as error:
        raise ValueError("set it to sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from error
    return value


def _check_stripe_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if key.startswith("pk_"):
        raise ValueError("this is a publishable key; use the secret key (sk_...) or a restricted one (rk_...)")
    if not STRIPE_KEY.fullmatch(key):
        raise ValueError("a key of Stripe's begins with sk_test_, sk_live_, rk_test_ or rk_live_")
    return value


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    if not WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("the signing secret of a webhook endpoint begins with whsec_")
    return value


def _check_token_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < TOKEN_SECRET_LENGTH:
        raise ValueError(f"a secret has at least {TOKEN_SECRET_LENGTH} random characters (openssl rand -hex 32)")
    return value


def _origin(value: str) -> str:
    origin = origin_of(value)
    if origin is None or urlsplit(value).path not in ("", "/") or "?" in value or "#" in value:
        raise ValueError("give scheme, host and port, as https://shop.example; http is for this machine only")
    return origin


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as error:
        raise ValueError("list addresses or networks, as 10.0.0.0/8") from error


Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
Port = Annotated[int, Field(ge=0, le=65535)]


class DatabaseSettings(BaseSettings):
    """What every command needs."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, AfterValidator(_check_database)] = SecretStr("sqlite:///var/assent.sqlite3")
    assent_env: Environment = Environment.PRODUCTION
    statement_timeout: Annotated[float, Field(gt=0)] = 30
    """Seconds; on PostgreSQL."""

    @property
    def in_development(self) -> bool:
        """Whether comforts for one person at this machine are on."""
        return self.assent_env is Environment.DEVELOPMENT


class StripeSettings(DatabaseSettings):
    """What a process needs that speaks to Stripe."""

    stripe_api_key: Annotated[SecretStr, AfterValidator(_check_stripe_key)]
    stripe_api_base: str | None = None
    automatic_tax: bool = False
    allowed_redirect_origins: Origins = ()

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
        tuple[Annotated[SecretStr, AfterValidator(_check_webhook_secret)], ...],
        NoDecode,
        BeforeValidator(_split),
        Field(min_length=1),
    ]
    token_secret: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_check_token_secret)], ...],
        NoDecode,
        BeforeValidator(_split),
        Field(min_length=1),
    ]
    public_url: Annotated[str, AfterValidator(_origin)] | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split)] = ()
    cors_origins: Origins = ()
    applier: bool = True
    host: str = "127.0.0.1"
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

    @property
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
