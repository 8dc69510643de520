"""Test clocks: time of their own for some customers."""
