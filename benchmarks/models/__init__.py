"""The one door to torch, transformers and peft; all three are imported inside functions only."""
