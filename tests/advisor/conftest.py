"""Shared ground of the advisor's tests: the plain interpreter that the engine is measured by."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """The module `oracle`, which lies beside this file: `oracle.Case(book, day, answers, costed).verdict()`."""
    spec = importlib.util.spec_from_file_location("advisor_oracle", Path(__file__).with_name("oracle.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
