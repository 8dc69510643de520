"""All controls over HTTP."""

from functools import partial

from starlette.routing import Route

from sandbox.controls import CONTROLS, machine
from sandbox.controls.answering import endpoint
from sandbox.controls.control import Control
from sandbox.controls.fields import Fields, Refused
from sandbox.core import Sandbox
from sandbox.errors import StripeError
from sandbox.work import Object


def routes(sandbox: Sandbox) -> list[Route]:
    """One address and method for each control, besides those of the sandbox itself."""
    return [
        *machine.routes(sandbox),
        *(
            Route(control.url, endpoint(sandbox, partial(perform, sandbox, control)), methods=[control.method])
            for control in CONTROLS
        ),
    ]


def perform(sandbox: Sandbox, control: Control, fields: Fields) -> Object:
    """Carry it out. Raises Refused, whose message names the field and the fix; then nothing has changed."""
    try:
        with sandbox.work() as work:
            result = control.act(work, fields)
            fields.refuse_others()
            return result
    except StripeError as error:
        raise Refused(error.message) from error
