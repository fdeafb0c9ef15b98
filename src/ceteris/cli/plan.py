"""`ceteris plan`: what a study will train, how long that takes here, and what it can show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.analysis.analysis import MOST_SHOWN
from ceteris.cli.estimate import Estimate, estimate_time, random_split
from ceteris.cli.executors import ExecutorName, Place, chosen_executor, device_for
from ceteris.cli.extent import code_diffs, plan_table, planned_looks, size
from ceteris.cli.fastest import fastest_first
from ceteris.cli.layer_table import print_layers_of_preset
from ceteris.cli.needs import memory_needed, patience, time_needed
from ceteris.cli.override import override
from ceteris.cli.power import ASSUMED, Spread, powers, shown_with, spread_of
from ceteris.cli.speeds import Speed
from ceteris.datasets.choice import images_ahead
from ceteris.datasets.dataset import ImageKind
from ceteris.errors import EngineError, NoEngineError
from ceteris.execution.engines import EngineChoice, choose_engines, find_backbones, missing_weights
from ceteris.execution.own_code import try_own_code
from ceteris.execution.packing import NeededMemory
from ceteris.execution.study import StudyPlan, plan_study
from ceteris.formatting.wording import listed
from ceteris.report.documents.plan import (
    DetectableEntry,
    MemoryEntry,
    PlanDocument,
    TimeEntry,
    engine_entries,
    planned_arms,
)
from ceteris.report.documents.verdicts import plan_entry, warning_entries
from ceteris.resources import Memory, available_cores
from ceteris.statistics.power import detectable_difference
from ceteris.study.check import check_images
from ceteris.study.reader import read_study
from ceteris.study.study import Study

_TRIED_IMAGES = 8


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A study and all that is known before it is trained.

    Attributes:
        plan: What is trained, and by whom.
        notes: What a reader must know.
        own: Parameters of code of the user's own, by arm.
        spread: Over seeds, as it is assumed or was found.
        cores: How many cores train, of this machine or of the cluster.
        memory: What training takes; None where nothing can be trained.
        free: What is free, where that is known.
        time: How long it takes; None where that is not estimated.
    """

    plan: StudyPlan
    notes: tuple[str, ...]
    own: Mapping[str, int]
    spread: Spread
    cores: int
    memory: NeededMemory | None = None
    free: Memory | None = None
    time: Estimate | None = None


def plan(  # noqa: PLR0913 - one argument an option
    file: Path,
    *,
    like: Path | None,
    seeds: int | None,
    epochs: int | None,
    threads: int | None,
    engine: str,
    device: str | None,
    executor: str,
    ray_address: str | None,
    console: Console,
) -> Planned:
    """Print the plan of a study file."""
    study, overridden = override(read_study(file), seeds=seeds, epochs=epochs)
    ahead = images_ahead(study.data)
    images = ahead.images
    check_images(study, images)
    spread = ASSUMED if like is None else spread_of(like)
    choice, gap = _choice(engine, device_for(executor, device), is_here=executor == ExecutorName.LOCAL)
    here = threads or available_cores()
    backbones = find_backbones(study, base=file.parent, device=device or "cpu", threads=here)
    study = backbones.study
    with console.status("measuring which engine is faster ..."):
        fastest = fastest_first(choice, study, images, engine=engine, threads=here)
    choice = fastest.choice
    engines, skipped = (*choice.engines, *backbones.engines), backbones.skipped
    absent = dict.fromkeys((arm.name for arm in study.arms()), gap) if gap else {}
    planned = plan_study(study, images, engines=engines, skipped={**skipped, **absent})
    own_parameters = _tried(file, planned, images)
    notes = (*ahead.notes, *overridden, *choice.notes, *backbones.notes, *planned.notes)
    found = Planned(plan=planned, notes=notes, own=own_parameters, spread=spread, cores=here)

    _print_head(study, notes, skipped, missing_weights(study, base=file.parent), console)
    console.print()
    console.print(Text(size(study, images, planned.batches)))
    console.print()
    arms = study.arms()
    shown = arms[: 1 + MOST_SHOWN]
    console.print(plan_table(shown, images, own_parameters))
    if len(shown) < len(arms):
        left_out = f"{MOST_SHOWN:,} of {len(arms) - 1:,} variations are shown here, the first ones; `--json` has all."
        console.print(Text(left_out, style="dim"))
    if diffs := list(code_diffs(shown)):
        console.print(Text("\n".join(diffs), style="dim"))
    print_layers_of_preset(file, study.baseline.network, images, console)
    console.print()
    if looks := planned_looks(study.seeds):
        console.print(Text(looks))
        console.print()
    console.print(Text("\n".join(powers(study, spread))))
    console.print()
    if gap:
        console.print(Text(f"Time: not estimated, because {gap}", style="yellow"))
        return found
    if not planned.batches:
        console.print(Text("Time: not estimated, because nothing of this study can be trained now.", style="yellow"))
        return found
    with chosen_executor(executor, threads=threads, ray_address=ray_address) as where:
        place, free = Place.of(where, planned.batches, images), where.resources.memory
    return _with_time(found, place, free, fastest.speeds, device or "cpu", console)


