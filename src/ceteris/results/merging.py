"""Puts results folders of one study together: all is read and compared before the first byte is written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ceteris.datasets.dataset import LabelledImages
from ceteris.errors import ResultsError
from ceteris.formatting.wording import count
from ceteris.paths import AnyPath, expanded
from ceteris.results.atomic import explained
from ceteris.results.finding import Finding
from ceteris.results.folder import STUDY, ResultsFolder
from ceteris.results.manifest import Declaration, Manifest, StudyNote, declared, differences, skipping
from ceteris.results.record import RunRecord, Status
from ceteris.results.run_folder import EPOCHS, FAILURE, MACHINE, PREDICTIONS, PRINTED, RESULT, WEIGHTS, RunFiles
from ceteris.study.run import Run
from ceteris.study.seeds import PlannedSeeds

_OF_RESULT, _OF_FAILURE = (RESULT, MACHINE, EPOCHS, PREDICTIONS, WEIGHTS, PRINTED), (FAILURE, PRINTED)
_NOTHING = "Nothing was written."


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a folder holds after others were put into it.

    Attributes:
        findings: Every run of the study.
        added: How many results were not there before.
        several: How many results were found in several of the folders that were put together, alike.
        unfinished: Of each folder, how many runs it has begun and not ended, where no other has a result.
    """

    place: ResultsFolder
    findings: tuple[Finding, ...]
    added: int
    several: int
    unfinished: dict[Path, int]


def merge_results(sources: Sequence[AnyPath], out: AnyPath) -> Merged:
    """Put the results of several folders of one study into one, which may have some of them already.

    The same as `ceteris merge`, for shards that `ceteris.run(..., shard="1/4")` has trained, or a study that was
    trained in several places.

    A result that several folders hold is one result if its `result.json` is the same, byte by byte; times of training
    may differ, and those of the first folder are kept, of `out` before all others. Failures are taken where there is no
    result; checkpoints are left where they are.

    Args:
        sources: Results folders.
        out: The folder that all goes to; new, or one of the same study.

    Raises:
        ResultsError: If a folder is no results folder or damaged, they are of different studies, images or arithmetic,
            or hold different results of one run; nothing is written then. Or if `out` cannot be written: what is there
            by then is whole, and merging again goes on.
    """
    out = expanded(out, error=ResultsError)
    paths = dict.fromkeys(expanded(path, error=ResultsError).resolve() for path in sources)
    target = ResultsFolder(out)
    there = [target] if (out / STUDY).exists() else []
    places = [*there, *(ResultsFolder(path) for path in paths if path != out.resolve())]
    manifests = [place.read_manifest() for place in places]
    _check_alike(places, manifests)
    runs = manifests[0].runs()
    found = {run.digest: [(place, place.run_folder(run).examine()) for place in places] for run in runs}
    chosen: dict[str, tuple[ResultsFolder, Finding]] = {}
    several = 0
    for run in runs:
        _check_whole(found[run.digest])
        ended = [(place, one) for place, one in found[run.digest] if one.record is not None]
        _check_equal(run, ended)
        several += sum(place is not target for place, _ in ended) > 1
        failed = [(place, one) for place, one in found[run.digest] if one.failure is not None]
        if ended or failed:
            chosen[run.digest] = (ended or failed)[0]
    _check_arithmetic([(place, one.record) for place, one in chosen.values() if one.record is not None])
    test = LabelledImages(images=places[0].read_images(manifests[0]), labels=places[0].read_labels(manifests[0]))
    target.take_in(_together(manifests, {one.run.variation for _, one in chosen.values()}), test)
    new = {digest: one for digest, one in chosen.items() if one[0] is not target}
    added = _copy(target, new)
    findings = tuple(target.survey(runs))
    target.write_table(findings)
    unfinished = {
        place.path: sum(
            run.digest not in chosen and dict(found[run.digest])[place].status is Status.UNFINISHED for run in runs
        )
        for place in places
    }
    return Merged(place=target, findings=findings, added=added, several=several, unfinished=unfinished)


def _check_alike(places: Sequence[ResultsFolder], manifests: Sequence[Manifest]) -> None:
    """Refuse folders of different studies or images."""
    first, manifest = places[0].path, manifests[0]
    if isinstance(manifest.study.seeds, PlannedSeeds):
        raise ResultsError(
            f"{first} holds a study that adds seeds: each look was decided by the results of one folder. Run it in one "
            f"folder, which machines may share. {_NOTHING}"
        )
    for place, other in zip(places[1:], manifests[1:], strict=True):
        what = list(differences(manifest, other))
        if not what and manifest.study != other.study:
            what = [f"other {name}" for name in _differing(manifest, other)]
        if what:
            raise ResultsError(
                f"{place.path} holds another study than {first}: {'; '.join(what[:3])}. Merge folders of one study on "
                f"the same images. {_NOTHING}"
            )
        facts = ("labels_sha256", "images_sha256", "scale", "offset")
        if any(getattr(manifest, name) != getattr(other, name) for name in facts):
            raise ResultsError(
                f"{place.path} has other test images than {first}, or scales them otherwise. Merge folders of one "
                f"study on the same images. {_NOTHING}"
            )


