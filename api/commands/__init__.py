"""The commands of `assent`, by noun."""
