"""Disputes: a customer takes a payment back through their bank or Amazon, and the merchant may answer."""
