"""What we know: the rule pack as data, and how it is read."""
