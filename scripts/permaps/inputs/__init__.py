"""What comes in: tables, participants, maps, and whether they can be used."""
