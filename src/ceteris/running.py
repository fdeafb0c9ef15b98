"""Runs a study from Python, and chooses what is needed for it: engines, images, folder."""

import importlib.util
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from ceteris.datasets.locate import load_dataset
from ceteris.datasets.weights import fetch_weights
from ceteris.engines.engine import Engine
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set
from ceteris.engines.torch.engine import TorchEngine
from ceteris.errors import DataError, EngineError, NoEngineError, ResultsError
from ceteris.execution.backbones import find_backbones, missing_weights
from ceteris.execution.study import run_study
from ceteris.formatting.wording import listed, nearest
from ceteris.paths import AnyPath, expanded
from ceteris.resources import available_cores
from ceteris.results.results import Results, read_results
from ceteris.study.study import Study


class EngineName(StrEnum):
    """Who is to train: the fastest that can, or one of the two."""

    AUTO = "auto"
    LANES = "lanes"
    TORCH = "torch"


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """Who trains, and what must be said about it.

    Attributes:
        engines: In the order of preference.
        notes: What a reader must know before believing a result, one sentence each.
    """

    engines: tuple[Engine, ...]
    notes: tuple[str, ...] = ()


def choose_engines(name: EngineName | str = EngineName.AUTO, *, device: str | None = None) -> EngineChoice:
    """Choose who trains: on the processor the lanes engine, and PyTorch for what that cannot do; elsewhere PyTorch.

    Args:
        name: `auto`, `lanes` or `torch`.
        device: As `torch.device` names it: `cpu`, `cuda`, `cuda:1`; the processor if not given. It must know float64,
            which sums need: Apple's `mps` does not.

    Raises:
        EngineError: If there is no such engine, or it is not on this machine, or cannot use the device.
    """
    name = _engine_name(name)
    is_elsewhere = device not in {None, "cpu"}
    has_torch = importlib.util.find_spec("torch") is not None
    if name is EngineName.LANES:
        if is_elsewhere:
            raise EngineError(
                f"--engine lanes trains on the processor, and --device asks for '{device}'. Leave out one of the two."
            )
        return EngineChoice(engines=(lanes_engine(),))
    if is_elsewhere and has_torch:
        _check_device(device or "")
    torch = TorchEngine(device=device or "cpu")
    if name is EngineName.TORCH or is_elsewhere:
        if not has_torch:
            raise EngineError(
                "the PyTorch engine needs torch, which is not installed. "
                "Install it with `pip install torch`, or leave out --engine and --device."
            )
        return EngineChoice(engines=(torch,))
    if chosen_instruction_set() is not None:
        return EngineChoice(engines=(lanes_engine(), torch) if has_torch else (lanes_engine(),))
    if has_torch:
        note = "The lanes engine was not compiled; the PyTorch engine trains instead, many times slower."
        return EngineChoice(engines=(torch,), notes=(note,))
    raise NoEngineError(
        "there is no engine on this machine: the lanes engine was not compiled, because no C++ compiler was found "
        "when ceteris was installed, and torch is not installed. Install GCC or Clang and ceteris again, or torch."
    )


def _check_device(device: str) -> None:
    """Compute something small there, in the precision that sums need."""
    import torch  # noqa: PLC0415 - torch is optional, and slow to load

    try:
        torch.ones(1, dtype=torch.float64, device=device).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ValueError):
        found = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        here = f"finds only {found[0]}" if len(found) == 1 else f"finds {listed(found)}"
        why = ", which does not know float64" if device.partition(":")[0] == "mps" else ""
        raise EngineError(
            f"the device '{device}'{why} cannot be used: PyTorch {here} on this machine. Name another with --device, "
            "or leave it out for the processor."
        ) from None


def _engine_name(name: str) -> EngineName:
    try:
        return EngineName(name)
    except ValueError:
        close = nearest(name, EngineName)
        end = f"did you mean '{close}'?" if close else f"the engines are {listed(EngineName)}."
        raise EngineError(f"there is no engine called '{name}'; {end}") from None


def run(
    study: Study,
    *,
    folder: AnyPath,
    data: AnyPath | None = None,
    engine: EngineName | str = EngineName.AUTO,
    device: str | None = None,
    threads: int | None = None,
    only: Collection[str] = (),
    base: AnyPath = ".",
) -> Results:
    """Train a study, or what its folder still lacks of it, and give the results.

    The same as `ceteris run`, without a word on the terminal. Whoever wants to watch iterates over
    `ceteris.execution.study.run_study` instead.

    Args:
        study: From `read_study` or built in Python.
        folder: Where the results are, or will be.
        data: A copy of CIFAR-10; else the one that `CETERIS_DATA` names, the one in the cache, or a download. Or a
            folder of images, in place of the one that the study names.
        engine: `auto`, `lanes` or `torch`.
        device: As `torch.device` names it; the processor if not given.
        threads: How many packed batches train side by side; as many as there are cores, if not given.
        only: Names of the variations to train now, `baseline` among them; all if empty.
        base: The folder that paths of pretrained weights in the study start from.

    Raises:
        DataError: If the images cannot be had.
        EngineError: If no engine on this machine can train the study.
        ResultsError: If the folder cannot be written.
        KeyboardInterrupt: After Ctrl-C, when every run is saved.
    """
    folder = expanded(folder, error=ResultsError)
    location = None if data is None else expanded(data, error=DataError)
    choice = choose_engines(engine, device=device)
    dataset = load_dataset(study.data, location=location)
    base, threads = expanded(base, error=DataError), threads or available_cores()
    for backbone in missing_weights(study, base=base):
        with suppress(DataError):  # its arms are skipped then, and say why
            for _ in fetch_weights(backbone):
                pass
    backbones = find_backbones(study, base=base, device=device or "cpu", threads=threads)
    events = run_study(
        backbones.study,
        dataset,
        folder=folder,
        engines=(*choice.engines, *backbones.engines),
        threads=threads,
        only=only,
        notes=(*choice.notes, *backbones.notes),
        skipped=backbones.skipped,
    )
    for _ in events:
        pass
    return read_results(folder)
