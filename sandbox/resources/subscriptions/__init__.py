"""Subscriptions: what is paid again every period."""
