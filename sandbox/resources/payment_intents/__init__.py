"""PaymentIntents: one payment from its request to its end."""
