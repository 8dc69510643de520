"""A local Stripe for development and tests: its own program, spoken to over HTTP, with state in one file."""
