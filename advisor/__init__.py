"""A decision advisor: prompting, fine-tuning or a hybrid, with its working shown."""

__version__ = "0.1.0"
