"""The ring: approaches compete on labelled data. It knows examples and models, never rules."""
