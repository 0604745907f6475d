"""Where the data of an installation lies: inside the wheel, or in the checkout beside the package."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

_PACKAGE = Path(__file__).resolve().parent


def rules_dir() -> Path:
    """The folder of the shipped rule pack."""
    return _first(_PACKAGE / "_rules", _PACKAGE.parent / "rules")


def app_script() -> Path:
    """The Streamlit entry script."""
    return _first(_PACKAGE / "_app.py", _PACKAGE.parent / "app.py")


def benchmark_cli() -> ModuleType:
    """The benchmark's command line, loaded late."""
    return benchmark_part("cli")


def benchmark_part(part: str) -> ModuleType:
    """A module of the benchmark, loaded late; the only way from the advisor to the benchmark."""
    name = "advisor._benchmarks" if (_PACKAGE / "_benchmarks").is_dir() else "benchmarks"
    return importlib.import_module(f"{name}.{part}")


def _first(*candidates: Path) -> Path:
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"none of these exists: {', '.join(str(path) for path in candidates)}")