def _with_time(
    found: Planned, place: Place, free: Memory | None, speeds: Mapping[str, Speed], device: str, console: Console
) -> Planned:
    """Say how much memory a study takes, of that which is there, and how long it trains."""
    batches, images = found.plan.batches, found.plan.images
    need = found.plan.memory(place.cores)
    assert need is not None, "there is something to train"
    found = replace(found, memory=need, free=free, cores=place.cores)
    if place.description:
        console.print(Text(place.description))
    console.print(Text(memory_needed(need, free)))
    if reason := need.shortage(need.images + need.training, free):
        console.print(Text(f"note: {reason} `ceteris run` refuses this study.", style="bold red"))
        console.print(Text("Time: not estimated, because the study does not fit into the memory.", style="yellow"))
        return found
    with console.status("measuring how fast this machine trains ..."):
        estimate = estimate_time(batches, images, **place.sharing, known=speeds)
    console.print(Text(time_needed(estimate, place.cores, place)))
    if warning := patience(batches, estimate, device):
        console.print(Text(f"note: {warning}", style="yellow"))
    return replace(found, time=estimate)


def _print_head(
    study: Study, notes: Sequence[str], skipped: Mapping[str, str], missing: Sequence[str], console: Console
) -> None:
    console.print(Text(study.title, style="bold"))
    if study.question:
        console.print(Text(study.question))
    for note in notes:
        console.print(Text(f"note: {note}", style="yellow"))
    for variation, reason in skipped.items():
        console.print(Text(f"SKIPPED: '{variation}': {reason}.", style="bold red"))
    if missing:
        text = f"note: `ceteris run` tries to download the weights of {listed(missing)} first."
        console.print(Text(text, style="yellow"))


def document(found: Planned) -> PlanDocument:
    """Give the same for programs."""
    study, time, need = found.plan.study, found.time, found.memory
    free = None if found.free is None else found.free.free
    return PlanDocument(
        document="plan",
        schema_version=1,
        title=study.title,
        question=study.question,
        looks=plan_entry(study.seeds),
        arms=planned_arms(found.plan, found.own),
        engines=engine_entries(found.plan),
        detectable=_detectable(study, found.spread),
        memory=None if need is None else MemoryEntry(needed=need.images + need.training, free=free),
        time=None
        if time is None
        else TimeEntry(
            training=time.seconds,
            preparation=time.preparation,
            is_most=time.may_stop,
            cores=found.cores,
        ),
        warnings=warning_entries(found.notes),
    )


def _detectable(study: Study, spread: Spread) -> DetectableEntry | None:
    if not study.variations:
        return None
    baseline, variation = shown_with(study)
    difference = detectable_difference(baseline, variation, comparisons=len(study.variations))
    return DetectableEntry(
        standard_deviations=None if math.isinf(difference) else difference, assumed_deviation=spread.deviation
    )


def _tried(file: Path, planned: StudyPlan, images: ImageKind) -> Mapping[str, int]:
    """Build networks of the user's own code, once each, to see that they can be trained, and give their sizes."""
    tried = try_own_code(planned.shares, random_split(images, _TRIED_IMAGES))
    if tried.faults:
        arms = {
            fault: [f"'{name}'" for name, own in tried.faults.items() if own == fault]
            for fault in tried.faults.values()
        }
        raise EngineError("\n".join(f"{file}: {listed(names)}: {fault}" for fault, names in arms.items()))
    return tried.parameters


def _choice(engine: str, device: str | None, *, is_here: bool) -> tuple[EngineChoice, str]:
    """Choose who would train; where there is nobody at all, say why and what to install."""
    try:
        return choose_engines(engine, device=device, is_here=is_here), ""
    except NoEngineError as error:
        return EngineChoice(engines=()), str(error)
