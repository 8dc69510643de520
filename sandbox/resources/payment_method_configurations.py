"""Which payment methods the Dashboard has switched on; what is also allowed to the account is offered."""

from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import capabilities
from sandbox.settings import KNOWN_METHODS, known_methods
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/payment_method_configurations"
KIND_NAME = "payment_method_configuration"


def available(work: Work) -> list[str]:
    """The types that are switched on, and whose capability is active, in Stripe's order."""
    active = {type for name, type in capabilities.METHODS.items() if capabilities.status(work, name) == "active"}
    return [type for type in work.sandbox.methods if type in active]


def default(work: Work) -> Object:
    """The account's own configuration, made when it is first asked for. It follows what is switched on."""
    configuration = next(iter(work.select(KIND_NAME)), None) or work.add(_new())
    offered = available(work)
    for type in KNOWN_METHODS:
        value = "on" if type in work.sandbox.methods else "off"
        preference = {"overridable": None, "preference": value, "value": value}
        configuration[type] = {"available": type in offered, "display_preference": preference}
    return work.save(configuration)


def list_configurations(work: Work, params: Params) -> Object:
    """GET /v1/payment_method_configurations; there is no other than the default one, and no application."""
    default(work)
    where = {name: value for name, value in params.given("application").items() if value is not None}
    active = {name: int(value) for name, value in params.given("active").items()}
    return page(work, KIND_NAME, params, URL, {**where, **active})


def retrieve(work: Work, id: str, _params: Params) -> Object:
    """GET /v1/payment_method_configurations/{configuration}."""
    default(work)
    return work.get(KIND_NAME, id)


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/payment_method_configurations/{configuration}: switches card and Amazon Pay on and off."""
    configuration = work.get(KIND_NAME, id)
    wanted = set(work.sandbox.methods)
    for type in KNOWN_METHODS:
        preference = params.nested(type).nested("display_preference").get("preference")
        if preference is not None:
            (wanted.add if preference == "on" else wanted.discard)(type)
    work.sandbox.methods = known_methods(sorted(wanted))
    configuration.update(params.given("name"))
    return default(work)


def _new() -> Object:
    return {
        "id": new_id("pmc"),
        "object": KIND_NAME,
        "active": True,
        "application": None,
        "is_default": True,
        "livemode": False,
        "name": "Default",
        "parent": None,
    }


KIND = Kind(KIND_NAME)

ENDPOINTS = [
    Endpoint("GET", URL, list_configurations),
    Endpoint("GET", URL + "/{configuration}", retrieve),
    Endpoint("POST", URL + "/{configuration}", update),
]
