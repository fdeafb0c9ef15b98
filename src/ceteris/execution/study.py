"""Plans a study and runs it: what is left to do, who trains what together, and what happens meanwhile."""

import threading
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from ceteris.analysis.looks import asked_seeds
from ceteris.datasets.dataset import Dataset, ImageKind, Origin, Split, split_dataset
from ceteris.engines.engine import Engine, Places
from ceteris.engines.function import FunctionEngine
from ceteris.errors import EngineError, ResultsError, StudyError
from ceteris.execution.events import Event, Note, Preparing, RunsHeld, StudyStarted
from ceteris.execution.executor import Executor, Workspace, interruptions
from ceteris.execution.local import LocalExecutor
from ceteris.execution.own_code import is_of_repetition, own_code_notes, with_repetition
from ceteris.execution.packing import (
    NeededMemory,
    PackedBatch,
    assign,
    check_resources,
    longest_first,
    needed_memory,
    pack,
    preparing,
)
from ceteris.execution.prediction_time import time_predictions
from ceteris.execution.sharding import part_of, shard_of
from ceteris.execution.waiting import let_go, look, writing
from ceteris.formatting.wording import count, listed, nearest
from ceteris.locks.lock import Watch
from ceteris.networks.backbone import BackboneNetwork
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder, check_space
from ceteris.results.manifest import Manifest, StudyNote
from ceteris.results.record import Status
from ceteris.study.analysis import Resolution
from ceteris.study.check import check_images
from ceteris.study.run import BASELINE, Run
from ceteris.study.shard import Shard
from ceteris.study.study import Study

