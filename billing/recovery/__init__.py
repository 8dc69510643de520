"""What nobody told us: events that were never delivered, and objects that differ from what is known of them."""

from billing.recovery.sweeping import sweep_events

__all__ = ["sweep_events"]
