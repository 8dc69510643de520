"""Prorations: what a change within a period gives back and charges, to the second.

Flexible billing gives back what was really debited, classic billing what the item costs now; STRIPE.md of this
project and Stripe's "Compare classic and flexible billing mode" have the differences.
"""
