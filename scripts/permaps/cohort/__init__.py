"""Who there is and where the maps are: the sources, and simulated people whose truth is known."""
