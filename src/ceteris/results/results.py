"""All results of a study, read from its folder alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Labels
from ceteris.errors import ResultsError
from ceteris.formatting.notebook import in_notebook
from ceteris.locks.holder import Holder
from ceteris.paths import AnyPath, expanded
from ceteris.results.atomic import explained
from ceteris.results.epochs import EpochRecord, decode_epochs
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest, scope_of
from ceteris.results.record import RunFailure, RunRecord, Status, decode_array, decode_weights
from ceteris.results.run_folder import EPOCHS, PREDICTIONS, WEIGHTS
from ceteris.results.warning import CodedWarning, WarningCode
from ceteris.study.analysis import Resolution
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class Results:
    """What is known so far about every run of a study.

    Attributes:
        findings: One per run, in the order of the study.
        held: Runs that are not at an end and that a process is training now.
        holders: Who trains each of them, by its digest.
        stale: Run folders of other versions of the study, which are not counted, as `variation/seed-07-0a1b2c3d`.
    """

    folder: ResultsFolder
    manifest: Manifest
    findings: tuple[Finding, ...]
    held: tuple[Run, ...]
    stale: tuple[str, ...]
    holders: Mapping[str, Holder] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Results({str(self.folder.path)!r}: {len(self.records):,} of {len(self.findings):,} runs at an end)"

    def _repr_html_(self) -> str:
        return in_notebook(self)

    @cached_property
    def records(self) -> tuple[RunRecord, ...]:
        """The runs that came to their end, diverged ones too, in the order of the study."""
        return tuple(one.record for one in self.findings if one.record is not None and not one.damage)

    @cached_property
    def by_run(self) -> Mapping[tuple[str, int], Finding]:
        """The findings by arm and seed."""
        return {(one.run.variation, one.run.seed): one for one in self.findings}

    @property
    def failures(self) -> tuple[RunFailure, ...]:
        """The runs that could not be trained."""
        return tuple(one.failure for one in self.findings if one.failure is not None)

    @property
    def is_complete(self) -> bool:
        """Whether every run came to its end, but for those that are skipped."""
        return all(one.status in (Status.FINISHED, Status.DIVERGED, Status.SKIPPED) for one in self.findings)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before believing a number: said above every table."""
        # A run stores this note; an earlier ceteris did not.
        test_images, margin = self.manifest.images.test_images, self.manifest.study.analysis.margin_points
        too_few = Resolution(test_images=test_images, margin=margin).warning
        told = CodedWarning(too_few, code=WarningCode.FEW_TEST_IMAGES)
        notes: list[str] = [told if note == too_few else note for note in self.manifest.notes]
        if too_few and too_few not in notes:
            notes.append(told)
        if (shard := self.manifest.shard) is not None:
            text = f"This folder is {shard} of the study and is for {len(shard.digests):,} of its"
            notes.append(CodedWarning(f"{text} {len(self.findings):,} runs; `ceteris merge` puts the shards together."))
        kinds = Counter((record.engine, record.arithmetic) for record in self.records)
        if len(kinds) > 1:
            parts = " and ".join(f"{count} by {engine} ({arithmetic})" for (engine, arithmetic), count in kinds.items())
            text = f"The runs were not all trained alike: {parts}."
            notes.append(CodedWarning(text, code=WarningCode.MIXED_ENGINES))
        if self.stale:
            which = "1 more run in this folder belongs to another version"
            if len(self.stale) > 1:
                which = f"{len(self.stale)} more runs in this folder belong to other versions"
            text = f"{which} of the study, not counted."
            notes.append(CodedWarning(text, code=WarningCode.OTHER_VERSIONS))
        return tuple(notes)

    def notes_about(self, arm: str) -> tuple[str, ...]:
        """Give the notes without those that concern other arms only."""
        return tuple(note for note in self.notes if arm in (scope_of(note) or (arm,)))

    def epochs(self, run: Run) -> tuple[EpochRecord, ...]:
        """Read what each epoch of a finished run came to."""
        return decode_epochs(self._content(run, EPOCHS))

    def predictions(self, run: Run) -> NDArray[np.float16]:
        """Read a finished run's probabilities for the test images. Shape (images, classes), float16."""
        predictions: NDArray[np.float16] = decode_array(self._content(run, PREDICTIONS))
        return predictions

    def weights(self, run: Run) -> dict[str, NDArray[np.float32]]:
        """Read the weights of a finished run, under PyTorch's names and in its shapes."""
        return decode_weights(self._content(run, WEIGHTS))

    def labels(self) -> Labels:
        """Read the classes of the test images, in the order of the predictions. Shape (images,)."""
        return self.folder.read_labels(self.manifest)

    def images(self) -> NDArray[np.uint8]:
        """Read the test images, in the order of the predictions. Shape (images, height, width, channels)."""
        return self.folder.read_images(self.manifest)

    def _content(self, run: Run, name: str) -> bytes:
        path = self.folder.run_folder(run).path
        with explained(path, f"read {name}", needed=0):
            return (path / name).read_bytes()


def read_results(path: AnyPath) -> Results:
    """Read a results folder, and change nothing in it.

    Args:
        path: A folder that `ceteris run` wrote, also one that is half done or in use.

    Raises:
        ResultsError: If it is not such a folder, or cannot be read. Damaged runs are no error: they are among the
            findings.
    """
    folder = ResultsFolder(expanded(path, error=ResultsError))
    manifest = folder.read_manifest()
    runs = manifest.runs()
    findings = tuple(finding.unless_skipped(manifest.skipped, manifest.shard) for finding in folder.survey(runs))
    going_on = [one.run for one in findings if one.record is None]
    holders = {run.digest: holder for run in going_on if (holder := folder.holder(run)) is not None}
    return Results(
        folder=folder,
        manifest=manifest,
        findings=findings,
        held=tuple(run for run in going_on if run.digest in holders),
        stale=folder.stale(runs),
        holders=holders,
    )
