"""`ceteris plan`: what a study will train, how long that takes here, and what it can show."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.cli.estimate import Estimate, estimate_time, random_split
from ceteris.cli.executors import ExecutorName, Place, chosen_executor, device_for
from ceteris.cli.fastest import fastest_first
from ceteris.cli.layer_table import print_layers_of_preset
from ceteris.cli.power import ASSUMED, Spread, powers, shown_with, spread_of
from ceteris.cli.speeds import Speed
from ceteris.datasets.choice import images_ahead, share, source_of
from ceteris.datasets.dataset import ImageKind
from ceteris.engines.transfer.engine import FINE_TUNING
from ceteris.errors import EngineError, NoEngineError, StudyError
from ceteris.execution.engines import EngineChoice, choose_engines, find_backbones, missing_weights
from ceteris.execution.own_code import try_own_code
from ceteris.execution.packing import NeededMemory, PackedBatch
from ceteris.execution.study import StudyPlan, plan_study
from ceteris.formatting.console import arm_table, duration
from ceteris.formatting.wording import byte_count, listed
from ceteris.networks.cost import network_cost
from ceteris.report.documents.plan import (
    DetectableEntry,
    MemoryEntry,
    PlanDocument,
    TimeEntry,
    engine_entries,
    planned_arms,
)
from ceteris.report.documents.verdicts import plan_entry, warning_entries
from ceteris.report.quantities import count, seed_count, seeds_each
from ceteris.resources import Memory, available_cores, cores
from ceteris.statistics.power import detectable_difference
from ceteris.study.changes import CodeChange, changes, in_words
from ceteris.study.check import check_images
from ceteris.study.reader import read_study
from ceteris.study.run import Arm
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study

_NO_DATA = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A study and all that is known before it is trained.

    Attributes:
        plan: What is trained, and by whom.
        notes: What a reader must know.
        own: Parameters of code of the user's own, by arm.
        spread: Over seeds, as it is assumed or was found.
        threads: How many cores train.
        memory: What training takes; None where nothing can be trained.
        free: What is free, where that is known.
        time: How long it takes; None where that is not estimated.
    """

    plan: StudyPlan
    notes: tuple[str, ...]
    own: Mapping[str, int]
    spread: Spread
    threads: int
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
    found = Planned(plan=planned, notes=notes, own=own_parameters, spread=spread, threads=here)

    _print_head(study, notes, skipped, missing_weights(study, base=file.parent), console)
    console.print()
    console.print(Text(size(study, images, planned.batches)))
    console.print()
    console.print(plan_table(study.arms(), images, own_parameters))
    _print_diffs(study.arms(), console)
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
    found = replace(found, memory=need, free=free, threads=place.cores)
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
            training=time.seconds, preparation=time.preparation, is_most=time.may_stop, threads=found.threads
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


def size(study: Study, images: ImageKind, batches: Sequence[PackedBatch]) -> str:
    """Say how much there is to train."""
    source = source_of(study.data)
    name, some = source.title(study.data, images.classes), "" if source.is_exact else "up to "
    crossed = len(study.arms()) - 1 - len(study.variations)
    variations = [count(len(study.variations), "variation")] if study.variations else []
    combinations = [f"{count(crossed, 'combination')} of crossed factors"] if crossed else []
    arms = listed(["the baseline", *variations, *combinations])
    shares = sorted({share(images.training_images, arm.specification.data.fraction) for arm in study.arms()})
    trained = " to ".join(f"{one:,}" for one in dict.fromkeys((shares[0], shares[-1])))
    runs_of_images = (
        f"{_runs(study)}: {arms}, {seeds_each(study)}, on {some}"
        f"{trained} training and {images.validation_images:,} validation images of {name}; tested on "
        f"{images.test_images:,}."
    )
    if not batches:
        return runs_of_images
    return "\n".join([runs_of_images, *_packing(batches)])


def _runs(study: Study) -> str:
    """Say how many runs there are; of a study that adds seeds, how many there may be."""
    arms = len(study.arms())
    if not isinstance(study.seeds, PlannedSeeds):
        return count(sum(len(study.seeds_of(arm.name)) for arm in study.arms()), "run")
    least, most = study.seeds.plan.first * arms, len(study.seeds) * arms
    return f"At least {count(least, 'run')}" if study.seeds.plan.most is None else f"{least:,} to {most:,} runs"


def planned_looks(seeds: Sequence[int]) -> str | None:
    """Say what decides how many seeds there are; None where the study gives their number."""
    if not isinstance(seeds, PlannedSeeds):
        return None
    plan = seeds.plan
    if plan.sizes is None:
        return (
            f"Looks at {plan.first} seeds and after every {plan.step} more, until the program is stopped: variations "
            "with an open verdict get more seeds. The tests hold their error rate at any look, and find fewer "
            "differences than those of a declared maximum."
        )
    sizes = listed(f"{size:,}" for size in plan.sizes[:6]) if len(plan.sizes) <= 6 else f"{len(plan.sizes)} sizes"
    return (
        f"Looks at {sizes} seeds: variations with an open verdict get more seeds, and the baseline with them. The "
        f"tests hold their error rate over all looks together. The time below is that of the first look; all arms to "
        f"the last one take {plan.sizes[-1] / plan.first:.1f} times as long."
    )


def _packing(batches: Sequence[PackedBatch]) -> Iterator[str]:
    """Say what each engine trains at a time, a line each."""
    for name in sorted({batch.engine.name for batch in batches}):
        own = [batch for batch in batches if batch.engine.name == name]
        most = max(len(batch.runs) for batch in own)
        if most == 1:
            yield f"The {name} engine trains {count(len(own), 'run')}, one at a time per core."
        else:
            number = f"{len(own)} packed batch{'' if len(own) == 1 else 'es'}"
            yield f"The {name} engine trains {number} of up to {most} runs, one packed batch at a time per core."


