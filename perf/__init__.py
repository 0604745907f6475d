"""What the advisor takes in time, measured against other engines and against its own promises: `make perf`."""
