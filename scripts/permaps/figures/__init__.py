"""What people look at: figures, each drawn by the space of its maps or by what it shows."""