def _differing(one: Manifest, other: Manifest) -> Iterator[str]:
    for name in type(one.study).model_fields:
        if getattr(one.study, name) != getattr(other.study, name):
            yield name


def _check_whole(found: Iterable[tuple[ResultsFolder, Finding]]) -> None:
    for place, one in found:
        if one.damage:
            raise ResultsError(
                f"{place.run_folder(one.run).path}: {'; '.join(map(str, one.damage))}. Run the study with this folder "
                f"again, or leave the folder out. {_NOTHING}"
            )


def _check_equal(run: Run, ended: Sequence[tuple[ResultsFolder, Finding]]) -> None:
    """Refuse different results of one run."""
    for place, one in ended[1:]:
        first, record = ended[0][0], ended[0][1].record
        assert record is not None and one.record is not None  # noqa: PT018 - both are at an end
        if record != one.record:
            raise ResultsError(
                f"'{run.variation}', seed {run.seed}: {first.path} and {place.path} hold different results of this run "
                f"({_shown(record, one.record)}). Find out which is right, and leave the other folder out. {_NOTHING}"
            )


def _shown(one: RunRecord, other: RunRecord) -> str:
    """Show the first thing that two results differ in."""
    for name in ("engine", "arithmetic", "test_accuracy", "test_loss", "epochs"):
        mine, its = getattr(one, name), getattr(other, name)
        if mine != its:
            return f"{name.replace('_', ' ')} {mine} and {its}"
    return "other bytes"


def _check_arithmetic(records: Sequence[tuple[ResultsFolder, RunRecord]]) -> None:
    """Refuse runs of one arm, or of one engine, that were computed in different ways in two folders."""
    seen: dict[str, tuple[ResultsFolder, RunRecord]] = {}
    for place, record in records:
        for key in (f"arm {record.run.variation}", f"engine {record.engine}"):
            first, before = seen.setdefault(key, (place, record))
            if (before.engine, before.arithmetic) != (record.engine, record.arithmetic) and first is not place:
                raise ResultsError(
                    f"{first.path} has runs of the {before.engine} engine ({before.arithmetic}), and {place.path} of "
                    f"the {record.engine} engine ({record.arithmetic}), as '{record.run.variation}', seed "
                    f"{record.run.seed}: differences between arms could be those of engines. Train all with one engine "
                    f"on machines of one kind. {_NOTHING}"
                )


def _together(manifests: Sequence[Manifest], trained: set[str]) -> Manifest:
    """Describe the whole study: every note, and every declaration in the order of time."""
    reasons = {name: why for one in manifests for name, why in one.skipped.items()}
    skipped = {
        name: why
        for name, why in reasons.items()
        if name not in trained and all(name in one.skipped for one in manifests)
    }
    outdated = {str(skipping(name, why)) for name, why in reasons.items() if name not in skipped}
    notes: dict[str, StudyNote | str] = {}
    for one in manifests:
        notes |= {str(note): note for note in one.notes if str(note) not in notes and str(note) not in outdated}
    declarations: tuple[Declaration, ...] = ()
    every = [each for one in manifests for each in one.declarations]
    for declaration in sorted(every, key=lambda each: each.since or ""):
        declarations = declared(declarations, declaration)
    return replace(manifests[0], notes=tuple(notes.values()), skipped=skipped, declarations=declarations, shard=None)


def _copy(target: ResultsFolder, new: dict[str, tuple[ResultsFolder, Finding]]) -> int:
    """Write runs into a folder, each whole or not at all; count the results among them."""
    runs = [one.run for _, one in new.values()]
    with target.claim(runs) as claim:
        if claim.refused:
            raise ResultsError(
                f"{target.path}: {next(iter(claim.refused.values())) or 'another process'} is training "
                f"{count(len(claim.refused), 'run')} there. Wait until it is done, then merge again."
            )
        held = replace(target, held=claim)
        for place, one in new.values():
            source = place.run_folder(one.run).path
            names = _OF_FAILURE if one.record is None else _OF_RESULT
            with explained(source, "read a run", needed=0):
                contents = {name: (source / name).read_bytes() for name in names if (source / name).exists()}
            held.look_again(one.run)
            held.run_folder(one.run).keep(RunFiles(run=one.run, contents=contents))
    return sum(one.record is not None for _, one in new.values())
