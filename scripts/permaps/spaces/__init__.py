"""What maps are defined on, and all that follows from that."""
