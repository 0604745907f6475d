"""The advice as JSON, in the published form."""

from __future__ import annotations

import json

from advisor.reasoning.advice import Advice


def write(advice: Advice) -> bytes:
    """UTF-8, keys in the order in which the advice declares them, two spaces of indent, one newline at the end."""
    text = json.dumps(advice.to_json(), ensure_ascii=False, indent=2, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape
