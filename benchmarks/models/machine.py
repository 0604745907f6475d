"""What this machine does fastest, found by a short probe: number format, threads, tokens per forward pass, peak rates.

The probe takes about a second and is kept in the user's cache folder per machine, torch version and thread limits. One
that was taken while others used the processor is taken again when it is next asked for on a quiet machine.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..records import digest
from .files import models_home

PROBE = 3
FORMATS = ("float32", "bfloat16")
# float32 stays unless bfloat16 wins clearly, so that a noisy moment does not change the number format.
BF16_MUST_WIN_BY = 1.3
FEWER_THREADS_MUST_WIN_BY = 1.1
BUDGETS = {"cpu": (512, 1024, 2048), "cuda": (8192, 16384, 32768)}
GOOD_ENOUGH = 0.85  # of the best rate: many tokens at once spare what each pass costs beside its multiplications
SECONDS_PER_READING = 0.06
LOOK_SECONDS = 0.15
QUIET_PERCENT = 20.0
_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True, slots=True)
class Machine:
    """The device to compute on and how: `dtype`, `threads`, and `token_budget`, the tokens to put in a forward pass.

    `peak_gflops` is the best rate of a matrix multiplication that the probe saw, per number format, in 10^9 operations
    a second; `block_gflops` is that of a decoder block's feed-forward half per tokens at once. `quiet` is False where
    other work was running.
    """

    device: str
    name: str
    dtype: str
    threads: int
    token_budget: int
    peak_gflops: Mapping[str, float]
    block_gflops: Mapping[str, float]
    seconds: float
    quiet: bool
    kept_in: str = ""

    @property
    def peak(self) -> float:
        """The peak rate in the chosen number format, in GFLOP/s."""
        return self.peak_gflops[self.dtype]


def machine(*, home: Path | None = None) -> Machine:
    """This machine as it was probed once; the same object in one process. `home` is the folder of kept probes."""
    return _found(home, _device())


@cache
def _found(home: Path | None, device: str) -> Machine:
    name = _name(device)
    path = _folder(home) / f"{digest(_identity(device, name))[:16]}.json"
    kept = _read(path)
    if kept is not None and (kept.quiet or not _quiet()):
        return kept
    found = probe(device, name)
    if kept is None or found.quiet:
        found = _keep(found, path)
    return found


def probe(device: str, name: str = "") -> Machine:
    """The machine measured now, at the thread count that torch would use and at fewer; leaves that count as it was."""
    import torch

    started, quiet, default = time.perf_counter(), _quiet(), torch.get_num_threads()
    try:
        # Beside other work fewer threads always look better; torch's own count then stands.
        threads = default if device == "cuda" or not quiet else _threads(default)
        torch.set_num_threads(threads)
        peaks = {form: round(max(_matmul(rows, device, form) for rows in (512, 2048)), 1) for form in FORMATS}
        faster = device == "cuda" or peaks["bfloat16"] >= BF16_MUST_WIN_BY * peaks["float32"]
        dtype = "bfloat16" if faster else "float32"
        blocks = {tokens: round(_block(tokens, device, dtype), 1) for tokens in BUDGETS[device]}
    finally:
        torch.set_num_threads(default)
    enough = GOOD_ENOUGH * max(blocks.values())
    budget = max(tokens for tokens, rate in blocks.items() if rate >= enough)
    by_tokens = {str(tokens): rate for tokens, rate in blocks.items()}
    seconds = round(time.perf_counter() - started, 3)
    return Machine(device, name or _name(device), dtype, threads, budget, peaks, by_tokens, seconds, quiet)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _name(device: str) -> str:
    import torch

    if device == "cuda":
        return str(torch.cuda.get_device_name())
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _identity(device: str, name: str) -> list[Any]:
    """Everything under which a kept probe still holds."""
    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limits = {name: os.environ[name] for name in _LIMITS if name in os.environ}
    # Processors of one name can differ in what they can do: a cloud hides bfloat16 tiles on some of its machines.
    able = sorted(what for what, has in torch.cpu.get_capabilities().items() if has is True)
    return [PROBE, device, name, able, usable, torch.get_num_threads(), torch.__version__, limits, platform.machine()]


def _threads(default: int) -> int:
    """The fewest threads that no greater number clearly beats, among torch's own choice and its halves.

    Torch counts the processors it sees, which in a container may be more than it is given.
    """
    counts = [default]
    while counts[-1] > 1:
        counts.append(counts[-1] // 2)
    rates = {}
    for count in counts[:5]:
        _set_threads(count)
        rates[count] = _matmul(512, "cpu", "float32")
    best = default
    for count, rate in rates.items():
        if rate >= FEWER_THREADS_MUST_WIN_BY * rates[best]:
            best = count
    return best


def _set_threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)


def _matmul(rows: int, device: str, form: str) -> float:
    """GFLOP/s of rows of 1024 numbers times a square matrix in this number format."""
    import torch

    width, dtype = 1024 if device == "cpu" else 8192, getattr(torch, form)
    left, right = (torch.ones(size, width, dtype=dtype, device=device) for size in (rows, width))
    return 2 * rows * width**2 / _least_seconds(lambda: torch.nn.functional.linear(left, right), device) / 1e9


def _block(tokens: int, device: str, form: str) -> float:
    """GFLOP/s of the multiplications in a gated feed-forward layer, with the work between them in its time."""
    import torch

    width, inner, linear = 576, 1536, torch.nn.functional.linear
    dtype = getattr(torch, form)
    hidden = torch.ones(tokens, width, dtype=dtype, device=device)
    wide = [torch.ones(2 * inner, width, dtype=dtype, device=device) * 1e-3 for _ in range(2)]
    narrow = [torch.ones(width, inner, dtype=dtype, device=device) * 1e-3 for _ in range(2)]

    def layers() -> None:
        rows = hidden
        for out, back in zip(wide, narrow, strict=True):
            gate, up = linear(rows, out).chunk(2, dim=-1)
            rows = rows + linear(torch.nn.functional.silu(gate) * up, back)

    with torch.inference_mode():
        seconds = _least_seconds(layers, device)
    return 2 * 2 * tokens * width * 3 * inner / seconds / 1e9


def _least_seconds(work: Callable[[], object], device: str) -> float:
    """The least time that the work took, tried for a fixed while: what else runs can only make it longer."""
    import torch

    work()
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() - begun < SECONDS_PER_READING:
        if device == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best


def _quiet() -> bool:
    """Whether the processors have nothing else to do just now."""
    import psutil

    return float(psutil.cpu_percent(interval=LOOK_SECONDS)) <= QUIET_PERCENT


def _folder(home: Path | None) -> Path:
    return home if home is not None else models_home().parent / "machines"


def _read(path: Path) -> Machine | None:
    """The kept probe, or None where there is none that can be read."""
    try:
        return Machine(**{**json.loads(path.read_text(encoding="utf-8")), "kept_in": path.name})
    except (OSError, ValueError, TypeError):
        return None


def _keep(found: Machine, path: Path) -> Machine:
    """The machine with the name of its file, or as it is where the folder cannot be written."""
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return found
    return replace(found, kept_in=path.name)
