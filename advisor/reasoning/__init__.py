"""What follows from what we know and what you tell us."""
