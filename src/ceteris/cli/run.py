"""`ceteris run`: trains a study, shows how it goes, and ends with a table."""

import signal
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from ceteris.analysis.looks import asked_seeds
from ceteris.cli.budget import Budget, read_budget
from ceteris.cli.console import print_notes, print_sentence
from ceteris.cli.estimate import Estimate, estimate_time
from ceteris.cli.executors import ExecutorName, Place, chosen_executor, device_for
from ceteris.cli.fastest import fastest_first
from ceteris.cli.fetching import download_weights, get_images
from ceteris.cli.needs import time_needed
from ceteris.cli.override import override
from ceteris.cli.speeds import Speed
from ceteris.execution.engines import choose_engines, find_backbones
from ceteris.execution.events import Event, StudyStarted
from ceteris.execution.executor import Executor
from ceteris.execution.sharding import read_shard
from ceteris.execution.study import run_study
from ceteris.progress.board import Measuring
from ceteris.progress.live import achievement, ending, show
from ceteris.report.quantities import count
from ceteris.resources import available_cores
from ceteris.results.record import Status
from ceteris.results.results import Results, read_results
from ceteris.study.reader import read_study

_STOPPED = "Stopped. Every run is saved, and the same command goes on from here."

_MEASURED_SECONDS = 1.0
"""How long training is measured beforehand, to estimate the time; half of what `ceteris plan` takes for it."""


def run(  # noqa: PLR0913, PLR0915 - one argument an option
    file: Path,
    *,
    out: Path | None,
    data: Path | None,
    seeds: int | None,
    epochs: int | None,
    only: Collection[str] | None,
    threads: int | None,
    engine: str,
    device: str | None,
    executor: str,
    ray_address: str | None,
    budget: str | None,
    shard: str | None,
    shapes_if_no_cifar10: bool,
    console: Console,
) -> None:
    """Train a study file, or what its results folder still lacks of it; after Ctrl-C every run is saved."""
    stop, seconds = threading.Event(), read_budget(budget)
    limit = None
    if seconds is not None:
        limit = Budget(seconds=seconds, clock=time.monotonic, began=time.monotonic(), stop=stop)
    study, changes = override(read_study(file), seeds=seeds, epochs=epochs)
    part = read_shard(shard, study)
    choice = choose_engines(engine, device=device_for(executor, device), is_here=executor == ExecutorName.LOCAL)
    download_weights(study, base=file.parent, console=console)
    here = threads or available_cores()
    images = get_images(study, location=data, or_shapes=shapes_if_no_cifar10, console=console)
    folder = out or _folder(file.stem if images.study is study else f"{file.stem}-shapes", part)
    backbones = find_backbones(images.study, base=file.parent, device=device or "cpu", threads=here)
    kind = images.dataset.kind(images.study.data)
    with console.status("measuring which engine is faster ..."):
        fastest = fastest_first(choice, backbones.study, kind, engine=engine, threads=here, folder=folder)
    notes = (*images.notes, *changes, *fastest.choice.notes, *backbones.notes)
    console.print(Text(images.study.title, style="bold"), soft_wrap=True)
    console.print(f"images: {images.dataset.source}", markup=False, soft_wrap=True)
    console.print(f"results: {folder}", markup=False, soft_wrap=True)
    print_notes((*images.dataset.notes, *notes), console)
    for variation, reason in backbones.skipped.items():
        print_sentence(Text(f"SKIPPED: '{variation}': {reason}.", style="bold red"), console)
    with chosen_executor(executor, threads=threads, ray_address=ray_address) as where:
        events = run_study(
            backbones.study,
            images.dataset,
            folder=folder,
            engines=(*fastest.choice.engines, *backbones.engines),
            executor=where,
            only=only or (),
            notes=notes,
            skipped=backbones.skipped,
            stop=stop,
            shard=part,
        )
        timer = threading.Timer(limit.left if limit else 0.0, stop.set)
        timer.daemon = True
        try:
            if limit:
                timer.start()
            with closing(events):  # also when nothing more can be printed
                timed = _with_time(events, fastest.speeds, where, console, limit, backbones.study.seeds)
                board = show(timed, console, time.monotonic)
        except KeyboardInterrupt:
            _close(folder, console)
            console.print(f"\n{_STOPPED}")
            raise
        except SystemExit as leaving:
            if leaving.code == 128 + signal.SIGTERM:  # others say that nobody reads any more
                console.print(f"\n{_STOPPED}")  # and no table, because whoever sent it may soon kill
            raise
        finally:
            timer.cancel()
    now = time.monotonic()
    line = achievement(board, now) if stop.is_set() else ending(board, now)
    _close(folder, console)
    console.print()
    if line:
        console.print(line)
    results = read_results(folder)
    if stop.is_set() and _has_more(results):
        print_sentence(
            Text("Stopped within the budget: every run is saved, and the same command goes on from here."), console
        )
    if results.failures:
        runs = count(len(results.failures), "run")
        console.print(f"{runs} failed. Fix the cause, and the same command tries again.", style="red")
        raise typer.Exit(1)


def _has_more(results: Results) -> bool:
    """Say whether there is something left that the same command goes on with: runs, or a look."""
    is_left = {Status.MISSING, Status.UNFINISHED, Status.DAMAGED}
    asked = asked_seeds(results.folder, results.manifest)
    return any(one.status in is_left for one in results.findings) or asked != results.manifest.asked


def _close(folder: Path, console: Console) -> None:
    from ceteris.cli.report import close  # noqa: PLC0415 - takes as long to load as all else: no training waits for it

    close(folder, console)


def _folder(name: str, shard: tuple[int, int] | None) -> Path:
    return Path("results") / (name if shard is None else f"{name}-shard-{shard[0]}-of-{shard[1]}")


def _with_time(
    events: Iterable[Event],
    speeds: Mapping[str, Speed],
    executor: Executor,
    console: Console,
    budget: Budget | None,
    seeds: Sequence[int],
) -> Iterator[Event | Measuring]:
    """Say how long the study takes here, or its next look, before it is trained; a look beyond a budget is not."""
    is_first = True
    for event in events:
        if isinstance(event, StudyStarted) and event.batches:
            yield Measuring()
            # What fails on random images fails in training too, where it is reported and the other runs go on.
            place = Place.of(executor, event.batches, event.images)
            estimate: Estimate | None = None
            with suppress(Exception):
                estimate = estimate_time(
                    event.batches,
                    event.images,
                    **place.sharing,
                    budget=_MEASURED_SECONDS,
                    known=speeds,
                )
            if estimate is not None:
                print_sentence(Text(time_needed(estimate, place.cores, place)), console)
                # What was measured of each packed batch says better how much is left than the size of its network.
                if budget is not None and not is_first and not budget.allows(estimate.seconds):
                    print_sentence(Text(budget.refusal(estimate.seconds)), console)
                    budget.stop.set()
                elif budget is not None and is_first and (outlook := budget.outlook(seeds, estimate.seconds)):
                    print_sentence(Text(outlook), console)
                measured = zip(event.batches, estimate.batches, strict=True)
                event = replace(event, batches=tuple(replace(batch, work=seconds) for batch, seconds in measured))  # noqa: PLW2901
            is_first = False
        yield event
