"""The machine is measured, not assumed; what was measured is kept, and measured again when it is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.models import machine as module
from benchmarks.models.files import read_folder
from benchmarks.models.language_model import load
from benchmarks.models.machine import BUDGETS, Machine, machine, probe


@pytest.fixture(scope="module")
def seen() -> Machine:
    """One probe of this machine's processor."""
    return probe("cpu")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, seen: Machine) -> Iterator[list[bool]]:
    """A machine that forgets within the process; the list holds whether it is quiet, and the probe takes no time."""
    quiet = [True]
    monkeypatch.setattr(module, "_quiet", lambda: quiet[0])
    monkeypatch.setattr(module, "probe", lambda device, name: replace(seen, device=device, name=name, quiet=quiet[0]))
    module._found.cache_clear()
    yield quiet
    module._found.cache_clear()


def test_a_probe_measures_rates_and_leaves_torch_alone(seen: Machine) -> None:
    """Both formats have a rate, the choice is the one that the rates call for, and torch's threads are as before."""
    assert seen.device == "cpu" and seen.token_budget in BUDGETS["cpu"]
    assert all(rate > 0 for rate in (*seen.peak_gflops.values(), *seen.block_gflops.values()))
    wins = seen.peak_gflops["bfloat16"] >= module.BF16_MUST_WIN_BY * seen.peak_gflops["float32"]
    assert seen.dtype == ("bfloat16" if wins else "float32")
    before = torch.get_num_threads()
    probe("cpu")
    assert torch.get_num_threads() == before >= seen.threads >= 1


def test_a_quiet_probe_is_kept_and_read_again(fresh: list[bool], tmp_path: Path) -> None:
    """The second process reads what the first one kept."""
    first = machine(home=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [first.kept_in]
    module._found.cache_clear()
    fresh[0] = False
    assert machine(home=tmp_path) == first


def test_a_probe_beside_other_work_is_taken_again_when_it_is_quiet(fresh: list[bool], tmp_path: Path) -> None:
    """A noisy probe is used and kept until a quiet one replaces it."""
    fresh[0] = False
    assert not machine(home=tmp_path).quiet
    module._found.cache_clear()
    assert not machine(home=tmp_path).quiet
    module._found.cache_clear()
    fresh[0] = True
    assert machine(home=tmp_path).quiet
    module._found.cache_clear()
    fresh[0] = False
    assert machine(home=tmp_path).quiet


def test_processors_of_one_name_share_no_probe_where_one_can_do_less(
    fresh: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home folder on two machines: the name is the same, but one of them multiplies bfloat16 in hardware."""
    kept = []
    for has in (True, False):
        able = {**torch.cpu.get_capabilities(), "amx_bf16": has}
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        module._found.cache_clear()
        kept.append(machine(home=tmp_path).kept_in)
    assert len(set(kept)) == len(list(tmp_path.iterdir())) == 2


def test_a_broken_kept_probe_is_replaced(fresh: list[bool], tmp_path: Path) -> None:
    """A file that cannot be read is as good as none."""
    path = tmp_path / machine(home=tmp_path).kept_in
    path.write_text("{")
    module._found.cache_clear()
    assert machine(home=tmp_path).kept_in == path.name
    assert path.read_text() != "{"


def test_every_run_records_the_machine(tiny_folder: Path) -> None:
    """A loaded model carries the probe in its facts, and runs on the threads that it chose."""
    facts = load(read_folder(tiny_folder, "tiny"), dtype="float32").facts
    assert facts["machine"]["peak_gflops"] == machine().peak_gflops
    if facts["machine"]["device"] == "cpu":
        assert facts["threads"] == machine().threads
