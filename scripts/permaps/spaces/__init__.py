"""What maps are defined on, and everything that depends on it."""
