"""`advisor mcp`: the advisor for agents, over standard input and output."""

from __future__ import annotations


def mcp_command() -> None:
    """Serves agents by the Model Context Protocol over standard input and output."""
    from advisor.agents.server import server

    server().run("stdio")
