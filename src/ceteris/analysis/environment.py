"""Where, when and with what the runs of a study were trained."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ceteris.analysis.scores import Epochs
from ceteris.checksummed import DamagedError
from ceteris.errors import ResultsError
from ceteris.results.atomic import explained
from ceteris.results.machine import Machine, decode_machine
from ceteris.results.results import Results
from ceteris.results.run_folder import MACHINE
from ceteris.study.run import Run

_Kind = TypeVar("_Kind")
_EXTRACTION, _DRIFT = "feature extraction (seconds)", "feature drift (relative)"


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """What was computed once, before a frozen backbone's heads were trained: the features of all images.

    Attributes:
        seconds: How long that took, on all cores, whenever it was done.
        drift: By how much features differ from those in float32, relative to their size, measured on a sample.
    """

    seconds: float
    drift: float


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the records say of machines, versions and times; each kind with the number of runs it holds for.

    Attributes:
        engines: Engine with its arithmetic, for example `lanes (float32, fused multiply-add)`.
        facts: What the engine said of itself, for example `instruction set AVX-512`.
        hosts: Processor, cores and system.
        versions: Of ceteris, NumPy and Python.
        finished: When the first and the last run finished, in UTC, ISO 8601; None where no run has.
        seconds: Training time of all runs, each counted with its share of a packed batch.
        together: How many runs trained side by side in a packed batch: the fewest and the most; None if none has.
        extractions: Computing of features, by variation; it is in no training time.
    """

    engines: Mapping[str, int]
    facts: Mapping[str, int]
    hosts: Mapping[str, int]
    versions: Mapping[str, int]
    finished: tuple[str, str] | None
    seconds: float
    together: tuple[int, int] | None
    extractions: Mapping[str, Extraction]

    @property
    def shared_extractions(self) -> Mapping[Extraction, Sequence[str]]:
        """Give the variations of each computing of features: those with one backbone and resolution share it."""
        return {
            one: [name for name, other in self.extractions.items() if other == one]
            for one in dict.fromkeys(self.extractions.values())
        }


def read_environment(results: Results, epochs: Epochs) -> Environment:
    """Sum up the circumstances of every run that came to its end.

    Args:
        results: The results folder.
        epochs: From `read_epochs`.
    """
    read = [(record.run.variation, read_machine(results, record.run)) for record in results.records]
    machines = [machine for _, machine in read if machine is not None]
    trained = [epoch for arm in epochs.values() for run in arm.values() for epoch in run]
    times = sorted(machine.finished for machine in machines)
    together = [epoch.packed_batch_runs for epoch in trained]
    return Environment(
        engines=_counted(f"{record.engine} ({record.arithmetic})" for record in results.records),
        facts=_counted(_listed(machine.engine) for machine in machines if machine.engine),
        hosts=_counted(host_words(machine) for machine in machines),
        versions=_counted(_listed(machine.versions) for machine in machines),
        finished=(times[0], times[-1]) if times else None,
        seconds=sum(epoch.seconds / epoch.packed_batch_runs for epoch in trained),
        together=(min(together), max(together)) if together else None,
        extractions=_extractions((arm, machine.measured) for arm, machine in read if machine is not None),
    )


def read_machine(results: Results, run: Run) -> Machine | None:
    """Read when and on what a run was trained, once more after the survey, which found it sound.

    Returns:
        None where somebody took the file away since: that does no harm.
    """
    folder = results.folder.run_folder(run).path
    with suppress(ResultsError, DamagedError), explained(folder, f"read {MACHINE}", needed=0):
        return decode_machine((folder / MACHINE).read_bytes())
    return None


def _extractions(measured: Iterable[tuple[str, Mapping[str, float]]]) -> Mapping[str, Extraction]:
    """Give the longest of each variation: its runs share one, or were given the same one on several machines."""
    found: dict[str, Extraction] = {}
    for arm, numbers in measured:
        if _EXTRACTION in numbers:
            before = found.get(arm, Extraction(seconds=0, drift=0))
            found[arm] = Extraction(
                seconds=max(before.seconds, numbers[_EXTRACTION]), drift=max(before.drift, numbers.get(_DRIFT, 0))
            )
    return found


def _counted(kinds: Iterable[_Kind]) -> Mapping[_Kind, int]:
    return dict(Counter(kinds).most_common())


def _listed(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {fact}" for name, fact in sorted(facts.items()))


def host_words(machine: Machine) -> str:
    """Say what a run was trained on: processor, cores and system."""
    host = machine.host
    cores = f"{host['cores']} core" if host["cores"] == 1 else f"{host['cores']} cores"
    return f"{host['processor']}, {cores}, {host['architecture']}, {host['system']}"
