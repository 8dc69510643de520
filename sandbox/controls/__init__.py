"""What a person or a test can make happen in the sandbox, which at Stripe only others could."""

from collections.abc import Sequence

from sandbox.controls import capabilities, disputes, payments, permissions, refunds, weather
from sandbox.controls.control import Control

CONTROLS: Sequence[Control] = (
    *refunds.CONTROLS,
    *disputes.CONTROLS,
    *payments.CONTROLS,
    *capabilities.CONTROLS,
    *permissions.CONTROLS,
    *weather.CONTROLS,
)
"""Every control, each of which does one thing."""
