"""Maps on disk: where they are, what they are laid out on, and their values."""