_AT_AN_END = (Status.FINISHED, Status.DIVERGED)
_NO_IMAGES = "0" * 64


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What a study has left to train, and who trains it.

    Attributes:
        study: What is asked.
        images: What its images are like, and how many there are of each part.
        findings: Every run of the study as it was found, in the order of the study.
        shares: Each engine that may have something to train, with its runs.
        batches: What is trained now, the longest first.
        skipped: By name of the variation, why it cannot be trained now and what to do.
        notes: What a reader must know before believing a result, one sentence each.
    """

    study: Study
    images: ImageKind
    findings: tuple[Finding, ...]
    shares: tuple[tuple[Engine, tuple[Run, ...]], ...]
    batches: tuple[PackedBatch, ...]
    skipped: Mapping[str, str]
    notes: tuple[str, ...]

    def after(self, findings: Sequence[Finding]) -> "StudyPlan":
        """Give the plan for what findings say is not at an end, unfinished runs from where they stopped."""
        left = {one.run.digest for one in findings if one.status not in _AT_AN_END}
        positions = {one.run.digest: one.position for one in findings if one.position is not None}
        batches = longest_first(
            batch
            for engine, share in self.shares
            for batch in pack((run for run in share if run.digest in left), engine, positions)
        )
        return replace(self, findings=tuple(findings), batches=batches)

    def memory(self, cores: int) -> NeededMemory | None:
        """Estimate what training takes while so many packed batches train at a time; None if there is nothing to do."""
        return needed_memory(self.batches, self.images, cores=cores)


def plan_study(  # noqa: PLR0913 - one argument a choice that the caller has
    study: Study,
    images: ImageKind,
    *,
    engines: Sequence[Engine],
    folder: ResultsFolder | None = None,
    data_digest: str = _NO_IMAGES,
    only: Collection[str] = (),
    skipped: Mapping[str, str] | None = None,
    asked: Mapping[str, int] = MappingProxyType({}),
    shard: Shard | None = None,
) -> StudyPlan:
    """Find out what a study has left to train, and who trains what; nothing is written.

    Args:
        study: What is asked.
        images: What its images are like.
        engines: Who may train, in the order of preference.
        folder: Where results are, or will be; without it nothing counts as trained.
        data_digest: Of the images: runs on other images are other runs.
        only: Names of the variations to train now, `baseline` among them; all if empty.
        skipped: By name of the variation, why it cannot be trained now and what to do.
        asked: Of a study that adds seeds: how many each arm gets, as for `Study.seeds_of`.
        shard: The part of the study that is trained; all if None.

    Raises:
        StudyError: If `only` names what is not in the study, or a network does not fit the images.
        EngineError: If no engine can train a run.
    """
    skipped = skipped or {}
    _check_names(study, only)
    check_images(study, images)
    runs = study.runs(data_digest, asked)
    chosen = [
        run for run in part_of(runs, shard) if (not only or run.variation in only) and run.variation not in skipped
    ]
    if any(run.specification.train for run in chosen):
        engines = (*engines, FunctionEngine())
    assignment = assign(chosen, engines, images)
    resolution = Resolution(test_images=images.test_images, margin=study.analysis.margin_points)
    plan = StudyPlan(
        study=study,
        images=images,
        findings=(),
        shares=assignment.shares,
        batches=(),
        skipped=skipped,
        notes=(
            *filter(None, [resolution.warning]),
            *_grey_notes(study, images),
            *_idle_patience(study),
            *assignment.notes,
            *own_code_notes(chosen),
        ),
    )
    return plan.after([Finding(run=run) for run in runs] if folder is None else _survey(folder, runs, skipped, shard))


def _idle_patience(study: Study) -> Iterator[StudyNote]:
    """Say of which arms the patience is so long that it can stop no run before its last epoch."""
    arms: dict[tuple[int, int], list[str]] = {}
    for arm in study.arms():
        training = arm.specification.training
        if training.patience and training.patience >= training.epochs - 1:
            arms.setdefault((training.patience, training.epochs), []).append(arm.name)
    for (patience, epochs), names in arms.items():
        is_all = len(names) == len(study.arms())
        quoted = [f"'{name}'" for name in names]
        who = "no run" if is_all else f"no run of {listed(quoted)}"
        yield StudyNote(
            f"training.patience = {patience} stops {who} before the last of {count(epochs, 'epoch')}. Give a smaller "
            "one, or train longer.",
            arms=() if is_all else names,
        )


def _grey_notes(study: Study, images: ImageKind) -> Iterator[StudyNote]:
    """Say of pretrained networks what grey images are to them."""
    arms = [arm.name for arm in study.arms() if isinstance(arm.specification.network, BackboneNetwork)]
    if arms and images.shape.channels == 1:
        yield StudyNote("Pretrained networks are shown the grey images as colour: three equal channels.", arms=arms)


def run_study(  # noqa: PLR0913 - one argument a choice that the caller has
    study: Study,
    dataset: Dataset,
    *,
    folder: Path,
    engines: Sequence[Engine],
    executor: Executor | None = None,
    only: Collection[str] = (),
    notes: Sequence[str] = (),
    skipped: Mapping[str, str] | None = None,
    checkpoint_seconds: float = 60.0,
    stop: threading.Event | None = None,
    shard: tuple[int, int] | None = None,
) -> Generator[Event, None, None]:
    """Train what a results folder still lacks, and tell what happens as it happens.

    Finished runs are not repeated, unfinished ones go on from their checkpoints, failed ones are tried again, damaged
    ones are moved to `damaged/` and trained again, and runs that another process is training are left to it. Where the
    study has a pretrained network, predictions are timed when all is trained. `results.csv` is written at the end, also
    when the training is interrupted. Close the iterator to stop early; every run is saved first.

    A study that adds seeds is trained in rounds, one for each look. What a round trains is decided by the stored
    results of those before it, so that a study that was interrupted at any time goes on as if it had not been.

    Args:
        study: What is asked.
        dataset: The images it asks for.
        folder: Where the results are, or will be.
        engines: Who may train, in the order of preference.
        executor: Where they train; on all cores of this machine, if not given.
        only: Names of the variations to train now, `baseline` among them; all if empty.
        notes: What else a reader must know before believing a result, one sentence each; stored with the results.
        skipped: By name of the variation, why it cannot be trained now and what to do; stored with the results.
        checkpoint_seconds: Most training time that a crash may cost.
        stop: Set it, from any thread, to have all runs saved and the training end.
        shard: Which of how many parts of the study to train, from 1; see `ceteris.execution.sharding`. All if None.

    Yields:
        Notes, then for each round `StudyStarted` and what the workers tell.

    Raises:
        StudyError: If `only` names what is not in the study, or the images are not those it asks for.
        EngineError: If no engine can train a run, the baseline is skipped, or training needs more than there is.
        DataError: If an engine cannot prepare what its runs need.
        ResultsError: If the folder cannot be written, or has no room.
        KeyboardInterrupt: After Ctrl-C, when every run is saved.
        SystemExit: After another signal that ends the process, likewise.
    """
    if study.data.is_own and dataset.origin is Origin.OWN:
        study = study.on_own(dataset.name)
    elif dataset.name != study.data.name:
        raise StudyError(
            f"the study asks for '{study.data.name}', and the images given are '{dataset.name}'. "
            "Give the images it asks for, or change data.name in the study."
        )
    if skipped and BASELINE in skipped:
        raise EngineError(f"the baseline cannot be trained, and all else is compared with it: {skipped[BASELINE]}.")
    stop, executor = stop or threading.Event(), executor or LocalExecutor()
    place, split = ResultsFolder(folder), split_dataset(dataset, study.data)
    declared, study = study, _with_baseline_seeds(study, place)
    workspace = Workspace(
        folder=place, splits={study.data.whole: split}, origin=dataset.origin, checkpoint_seconds=checkpoint_seconds
    )
    part = shard_of(study, dataset.digest, shard)
    asked = asked_seeds(place, Manifest.of(study, dataset, split, skipped=skipped))
    is_over, is_told = False, False
    while not is_over:
        plan = plan_study(
            study,
            split.kind,
            engines=engines,
            data_digest=dataset.digest,
            only=only,
            skipped=skipped,
            asked=asked,
            shard=part,
        )
        runs = [finding.run for finding in plan.findings]
        notes = with_repetition(notes, plan.shares, place, split)
        manifest = Manifest.of(
            study, dataset, split, notes=(*notes, *plan.notes), skipped=plan.skipped, asked=asked, shard=part
        )
        yield from writing(place)
        found = place.prepare(manifest, dataset.test)
        plan = plan.after(_survey(place, runs, plan.skipped, part))
        if not is_told:
            for note in (*plan.notes, *filter(is_of_repetition, notes), *found):
                yield Note(text=note)
            yield from (Note(text=note) for note in _kept_seeds(declared, study))
            yield from _missing_baseline(only, plan.findings)
            is_told = True
        _tidy(place, plan.findings)
        check_space(folder, [run for batch in plan.batches for run in batch.runs], split.kind)
        check_resources(plan.batches, split.kind, executor.resources)
        yield StudyStarted(
            folder=folder,
            findings=plan.findings,
            batches=plan.batches,
            images=split.kind,
            workers=min(executor.resources.cores, len(plan.batches)),
        )
        try:
            yield from _train(plan, workspace, executor, stop)
            before, asked = asked, asked if stop.is_set() else asked_seeds(place, manifest)
            is_over = asked == before
            if is_over and not stop.is_set():
                yield from time_predictions(place, runs, engines, split)
        except BaseException:
            with suppress(ResultsError):
                place.write_table(_survey(place, runs, plan.skipped, part))
            raise
        place.write_table(_survey(place, runs, plan.skipped, part))
        if not is_over:
            yield Note(text=_next_look(asked))


def _train(
    plan: StudyPlan, workspace: Workspace, executor: Executor, stop: threading.Event
) -> Generator[Event, None, None]:
    """Train what a plan has left, and what other processes let go of meanwhile."""
    place, (split,) = workspace.folder, workspace.splits.values()
    watch = Watch(place.locks)
    yield from _prepare(plan.batches, split, executor if isinstance(executor, Places) else None, stop)
    while plan.batches and not stop.is_set():
        held: list[Run] = []
        with interruptions(stop), closing(executor.execute(plan.batches, workspace, stop)) as events:
            for event in events:
                if isinstance(event, RunsHeld):
                    held += event.runs
                    look(place, event.runs, watch)
                yield event
        # What another process has let go of since, finished or not, is looked at once more.
        plan = plan.after(place.survey((yield from let_go(place, held, watch, stop))))


def _next_look(asked: Mapping[str, int]) -> str:
    """Say which look comes next, and for how many variations."""
    size = asked[BASELINE]
    still = sum(seeds == size for name, seeds in asked.items() if name != BASELINE)
    they = "is" if still == 1 else "are"
    return f"{still} of {len(asked) - 1} variations {they} not decided yet, and trained with up to {size} seeds now."


def _prepare(
    batches: Sequence[PackedBatch], split: Split, places: Places | None, stop: threading.Event
) -> Iterator[Event]:
    """Let engines do what must be done once, with all cores, before packed batches share them."""
    for engine, runs in preparing(batches).items():
        work = engine.prepare(runs, split) if places is None else engine.prepare(runs, split, places)
        with closing(work) as preparations:
            for preparation in preparations:
                yield Preparing(preparation=preparation)
                if stop.is_set():
                    return


def _missing_baseline(only: Collection[str], findings: Sequence[Finding]) -> Iterator[Note]:
    """Warn where variations are trained, and nothing is there or will be there to compare them with."""
    is_there = any(one.run.variation == BASELINE and one.status in _AT_AN_END for one in findings)
    if only and BASELINE not in only and not is_there:
        yield Note(
            text="The baseline is not trained, and all is compared with it: there are no verdicts before it is. Name "
            "it too: --only baseline."
        )


def _with_baseline_seeds(study: Study, place: ResultsFolder) -> Study:
    """Go on with the baseline's seeds of the folder where a study declares none: nothing is added unasked."""
    if study.baseline_seeds is not None:
        return study
    try:
        before = place.read_manifest().study
    except ResultsError:  # no folder yet, or one that `prepare` has to say more about
        return study
    if before.baseline_seeds is not None and before.baseline_seeds == before.seeds:
        return study.with_baseline_seeds(study.seeds)
    return study.with_baseline_seeds(before.baseline_seeds) if before.seeds == study.seeds else study


