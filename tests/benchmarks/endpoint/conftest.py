"""Clients and contestants for the fault server, with little patience."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.models.endpoint import LoadedEndpoint, read_endpoint
from benchmarks.models.endpoint_client import EndpointClient, Patience
from benchmarks.models.endpoint_wire import Limits

pytest.importorskip("httpx")
sys.path.insert(0, str(Path(__file__).parent))

QUICK = Patience(deadline=20.0, attempts=4, back_off=0.01, limits=Limits(connect=2.0, stall=1.0, whole=2.0))
PRICED = {"price_input": "1", "price_output": "10"}


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., EndpointClient]:
    def build(url: str, patience: Patience = QUICK, **words: Any) -> EndpointClient:
        endpoint = read_endpoint(url, "served", **{**PRICED, **words})
        return EndpointClient(LoadedEndpoint(endpoint, tmp_path / "replies"), "cell-1", patience)

    return build
