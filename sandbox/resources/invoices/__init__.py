"""Invoices: built from subscriptions, finalized, collected or given up."""
