"""Whether PyTorch trains a study faster than the lanes engine on this machine, which is measured where it may be."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ceteris.cli.estimate import estimate_time
from ceteris.cli.speeds import Speed
from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import Engine
from ceteris.errors import ResultsError
from ceteris.execution.engines import EngineChoice, EngineName
from ceteris.execution.packing import pack
from ceteris.networks.cost import network_cost
from ceteris.results.results import read_results
from ceteris.study.run import Run
from ceteris.study.study import Study

LARGE = 5_000_000
"""Multiply-adds for an image from which PyTorch is measured too.

The founding study's baseline has 0.6 million and trains 5 to 7 times as fast on the lanes engine as in PyTorch,
ResNet-20 with 41 million 0.9 to 1.4 times (`bench/README.md`).
"""
_CLEARLY = 0.9
"""Share of the time of the lanes engine that PyTorch must stay below: what is measured twice differs by less."""


@dataclass(frozen=True, kw_only=True)
class Fastest:
    """The engines in the order that was measured to be the fastest.

    Attributes:
        speeds: What was measured or known of both, for `estimate_time`; empty where nothing was measured.
    """

    choice: EngineChoice
    speeds: Mapping[str, Speed] = field(default_factory=dict)


def fastest_first(
    choice: EngineChoice, study: Study, images: ImageKind, *, engine: str, threads: int, folder: Path | None = None
) -> Fastest:
    """Put PyTorch before the lanes engine where it trains a study with large networks faster, by measured rates.

    The rates are those of full packed batches, so that they do not depend on the number of seeds, and all arms that
    both engines can train get the same one, so that no arm differs from the baseline by its engine. Where a results
    folder has runs already, the engine that trained them goes on.

    Args:
        choice: In the order of preference.
        study: What is to be trained.
        images: What its images are like.
        engine: What was asked for; only with `auto` anything is measured.
        threads: How many packed batches train side by side.
        folder: Where results may be.
    """
    if engine != EngineName.AUTO or [one.name for one in choice.engines] != ["lanes", "torch"]:
        return Fastest(choice=choice)
    lanes, torch = choice.engines
    runs = {run.variation: run for run in study.runs("0" * 64)}
    both = [run for run in runs.values() if lanes.unsupported(run.specification) is None]
    if not any(_cost(run, images) >= LARGE for run in both):
        return Fastest(choice=choice)
    torch_first = replace(choice, engines=(torch, lanes))
    present = set() if folder is None else _present(folder)
    if present & {"lanes", "torch"}:
        return Fastest(choice=choice if "lanes" in present else torch_first)
    of_lanes, speeds = _seconds(both, lanes, images, threads)
    of_torch, others = _seconds(both, torch, images, threads)
    ratio, speeds = of_torch / of_lanes, {**speeds, **others}
    if ratio >= _CLEARLY:
        return Fastest(choice=choice, speeds=speeds)
    note = (
        f"The torch engine trains this study, because it was measured to take {ratio:.2f} times as long per run as the "
        "lanes engine on this machine. --engine lanes chooses the other."
    )
    return Fastest(choice=replace(torch_first, notes=(*choice.notes, note)), speeds=speeds)


def _cost(run: Run, images: ImageKind) -> int:
    return network_cost(run.specification.network, images.shape, images.classes).multiply_adds


def _present(folder: Path) -> set[str]:
    with suppress(ResultsError):
        return {finding.engine for finding in read_results(folder).findings}
    return set()


def _seconds(runs: list[Run], engine: Engine, images: ImageKind, threads: int) -> tuple[float, Mapping[str, Speed]]:
    """Give the seconds of one core that a run of each arm takes, added up, if packed batches are full.

    Each engine is measured by itself, as it would train.
    """
    batches = [batch for run in runs for batch in pack([run], engine)]
    estimate = estimate_time(batches, images, threads=threads)
    return sum(estimate.batches) / engine.packed_runs, estimate.speeds
