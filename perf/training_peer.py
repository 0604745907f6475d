"""Trains LoRA with TRL's SFTTrainer as it comes, and times its steps. Runs in its own environment.

Usage: training_peer.py JOB.json. The job names the model's folder, the token rows, the recipe, the number of steps, the
seed and the folder for the adapter; the timed steps leave out the first. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main(job: dict[str, Any]) -> None:
    """Trains, saves the adapter in peft's format, and reports seconds and real tokens per timed step."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from datasets import Dataset  # type: ignore[import-not-found]
    from peft import LoraConfig
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        TrainerCallback,
    )
    from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.marks: list[tuple[float, float]] = []

        def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
            self.marks.append((time.perf_counter(), time.process_time()))

        def on_train_end(self, *_args: Any, **_kwargs: Any) -> None:
            self.marks.append((time.perf_counter(), time.process_time()))

    tokens: list[int] = []

    class Counting(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            tokens.append(int(inputs["attention_mask"].sum()))
            return super().training_step(model, inputs, *args, **kwargs)

    if job["threads"]:
        torch.set_num_threads(job["threads"])
    rows = json.loads(Path(job["rows"]).read_text())
    data = Dataset.from_list(
        [
            {
                "input_ids": row["prompt"] + row["answer"],
                "completion_mask": [0] * len(row["prompt"]) + [1] * len(row["answer"]),
            }
            for row in rows
        ]
    )
    recipe = job["recipe"]
    cpu = not torch.cuda.is_available()
    config = SFTConfig(
        output_dir=job["adapter"],
        learning_rate=recipe["learning_rate"],
        warmup_steps=recipe["warmup_steps"],
        per_device_train_batch_size=recipe["batch"],
        num_train_epochs=recipe["epochs"],
        max_steps=job["steps"] or -1,
        max_length=None,
        seed=job["seed"],
        use_cpu=cpu,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    clock = Clock()
    trainer = Counting(
        model=AutoModelForCausalLM.from_pretrained(
            job["model"], dtype=torch.bfloat16 if job["bf16"] else torch.float32
        ),
        args=config,
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(job["model"]),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=recipe["rank"], lora_alpha=recipe["alpha"], target_modules=recipe["targets"]
        ),
        callbacks=[clock],
    )
    done = trainer.train()
    trainer.model.save_pretrained(job["adapter"])
    report = {
        "steps": len(clock.marks) - 1,
        "seconds": clock.marks[-1][0] - clock.marks[1][0],
        "processor_seconds": clock.marks[-1][1] - clock.marks[1][1],
        "real_tokens": sum(tokens[1:]),
        "first_step_seconds": clock.marks[1][0] - clock.marks[0][0],
        "loss": done.training_loss,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "gradient_checkpointing": bool(config.gradient_checkpointing),
        "loss_type": config.loss_type,
    }
    sys.stdout.write("\nREPORT " + json.dumps(report) + "\n")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
