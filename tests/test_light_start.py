"""The advice core is light: it runs without torch, transformers and streamlit, and never imports them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "transformers", "peft", "streamlit", "sklearn", "scipy", "pandas")

SPY = f"""
import json, sys
from advisor.cli import main
sys.argv = ["advisor", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as stop:
    status = stop.code
else:
    status = 0
heavy = [name for name in {HEAVY!r} if sys.modules.get(name)]
print(json.dumps(dict(status=status, heavy=heavy)), file=sys.stderr)
"""

BLOCK = f"import sys\nsys.modules.update(dict.fromkeys({HEAVY!r}))\n"  # None there means: not importable


def run(code: str, *arguments: str) -> dict[str, object]:
    result = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return json.loads(result.stderr.strip().splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("recommend", "{empty}"), ("recommend", "{empty}", "--json"), ("rules", "list")],
)
def test_the_core_never_imports_what_is_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """After these commands none of the heavy packages is in sys.modules."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("task_kind: classification\nlabelled_examples: 300\n")
    seen = run(SPY, *(argument.format(empty=empty) for argument in arguments))
    assert seen == {"status": 0, "heavy": []}


def test_the_core_runs_where_the_heavy_packages_are_absent(tmp_path: Path) -> None:
    """With torch, transformers and streamlit not importable, advice is still given."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    assert run(BLOCK + SPY, "recommend", str(empty))["status"] == 0


def test_a_missing_extra_is_named_with_its_install_line() -> None:
    """`advisor app` without streamlit exits 3 and says how to install it."""
    result = subprocess.run(
        [sys.executable, "-c", BLOCK + SPY, json.dumps(["app"])], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "pip install 'advisor[app]'" in result.stderr
    assert '"status": 3' in result.stderr
