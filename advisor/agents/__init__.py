"""The advisor for agents: a server of the Model Context Protocol over the same functions that programs use."""
