"""Puts the rule pack, the benchmark and the app script inside the package, in a built wheel only.

In an editable install the checkout itself is on the path, and copies would go stale.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = {
    "rules": "advisor/_rules",
    "benchmarks": "advisor/_benchmarks",
    "app.py": "advisor/_app.py",
    ".streamlit/config.toml": "advisor/.streamlit/config.toml",
}


class Inside(BuildHookInterface[Any]):
    """The build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the inclusions to a standard build."""
        if version == "standard":
            build_data["force_include"].update(INSIDE)
