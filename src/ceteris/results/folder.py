"""A results folder: one study, one folder per run; and whether its disk has room for them."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ceteris.checksummed import DamagedError, LaterFormatError, check_digest
from ceteris.datasets.dataset import ImageKind, LabelledImages, Labels, as_labels, narrowed
from ceteris.errors import LostRunError, ResultsError, StudyError
from ceteris.formatting.wording import count
from ceteris.locks.holder import Holder
from ceteris.locks.lock import STALE_SECONDS, Claim, Locks
from ceteris.networks.cost import network_cost
from ceteris.results import manifest as stored
from ceteris.results.atomic import clear_partials, explained, look_again, make_folder, move, write_atomically
from ceteris.results.finding import Finding, encode_table
from ceteris.results.manifest import Declaration, Manifest
from ceteris.results.record import decode_array, encode_array
from ceteris.results.run_folder import RESULT, RunFolder, lost
from ceteris.study.run import Run, arm_folder
from ceteris.usercode.files import files_digest

_HALF, _SINGLE = 2, 4  # Bytes of a float16 and a float32.
_SMALL_FILES = 5 * 4096  # result.json, machine.json, epochs.csv and two folders, each in blocks of 4 KiB.


def needed_bytes(runs: Iterable[Run], images: ImageKind) -> int:
    """Estimate what runs leave on the disk when they are finished; checkpoints until then are small beside it."""
    return sum(_needed(run, images) for run in runs)


def check_space(folder: Path, runs: Iterable[Run], images: ImageKind) -> None:
    """Refuse to begin what could not be kept.

    Raises:
        ResultsError: If the disk has less room than the runs will take.
    """
    runs = tuple(runs)
    needed, free = needed_bytes(runs, images), shutil.disk_usage(folder).free
    if free < needed:
        raise ResultsError(
            f"{folder}: {len(runs)} runs will take about {_megabytes(needed)} there, and {_megabytes(free)} are free. "
            "Free some space, or choose a folder on another disk; nothing was trained yet."
        )


def _needed(run: Run, images: ImageKind) -> int:
    network = run.specification.network
    cost = network_cost(network, images.shape, images.classes)
    # A backbone that is not trained is not stored; one that is trained in part is stored whole.
    parameters = cost.trainable if network.is_frozen else cost.parameters
    predictions = images.test_images * images.classes * _HALF
    return predictions + parameters * _SINGLE + _SMALL_FILES


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


STUDY, TABLE, LABELS, IMAGES = "study.json", "results.csv", "labels.npy", "test-images.npy"
_RUNS, _CLAIMS, _DAMAGED, _CODE = "runs", "claims", "damaged", "code"
_FOLDER_LOCK = "folder"
_PATIENCE_SECONDS = STALE_SECONDS + 60.0
_SHOWN_DIFFERENCES = 3
_AGAIN = "Run the study again with this folder: finished runs are kept."


@dataclass(frozen=True)
class ResultsFolder:
    """Where the results of one study are.

    Attributes:
        path: The folder; `prepare` makes it.
        held: The locks on those runs that may be written; None where the caller sees to that.
    """

    path: Path
    held: Claim | None = field(default=None, compare=False, repr=False)

    def run_folder(self, run: Run) -> RunFolder:
        """Give the folder of a run, whether it exists or not."""
        name = f"seed-{run.seed:02}-{run.digest[:8]}"
        return RunFolder(path=self.path.joinpath(_RUNS, arm_folder(run.variation), name), run=run, held=self.held)

    @property
    def locks(self) -> Locks:
        """The locks of this folder: one for each run, under its digest, and one for what belongs to no run."""
        return Locks(self.path / _CLAIMS)

    def claim(self, runs: Iterable[Run]) -> Claim:
        """Ask for the right to write runs: those whose digest is in the claim may be written until its release.

        Raises:
            ResultsError: If the folder cannot be written.
        """
        make_folder(self.path / _CLAIMS)
        with explained(self.path / _CLAIMS, "lock runs", needed=0):
            return self.locks.take(run.digest for run in runs)

    def check_held(self) -> None:
        """See that the runs that may be written are still this process's, for the price of a look at a clock.

        Raises:
            LostRunError: If another process has taken them over.
        """
        if self.held is None:
            return
        with explained(self.path / _CLAIMS, "see who holds the runs", needed=0):
            is_lost = self.held.is_lost()
        if is_lost:
            raise LostRunError(lost(self.path))

    def holder(self, run: Run | None = None) -> Holder | None:
        """Say who is training a run now, or writes what belongs to no run; None if nobody does, as far as is known."""
        with explained(self.path / _CLAIMS, "see who holds the locks", needed=0):
            return self.locks.holder(_FOLDER_LOCK if run is None else run.digest)

    def look_again(self, run: Run) -> Finding:
        """Look at a run that the caller has claimed, also past what a network file system remembers of its folder."""
        folder = self.run_folder(run)
        look_again(folder.path.parent)
        if folder.path.exists():
            look_again(folder.path)
        return folder.examine()

    def prepare(self, manifest: Manifest, test: LabelledImages) -> tuple[str, ...]:
        """Make the folder, or take up one that is there, and write what it is about.

        Runs of an earlier version of the study stay where they are, and are not counted unless they are runs of this
        version too; runs of a variation that was only renamed move to its new name. What the study declared about its
        evaluation before stays on record.

        Args:
            manifest: What the folder is about from now on; its declarations are those of the folder.
            test: The test images, kept once for all runs, so that pictures and tables need nothing but the folder.

        Returns:
            What a person should know about what was there before, a sentence or two each.

        Raises:
            ResultsError: If the folder cannot be written, or holds something that is not ours.
        """
        self._refuse_strangers()
        with self._claim_folder():
            look_again(self.path)
            with explained(self.path / _CLAIMS, "free the locks of processes that have ended", needed=0):
                self.locks.tidy()
            clear_partials(self.path)
            before, notes = self._before(manifest)
            self._write(replace(manifest, declarations=self._declarations(before, manifest)), test)
        self._adopt(manifest.runs())
        if stale := self.stale(manifest.runs()):
            notes += (
                f"{self.path} also holds {count(len(stale), 'run')} of other versions of this study, not counted.",
            )
        return notes

    def take_in(self, manifest: Manifest, test: LabelledImages) -> None:
        """Write what the folder is about as it is given, declarations too; see `ceteris.results.merging`.

        Raises:
            ResultsError: If the folder cannot be written, or holds something that is not ours.
        """
        self._refuse_strangers()
        with self._claim_folder():
            self._write(manifest, test)

    def _write(self, manifest: Manifest, test: LabelledImages) -> None:
        write_atomically(self.path / LABELS, encode_array(narrowed(test.labels)))
        self._write_images(manifest, test.images)
        self._write_code(manifest)
        write_atomically(self.path / STUDY, stored.encode_manifest(manifest))

    def read_manifest(self) -> Manifest:
        """Read what the folder is about.

        Raises:
            ResultsError: If it is not a results folder, or `study.json` is damaged.
        """
        file = self.path / STUDY
        with explained(self.path, f"read {STUDY}", needed=0):
            try:
                content = file.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                raise ResultsError(
                    f"{self.path} is not a results folder: it has no {STUDY}. Name the folder that `ceteris run` wrote."
                ) from None
        try:
            return stored.decode_manifest(content)
        except DamagedError as error:
            raise ResultsError(f"{file} {error}. {_AGAIN}") from None
        except LaterFormatError as error:
            raise ResultsError(f"{file} {error}") from None
        except StudyError as error:
            raise ResultsError(f"{file} holds a study that this version of ceteris does not know: {error}") from error

    def read_labels(self, manifest: Manifest) -> Labels:
        """Read the classes of the test images, in the order of every `predictions.npy`. Shape (images,), int32.

        Raises:
            ResultsError: If the file is missing or damaged.
        """
        return as_labels(decode_array(self._checked(LABELS, manifest.labels_sha256)))

    def read_images(self, manifest: Manifest) -> NDArray[np.uint8]:
        """Read the test images likewise. Shape (images, height, width, channels), uint8."""
        images: NDArray[np.uint8] = decode_array(self._checked(IMAGES, manifest.images_sha256))
        return images

    def survey(self, runs: Iterable[Run]) -> tuple[Finding, ...]:
        """Look at the folder of every run, in their order, and change nothing."""
        return tuple(self.run_folder(run).examine() for run in runs)

    def stale(self, runs: Iterable[Run]) -> tuple[str, ...]:
        """Name the run folders that are none of these runs', as `variation/seed-07-0a1b2c3d`."""
        counted = {self.run_folder(run).path for run in runs}
        found = self._run_paths()
        return tuple(f"{path.parent.name}/{path.name}" for path in found if path not in counted)

    def set_aside(self, finding: Finding) -> Path:
        """Move the damaged files of a run, whose claim the caller holds, into `damaged/`, and say where they are."""
        return self.run_folder(finding.run).set_aside(finding.damage, self.path / _DAMAGED)

    def write_table(self, findings: Sequence[Finding]) -> None:
        """Write `results.csv`."""
        with self._claim_folder():
            write_atomically(self.path / TABLE, encode_table(findings))

    def _checked(self, name: str, digest: str) -> bytes:
        with explained(self.path, f"read {name}", needed=0):
            content = (self.path / name).read_bytes()
        try:
            check_digest(content, digest)
        except DamagedError as error:
            raise ResultsError(f"{self.path / name} {error}. {_AGAIN}") from None
        return content

    def _write_images(self, manifest: Manifest, images: NDArray[np.uint8]) -> None:
        """Write the test images, unless they are there already: 30 MB for CIFAR-10."""
        try:
            self._checked(IMAGES, manifest.images_sha256)
        except ResultsError:
            write_atomically(self.path / IMAGES, encode_array(images))

    def _write_code(self, manifest: Manifest) -> None:
        """Copy the user's own code, for people: `study.json` has the text too, and nothing here is ever run."""
        for arm in manifest.study.arms():
            code = arm.specification.code
            folder = self.path / _CODE / files_digest(code)[:16]
            for path, text in code:
                if not (folder / path).exists():
                    make_folder((folder / path).parent)
                    write_atomically(folder / path, text.encode())

    def _claim_folder(self) -> Claim:
        make_folder(self.path / _CLAIMS)
        with explained(self.path / _CLAIMS, "lock the folder", needed=0):
            held = self.locks.wait(_FOLDER_LOCK, patience=_PATIENCE_SECONDS)
        if held is None:
            raise ResultsError(
                f"{self.path}: {self.holder() or 'another process'} has been writing its {STUDY} or {TABLE} for "
                f"{_PATIENCE_SECONDS:.0f} seconds. End that process, then run the same command again."
            )
        return held

    def _refuse_strangers(self) -> None:
        """Leave alone a folder that somebody uses for something else."""
        if not self.path.is_dir() or (self.path / STUDY).exists() or (self.path / _CLAIMS).exists():
            return
        found = sorted(entry.name for entry in self.path.iterdir() if not entry.name.startswith("."))
        if found:
            raise ResultsError(
                f"{self.path} holds '{found[0]}' but no {STUDY}: it is not a results folder. "
                "Name a new or empty folder for the results."
            )

    def _declarations(self, before: Manifest | None, manifest: Manifest) -> tuple[Declaration, ...]:
        """Keep what was declared before, and add what is declared now, with the time and the results that are there."""
        results = sum((path / RESULT).exists() for path in self._run_paths())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        earlier = () if before is None else before.declarations
        if before is not None and not earlier:
            earlier = (stored.declaration(before.study, since=None, results=0),)
        return stored.declared(earlier, stored.declaration(manifest.study, since=now, results=results))

    def _before(self, manifest: Manifest) -> tuple[Manifest | None, tuple[str, ...]]:
        """Give what the folder was about, if that can be read, and what a person should know of it."""
        if not (self.path / STUDY).exists():
            return None, ()
        try:
            before = stored.decode_manifest((self.path / STUDY).read_bytes())
        except LaterFormatError as error:
            raise ResultsError(f"{self.path / STUDY} {error}") from None
        except (DamagedError, StudyError) as error:
            make_folder(self.path / _DAMAGED)
            number = 1
            while (aside := self.path / _DAMAGED / f"{number}-{STUDY}").exists():
                number += 1
            move(self.path / STUDY, aside)
            note = f"{self.path / STUDY} could not be read ({error}); it is now {aside}, a new one is in its place."
            return None, (note,)
        self._refuse_other_shard(before, manifest)
        found = tuple(stored.differences(before, manifest))
        if not found:
            return before, ()
        shown = "; ".join(found[:_SHOWN_DIFFERENCES])
        more = f"; and {len(found) - _SHOWN_DIFFERENCES} more" if len(found) > _SHOWN_DIFFERENCES else ""
        return before, (f"{self.path} was last used for another version of this study: {shown}{more}.",)

    def _refuse_other_shard(self, before: Manifest, manifest: Manifest) -> None:
        """Keep shards apart: a folder says which of them it is."""
        asked = manifest.shard
        if asked is None or (before.shard and (before.shard.number, before.shard.total) == (asked.number, asked.total)):
            return
        raise ResultsError(
            f"{self.path} holds {before.shard or 'a whole study'}, and {asked} was asked for. Give each shard a folder "
            "of its own with --out, or leave out --shard: commands on one folder share the work by themselves."
        )

    def _adopt(self, runs: Iterable[Run]) -> None:
        """Move what was trained under another name of the same variation to the name it has now."""
        elsewhere: dict[str, Path] = {}
        for path in self._run_paths():
            elsewhere.setdefault(path.name, path)
        for run in runs:
            here = self.run_folder(run).path
            there = elsewhere.get(here.name)
            if there is None or there == here or here.exists():
                continue
            with self.claim([run]) as held:
                if run.digest in held and there.exists():
                    look_again(here.parent)
                    if not here.exists():
                        move(there, here)

    def _run_paths(self) -> list[Path]:
        return sorted((self.path / _RUNS).glob("*/seed-*"))
