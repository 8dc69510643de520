"""How Stripe is spoken to: forms, validation, keys, versions, expansion, pages of lists, idempotency."""