_TRIED_IMAGES = 8


def code_diffs(arms: Sequence[Arm]) -> Iterator[str]:
    """Give the lines in which the user's own code of variations differs from the baseline's, each diff once."""
    told: set[CodeChange] = set()
    for arm in arms[1:]:
        for change in changes(arms[0].specification, arm.specification):
            if isinstance(change, CodeChange) and change not in told:
                told.add(change)
                yield f"'{arm.name}', code of {change.path}:"
                yield from (f"  {line}" for line in change.short_diff)


def _print_diffs(arms: Sequence[Arm], console: Console) -> None:
    if diffs := list(code_diffs(arms)):
        console.print(Text("\n".join(diffs), style="dim"))


def plan_table(arms: Sequence[Arm], images: ImageKind, own: Mapping[str, int] = MappingProxyType({})) -> Table:
    """Draw a row for each variation: what it changes, and how large its network is.

    Of code of the user's own, `own` has how many numbers it trains, by name of the arm, 0 if that is not known.
    """
    table = arm_table()
    table.add_column("what it changes")
    table.add_column("para-\nmeters", justify="right", no_wrap=True)
    table.add_column("multiply-\nadds", justify="right", no_wrap=True)
    baseline = arms[0].specification
    for before, arm in zip((None, *arms), arms, strict=False):
        cost = network_cost(arm.specification.network, images.shape, images.classes)
        table.add_row(
            Text("" if arm is arms[0] or (before and before.factor == arm.factor) else arm.factor),
            Text(arm.name, style="bold" if arm is arms[0] else ""),
            Text("\n".join(in_words(changes(baseline, arm.specification)))),
            Text(_unless_unknown(own.get(arm.name, cost.parameters))),
            Text(_unless_unknown(0 if arm.specification.train else cost.multiply_adds)),
        )
    return table


def _unless_unknown(number: int) -> str:
    return f"{number:,}" if number else ""


def memory_needed(need: NeededMemory, free: Memory | None) -> str:
    """Say how much memory the study takes, and how much there is."""
    there = "" if free is None else f"; {byte_count(free.free)} are free {free.limit}"
    whole = byte_count(need.images + need.training)
    return f"Memory: about {whole}, {byte_count(need.images)} of it for the images{there}."


def time_needed(estimate: Estimate, threads: int, place: Place | None = None) -> str:
    """Say how long the study takes here, or in another place."""
    limit = cores().limit
    where = f"{count(threads, 'thread')} of this machine{f' ({limit})' if limit else ''}"
    if place is not None and place.description:
        where = f"{count(threads, 'core')} of the Ray cluster if they are as fast as this machine"
    most, text = "at most" if estimate.may_stop else "about", ""
    if estimate.is_disturbed:
        text += " Other programs used the processor meanwhile: without them it takes less."
    if estimate.preparation:
        text += f" Before that about {duration(estimate.preparation)} for features of pretrained networks, unless kept."
    return (
        f"Time: {most} {duration(estimate.seconds)} on {where}, at {estimate.speed:,.0f} images x models per second. "
        f"Measured on random images{_when(estimate)}.{text}"
    )


def _when(estimate: Estimate) -> str:
    if not estimate.known_since:
        return ""
    return f" on {estimate.known_since}" if estimate.is_known else f", in part on {estimate.known_since}"


def patience(batches: Sequence[PackedBatch], estimate: Estimate, device: str) -> str:
    """Warn of pretrained networks that are trained further on a processor; empty if there are none."""
    names = dict.fromkeys(run.variation for batch in batches if batch.engine.name == FINE_TUNING for run in batch.runs)
    if not names or device != "cpu":
        return ""
    tuned = listed(f"'{name}'" for name in names)
    return (
        f"of that, fine-tuning takes about {duration(estimate.work[FINE_TUNING])} of one core: "
        f"{tuned}. It works on a processor, and a GPU (--device cuda) is many times "
        "faster; fewer seeds, epochs or blocks help too."
    )


def override(study: Study, *, seeds: int | None = None, epochs: int | None = None) -> tuple[Study, tuple[str, ...]]:
    """Change how many seeds a study has, and how long the baseline and every variation without epochs of its own train.

    Of more seeds than the study has, its own come first; a plan that adds seeds is replaced by so many.

    Returns:
        The study, and what was changed, one sentence each: it belongs above every result.

    Raises:
        StudyError: If the changed study cannot be.
    """
    fields = {name: getattr(study, name) for name in Study.model_fields}
    notes: list[str] = []
    if seeds is not None and (seeds != len(study.seeds) or isinstance(study.seeds, PlannedSeeds)):
        others = (seed for seed in range(seeds + len(study.seeds)) if seed not in study.seeds)
        kept = study.seeds[:seeds]
        fields["seeds"] = (*kept, *(next(others) for _ in range(seeds - len(kept))))
        fields["baseline_seeds"] = None
        notes.append(f"This is a changed study: --seeds {seeds}, where its file says {seed_count(study.seeds)}.")
    if epochs is not None and epochs != study.baseline.training.epochs:
        training = study.baseline.training.model_copy(update={"epochs": epochs})
        fields["baseline"] = study.baseline.model_copy(update={"training": training})
        before = study.baseline.training.epochs
        notes.append(f"This is a changed study: --epochs {epochs}, where its file says {count(before, 'epoch')}.")
    try:
        return Study(**fields) if notes else study, tuple(notes)
    except StudyError as error:
        raise StudyError(*(f"with --epochs {epochs}: {mistake}" for mistake in error.mistakes)) from None
