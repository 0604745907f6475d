"""Options that several commands share, and what they are when they are not given."""

from __future__ import annotations

from typing import Annotated

import typer

MODEL = "smollm2-135m"
OF_ENDPOINT = ("endpoint", "key_env", "price_input", "price_output", "budget_usd")

EncoderName = Annotated[
    str | None,
    typer.Option(help="The sentence encoder of encoder arms: a name, hub:OWNER/NAME or folder. Default: minilm-l6-v2."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Ray = Annotated[str | None, typer.Option(help="Run the cells on a Ray cluster: local, auto, or its address.")]
RayThreads = Annotated[str | None, typer.Option(help="With --ray: processor threads of one worker, 1.")]
RayGpus = Annotated[str | None, typer.Option(help="With --ray: GPUs, or the share of one, for one worker, 0.")]
Workers = Annotated[
    str | None, typer.Option(help="Run the cells in so many processes, each with its share of the threads. Default: 1.")
]
EndpointUrl = Annotated[
    str | None, typer.Option(help="The URL of an OpenAI-compatible server that answers as --model.")
]
KeyEnv = Annotated[str | None, typer.Option(help="With --endpoint: the variable that holds its key.")]
PriceInput = Annotated[str | None, typer.Option(help="With --endpoint: USD per million tokens read.")]
PriceOutput = Annotated[str | None, typer.Option(help="With --endpoint: USD per million tokens written.")]
BudgetUsd = Annotated[str | None, typer.Option(help="With --endpoint: send nothing that could exceed it.")]