def _kept_seeds(declared: Study, study: Study) -> Iterator[str]:
    """Say that a folder has another number of seeds of the baseline than the study would have, which `plan` counts."""
    has, new = len(study.seeds_of(BASELINE)), len(declared.seeds_of(BASELINE))
    if has != new:
        yield (
            f"This folder keeps the {count(has, 'seed')} of the baseline that it has; a new one would have {new}. To "
            f"train as many here, write baseline_seeds = {new} into the study file."
        )


def _survey(
    place: ResultsFolder, runs: Sequence[Run], skipped: Mapping[str, str], shard: Shard | None
) -> tuple[Finding, ...]:
    return tuple(finding.unless_skipped(skipped, shard) for finding in place.survey(runs))


def _check_names(study: Study, only: Collection[str]) -> None:
    known = [arm.name for arm in study.arms()]
    mistakes: list[str] = []
    for name in only:
        if name not in known:
            close = nearest(name, known)
            names = listed(f"'{one}'" for one in known)
            hint = f"did you mean '{close}'?" if close else f"the study has {names}."
            mistakes.append(f"there is no variation called '{name}'; {hint}")
    if mistakes:
        raise StudyError(*mistakes)


def _tidy(place: ResultsFolder, findings: Sequence[Finding]) -> None:
    """Remove what a process that was killed left beside finished runs."""
    for finding in findings:
        folder = place.run_folder(finding.run)
        if finding.status in _AT_AN_END and folder.has_leftovers():
            with place.claim([finding.run]) as claim:
                if finding.run.digest in claim:
                    folder.tidy()
