"""Quality: what published studies forecast, what was measured, and how both enter the criterion of that name."""
