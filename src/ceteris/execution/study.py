"""Runs a study: finds what is left to do, has it trained, and tells what happens."""

import threading
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from ceteris.datasets.dataset import Dataset, Origin, Split
from ceteris.datasets.split import split_dataset
from ceteris.engines.engine import Engine, PreparingEngine
from ceteris.errors import EngineError, ResultsError, StudyError
from ceteris.execution.engines import assign
from ceteris.execution.events import Event, Note, Preparing, RunsHeld, StudyStarted
from ceteris.execution.local import LocalExecutor
from ceteris.execution.memory import check_memory
from ceteris.execution.packing import PackedBatch, longest_first, pack
from ceteris.execution.prediction_time import time_predictions
from ceteris.execution.workspace import Workspace
from ceteris.formatting.wording import listed, nearest
from ceteris.resources import available_cores
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder, check_space
from ceteris.results.manifest import Manifest
from ceteris.results.record import Status
from ceteris.study.analysis import Resolution
from ceteris.study.check import check_images
from ceteris.study.run import BASELINE, Run
from ceteris.study.study import Study

_AT_AN_END = (Status.FINISHED, Status.DIVERGED)


def run_study(  # noqa: PLR0913 - one argument a choice that the caller has
    study: Study,
    dataset: Dataset,
    *,
    folder: Path,
    engines: Sequence[Engine],
    threads: int | None = None,
    only: Collection[str] = (),
    notes: Sequence[str] = (),
    skipped: Mapping[str, str] | None = None,
    checkpoint_seconds: float = 60.0,
    stop: threading.Event | None = None,
) -> Generator[Event, None, None]:
    """Train what a results folder still lacks, and tell what happens as it happens.

    Finished runs are not repeated, unfinished ones go on from their checkpoints, failed ones are tried again, damaged
    ones are set aside and done again, and runs that another process is training are left to it. Where the study has a
    pretrained network, predictions are timed when all is trained. `results.csv` is written at the end, also when the
    training is interrupted. Close the iterator to stop early; every run is saved first.

    Args:
        study: What is asked.
        dataset: The images it asks for.
        folder: Where the results are, or will be.
        engines: Who may train, in the order of preference.
        threads: How many packed batches are trained side by side; as many as there are cores, if not given.
        only: Names of the variations to train now, `baseline` among them; all if empty.
        notes: What else a reader must know before believing a result, one sentence each; stored with the results.
        skipped: By name of the variation, why it cannot be trained now and what to do; stored with the results.
        checkpoint_seconds: Most training time that a crash may cost.
        stop: Set it, from any thread, to have all runs saved and the training end.

    Yields:
        Notes, then `StudyStarted`, then what the workers tell.

    Raises:
        StudyError: If `only` names what is not in the study, or the images are not those it asks for.
        EngineError: If no engine can train a run, the baseline is skipped, or training needs more memory than is free.
        DataError: If an engine cannot prepare what its runs need.
        ResultsError: If the folder cannot be written, or has no room.
        KeyboardInterrupt: After Ctrl-C, when every run is saved.
    """
    if study.data.is_folder and dataset.origin is Origin.FOLDER:
        study = study.on_folder(dataset.name)
    elif dataset.name != study.data.name:
        raise StudyError(
            f"the study asks for '{study.data.name}', and the images given are '{dataset.name}'. "
            "Give the images it asks for, or change data.name in the study."
        )
    _check_names(study, only)
    stop = stop or threading.Event()
    threads = threads or available_cores()
    place = ResultsFolder(folder)
    all_runs = study.runs(dataset.digest)
    skipped = skipped or {}
    if BASELINE in skipped:
        raise EngineError(f"the baseline cannot be trained, and all else is compared with it: {skipped[BASELINE]}.")
    runs = tuple(run for run in all_runs if (not only or run.variation in only) and run.variation not in skipped)
    split = split_dataset(dataset, study.data)
    check_images(study, split.kind)
    assignment = assign(runs, engines, split.kind)
    resolution = Resolution(test_images=len(split.test), margin=study.analysis.margin)
    found = (*filter(None, [resolution.warning]), *assignment.notes)
    manifest = Manifest.of(study, dataset, split, notes=(*notes, *found), skipped=skipped)
    for note in (*found, *place.prepare(manifest, dataset.test)):
        yield Note(text=note)
    workspace = Workspace(
        folder=place, splits={study.data.whole: split}, origin=dataset.origin, checkpoint_seconds=checkpoint_seconds
    )
    executor = LocalExecutor(workspace=workspace, threads=threads, stop=stop)
    findings = _survey(place, all_runs, skipped)
    _tidy(place, findings)
    yield from _missing_baseline(only, findings)
    to_train = _to_train(findings, runs)
    check_space(folder, to_train, split.kind)
    batches = _pack(to_train, assignment.shares, findings)
    check_memory(batches, split.kind, threads=threads)
    yield StudyStarted(
        folder=folder,
        findings=findings,
        batches=batches,
        images=split.kind,
        workers=min(threads, len(batches)),
    )
    try:
        yield from _prepare(batches, split, stop)
        while batches and not stop.is_set():
            held: list[Run] = []
            with closing(executor.map(batches)) as events:
                for event in events:
                    if isinstance(event, RunsHeld):
                        held += event.runs
                    yield event
            # What another process has let go of since, finished or not, is looked at once more.
            findings = place.survey(run for run in held if not stop.is_set() and not place.is_held(run))
            batches = _pack(_to_train(findings, runs), assignment.shares, findings)
        if not stop.is_set():
            yield from time_predictions(place, _survey(place, all_runs, skipped), engines, split)
    except BaseException:
        with suppress(ResultsError):
            place.write_table(_survey(place, all_runs, skipped))
        raise
    place.write_table(_survey(place, all_runs, skipped))


def _prepare(batches: Sequence[PackedBatch], split: Split, stop: threading.Event) -> Iterator[Event]:
    """Let engines do what must be done once, with all cores, before packed batches share them."""
    runs: dict[Engine, list[Run]] = {}
    for batch in batches:
        if isinstance(batch.engine, PreparingEngine):
            runs.setdefault(batch.engine, []).extend(batch.runs)
    for engine, members in runs.items():
        assert isinstance(engine, PreparingEngine)
        with closing(engine.prepare(members, split)) as preparations:
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


def _survey(place: ResultsFolder, runs: Sequence[Run], skipped: Mapping[str, str]) -> tuple[Finding, ...]:
    return tuple(finding.unless_skipped(skipped) for finding in place.survey(runs))


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
            claim = place.claim(finding.run)
            if claim is not None:
                folder.tidy()
                claim.release()


def _to_train(findings: Sequence[Finding], runs: Sequence[Run]) -> tuple[Run, ...]:
    wanted = {run.digest for run in runs}
    return tuple(one.run for one in findings if one.status not in _AT_AN_END and one.run.digest in wanted)


def _pack(
    runs: Sequence[Run], shares: Sequence[tuple[Engine, tuple[Run, ...]]], findings: Sequence[Finding]
) -> tuple[PackedBatch, ...]:
    wanted = {run.digest for run in runs}
    positions = {one.run.digest: one.position for one in findings if one.position is not None}
    return longest_first(
        batch
        for engine, share in shares
        for batch in pack((run for run in share if run.digest in wanted), engine, positions)
    )
