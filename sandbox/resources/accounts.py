"""The merchant's account."""

from typing import Any

from sandbox.errors import ResourceMissing
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import capabilities
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.params import Params
from sandbox.work import Object, Work


def retrieve(work: Work, _params: Params) -> Object:
    """The account that the key belongs to."""
    return current(work)


def current(work: Work) -> Object:
    """The account, made when it is first asked for. Its capabilities follow the methods that are switched on."""
    account = next(iter(work.select("account")), None) or work.add(_new(work))
    account["capabilities"].update({each: capabilities.status(work, each) for each in capabilities.METHODS})
    return account


def _new(work: Work) -> Object:
    settings = work.sandbox.settings
    return {
        "id": new_id("acct", 16),
        "object": "account",
        "business_profile": _business_profile(settings.merchant),
        "business_type": "company",
        "capabilities": {"transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": settings.country,
        "created": work.now,
        "default_currency": settings.currency,
        "details_submitted": True,
        "email": "merchant@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": _settings(settings.merchant),
        "type": "standard",
    }


def _business_profile(name: str) -> dict[str, Any]:
    empty = ("annual_revenue", "estimated_worker_count", "product_description", "support_address")
    contact = ("support_email", "support_phone", "support_url", "url")
    return {**dict.fromkeys((*empty, *contact)), "mcc": "5734", "name": name}


def _settings(name: str) -> dict[str, Any]:
    return {
        "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "payments": dict.fromkeys(
            ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji"), name.upper()
        ),
    }


def retrieve_capability(work: Work, account: str, name: str, _params: Params) -> Object:
    """GET /v1/accounts/{account}/capabilities/{capability}."""
    return capabilities.get(work, _own(work, account), name)


def request_capability(work: Work, account: str, name: str, params: Params) -> Object:
    """POST /v1/accounts/{account}/capabilities/{capability}."""
    return capabilities.request(work, _own(work, account), name, params)


def _own(work: Work, account: str) -> str:
    if account != current(work)["id"]:
        raise ResourceMissing("account", account)
    return account


KIND = Kind("account")

CAPABILITY = "/v1/accounts/{account}/capabilities/{capability}"

ENDPOINTS = [
    Endpoint("GET", "/v1/account", retrieve),
    Endpoint("GET", CAPABILITY, retrieve_capability),
    Endpoint("POST", CAPABILITY, request_capability),
]
