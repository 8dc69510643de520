"""Every order in which Stripe may deliver what it tells of an object."""
