"""Checkout Sessions that save a payment method (mode=setup)."""
