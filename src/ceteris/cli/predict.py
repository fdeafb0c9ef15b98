"""`ceteris predict`: what trained networks say of images that they have not seen."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from ceteris.cli.console import chosen, print_notes, print_sentence
from ceteris.cli.pictures import ReadPicture, find_pictures, read_name_list, read_pictures
from ceteris.datasets.picture import MADE_GREY, Frame
from ceteris.errors import DataError
from ceteris.formatting.console import plain_table, print_line
from ceteris.formatting.wording import listed
from ceteris.inference.ensemble import Ensemble, RankedClass, ensemble_probabilities, gather, rank
from ceteris.paths import expanded, shown
from ceteris.report.documents.predictions import ClassEntry, PredictionEntry, PredictionsDocument
from ceteris.report.quantities import count
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.results.results import Results, read_results
from ceteris.results.selection import Target, became, find_target, findings_of, finished_findings

COLUMNS = ("image", "rank", "class", "probability", "standard_deviation", "lowest", "highest", "votes", "seeds")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What networks say of an image, or why they say nothing.

    Attributes:
        classes: The most probable first; empty if there is trouble.
    """

    image: str
    classes: tuple[RankedClass, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What was said of all images.

    Attributes:
        arm: The variation, or the baseline.
        seeds: Of the networks.
        answers: Of each image; empty where they were written one by one.
        troubles: How much could not be answered.
    """

    arm: str
    seeds: Sequence[int]
    answers: tuple[Answer, ...]
    troubles: int


def write_csv(answers: Iterable[Answer], seeds: Sequence[int]) -> None:
    """Write one row an image and class to standard output, as the answers come."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        for place, one in enumerate(answer.classes, start=1):
            deviation = "" if one.deviation is None else _short(one.deviation)
            numbers = (_short(one.probability), deviation, _short(one.lowest), _short(one.highest))
            writer.writerow((answer.image, place, one.name, *numbers, one.votes, len(seeds)))
        sys.stdout.flush()


def write_jsonl(answers: Iterable[Answer], arm: str, seeds: Sequence[int]) -> None:
    """Write one object an image to standard output, as the answers come; those that cannot be read are among them."""
    for answer in answers:
        facts: dict[str, Any] = {"image": answer.image, "variation": arm, "seeds": list(seeds)}
        if answer.trouble:
            facts["error"] = answer.trouble
        else:
            facts["classes"] = [_facts(one) for one in answer.classes]
            facts["notes"] = list(answer.notes)
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def write_table(answers: Iterable[Answer], seeds: Sequence[int], console: Console) -> None:
    """Draw a table when all answers are there; None if no image could be read."""
    table = plain_table()
    table.add_column("image", overflow="fold")
    table.add_column("class", overflow="fold")
    table.add_column("probability", justify="right", no_wrap=True)
    if len(seeds) > 1:
        table.add_column("lowest to highest", justify="right", no_wrap=True)
        table.add_column("votes", justify="right", no_wrap=True)
    for answer in answers:
        for place, one in enumerate(answer.classes):
            cells = [f"{100 * one.probability:.1f} %"]
            if len(seeds) > 1:
                cells += [f"{100 * one.lowest:.1f} to {100 * one.highest:.1f} %", f"{one.votes} of {len(seeds)}"]
            style = "" if place == 0 else "dim"
            table.add_row(Text("" if place else answer.image), Text(one.name), *cells, style=style)
    if table.row_count:
        console.print(table)


def _facts(one: RankedClass) -> dict[str, Any]:
    return {
        "class": one.name,
        "probability": float(_short(one.probability)),
        "standard_deviation": None if one.deviation is None else float(_short(one.deviation)),
        "lowest": float(_short(one.lowest)),
        "highest": float(_short(one.highest)),
        "votes": one.votes,
    }


def _short(number: float) -> str:
    """Write what float32 is sure of."""
    return f"{number:.6g}"


_AT_ONCE = 64  # images that the networks look at together


def predict(
    path: Path,
    images: Sequence[str] | None,
    *,
    names_from: str | None,
    top: int,
    seed: int | None,
    file_format: str,
    console: Console,
) -> Predicted:
    """Print the most probable classes of images, and how far the seeds agree."""
    images = images or ()
    chosen("--format", file_format, dict.fromkeys(("table", "csv", "jsonl")))
    target = find_target(path)
    results = read_results(target.folder)
    findings = finished_findings(results, target, seed)
    names, notes = _names(names_from, images)
    found = find_pictures([*images, *names])
    ensemble = gather(results, findings)
    said = _Said(Console(highlight=False, stderr=True))
    is_one = (target.seed if seed is None else seed) is not None
    computing = (ensemble.pretrained.note,) if ensemble.pretrained is not None and ensemble.pretrained.note else ()
    for note in (*_about(results, findings, is_one=is_one), *computing, *notes, *found.notes):
        said.note(note)
    for nothing in found.nothing:
        said.trouble(nothing.reason)
    frame = Frame.of(results.manifest.images.shape, results.manifest.study.data.fit)
    pictures = read_pictures(found.images, frame, results.images())
    answers = said.hearing(_answers(pictures, ensemble, top))
    kept: list[Answer] = []
    match file_format:
        case "csv":
            write_csv(answers, ensemble.seeds)
        case "jsonl":
            write_jsonl(answers, ensemble.arm, ensemble.seeds)
        case _:
            print_line(_heading(ensemble), console, style="bold")
            kept = list(answers)
            write_table(kept, ensemble.seeds, console)
    said.conclude()
    return Predicted(arm=ensemble.arm, seeds=ensemble.seeds, answers=tuple(kept), troubles=said.troubles)


def document(found: Predicted) -> PredictionsDocument:
    """Give the same for programs."""
    return PredictionsDocument(
        document="predictions",
        schema_version=1,
        arm=found.arm,
        seeds=tuple(found.seeds),
        predictions=tuple(
            PredictionEntry(
                image=one.image,
                error=one.trouble,
                classes=tuple(_class_entry(each) for each in one.classes),
                notes=one.notes,
            )
            for one in found.answers
        ),
    )


def exit_code(found: Predicted) -> int:
    """Give 1 if an image has no answer."""
    return int(bool(found.troubles))


def _class_entry(one: RankedClass) -> ClassEntry:
    facts = _facts(one)
    return ClassEntry(name=facts.pop("class"), **facts)


class _Said:
    """What is said on standard error, and how much of it."""

    def __init__(self, console: Console) -> None:
        self.troubles = self.adapted = self.greyed = self.answered = 0
        self._console = console

    def note(self, text: str) -> None:
        print_notes([text], self._console)

    def trouble(self, text: str) -> None:
        self.troubles += 1
        print_sentence(Text(f"error: {text}", style="red"), self._console)

    def hearing(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        """Let answers pass, and say at once which images have none."""
        for answer in answers:
            if answer.trouble:
                self.trouble(answer.trouble)
            else:
                self.answered += 1
                self.greyed += MADE_GREY in answer.notes
                self.adapted += any(note != MADE_GREY for note in answer.notes)
            yield answer

    def conclude(self) -> None:
        if self.adapted:
            self.note(
                f"{self.adapted:,} of {count(self.answered, 'image')} {'was' if self.adapted == 1 else 'were'} cut or "
                "scaled to the size that the network is made for; --format jsonl says how."
            )
        if self.greyed:
            self.note(
                f"{self.greyed:,} of {count(self.answered, 'image')} {'was' if self.greyed == 1 else 'were'} in colour "
                "and made grey, as the network is made for images of one channel."
            )
        if self.troubles:
            self.note(f"{count(self.answered, 'image')} answered, {self.troubles:,} not.")


def _answers(pictures: Iterator[ReadPicture], ensemble: Ensemble, top: int) -> Iterator[Answer]:
    while block := list(islice(pictures, _AT_ONCE)):
        seen = [one.pixels for one in block if one.pixels is not None]
        together = iter(ensemble_probabilities(ensemble, np.stack(seen)).swapaxes(0, 1)) if seen else iter(())
        for one in block:
            if one.pixels is None:
                yield Answer(image=one.name, trouble=one.trouble)
                continue
            probabilities = next(together)
            mute = [seed for seed, row in zip(ensemble.seeds, probabilities, strict=True) if not np.isfinite(row).all()]
            if mute:
                seeds = f"seed {mute[0]}" if len(mute) == 1 else f"seeds {listed(map(str, mute))}"
                trouble = f"{one.name}: the sums of {seeds} overflow, so that there is no answer."
                yield Answer(image=one.name, trouble=f"{trouble} Ask another seed with --seed.")
                continue
            yield Answer(image=one.name, classes=rank(probabilities, ensemble.class_names, top=top), notes=one.notes)


def _about(results: Results, findings: Sequence[Finding], *, is_one: bool) -> Iterator[str]:
    """Say what must be known before believing an answer."""
    yield from results.notes_about(findings[0].run.variation)
    if is_one:
        return
    all_findings = findings_of(results, Target(folder=results.folder.path, arm=findings[0].run.variation))
    others = [one for one in all_findings if one.status is not Status.FINISHED]
    if others:
        which = listed(f"seed {one.run.seed} ({became(one)})" for one in others)
        yield f"{len(findings)} of {len(all_findings)} seeds answer; without weights: {which}."


def _heading(ensemble: Ensemble) -> str:
    if len(ensemble.seeds) == 1:
        return f"{ensemble.arm}, seed {ensemble.seeds[0]}"
    return (
        f"{ensemble.arm}: mean probability over {len(ensemble.seeds)} seeds, the lowest and the highest of a seed, "
        "and how many seeds vote for the class"
    )


def _names(names_from: str | None, images: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if names_from is None:
        return (), ()
    where = f"--from {shown(names_from)}"
    if names_from == "-":
        if "-" in images:
            raise DataError("standard input cannot be an image (-) and a list of names (--from -). Leave out one.")
        return read_name_list(sys.stdin.buffer.read(), where)
    try:
        return read_name_list(expanded(names_from, error=DataError, where="--from").read_bytes(), where)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise DataError(f"{where}: {reason}. Give a file with one name a line.") from None
