"""The values of settings: each kind checked, so that what is wrong is told with its fix and without the value."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr
from pydantic_settings import NoDecode

from billing.database import driver_url
from billing.input import CURRENCY
from billing.origins import origin_of

STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_\w{8,}", re.ASCII)
WEBHOOK_SECRET = re.compile(r"whsec_\S+", re.ASCII)
TOKEN_SECRET_LENGTH = 32
"""Characters; below this a signature can be guessed."""


def split(value: object) -> object:
    """A comma list as its parts."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def check_database(value: SecretStr) -> SecretStr:
    """An address of a database that can be opened. Raises ValueError with the fix."""
    try:
        driver_url(value.get_secret_value())
    except Exception as error:
        raise ValueError("set it to sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from error
    return value


def check_stripe_key(value: SecretStr) -> SecretStr:
    """A secret or restricted key of Stripe's. Raises ValueError with the fix."""
    key = value.get_secret_value()
    if key.startswith("pk_"):
        raise ValueError("this is a publishable key; use the secret key (sk_...) or a restricted one (rk_...)")
    if not STRIPE_KEY.fullmatch(key):
        raise ValueError("a key of Stripe's begins with sk_test_, sk_live_, rk_test_ or rk_live_")
    return value


def check_webhook_secret(value: SecretStr) -> SecretStr:
    """The signing secret of an endpoint. Raises ValueError with the fix."""
    if not WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("the signing secret of a webhook endpoint begins with whsec_")
    return value


def check_token_secret(value: SecretStr) -> SecretStr:
    """A secret that cannot be guessed. Raises ValueError with the fix."""
    if len(value.get_secret_value()) < TOKEN_SECRET_LENGTH:
        raise ValueError(f"a secret has at least {TOKEN_SECRET_LENGTH} random characters (openssl rand -hex 32)")
    return value


def check_origin(value: str) -> str:
    """Scheme, host and port, and nothing more. Raises ValueError with the fix."""
    origin = origin_of(value)
    if origin is None or urlsplit(value).path not in ("", "/") or "?" in value or "#" in value:
        raise ValueError("give scheme, host and port, as https://shop.example; http is for this machine only")
    return origin


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as error:
        raise ValueError("list addresses or networks, as 10.0.0.0/8") from error


def _currency(value: str) -> str:
    if not CURRENCY.fullmatch(value):
        raise ValueError("list currencies as three capitals, as USD,EUR")
    return value


def _maxima(value: object) -> object:
    """`USD=15000,EUR=15000` as a mapping."""
    parts = split(value)
    if not isinstance(parts, list):
        return parts
    named = [part.partition("=") for part in parts]
    if not all(CURRENCY.fullmatch(currency) and amount.isdigit() for currency, _, amount in named):
        raise ValueError("list a maximum in whole units for each currency, as USD=15000,EUR=15000")
    return {currency: int(amount) for currency, _, amount in named}


Currencies = Annotated[frozenset[Annotated[str, AfterValidator(_currency)]], NoDecode, BeforeValidator(split)]
Maxima = Annotated[dict[str, int], NoDecode, BeforeValidator(_maxima)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(check_origin)], ...], NoDecode, BeforeValidator(split)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]
Port = Annotated[int, Field(ge=0, le=65535)]
