"""What is said of code of the user's own, and what is found of it before it trains."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import Engine, OwnCodeEngine, OwnCodeTraining
from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import StudyNote
from ceteris.study.run import Run

_TWICE = "Two beginnings of the training of "


def own_code_notes(runs: Iterable[Run]) -> Iterator[StudyNote]:
    """Say which arms run code of the user's own, once for each name that the study gives."""
    arms: dict[str, dict[str, None]] = {}
    functions: dict[str, bool] = {}
    for run in runs:
        if run.specification.code:
            arms.setdefault(run.specification.own_name, {})[run.variation] = None
            functions[run.specification.own_name] = run.specification.train is not None
    for name, variations in arms.items():
        who = listed(f"'{one}'" for one in variations)
        runs_it, is_it = ("runs", "is") if len(variations) == 1 else ("run", "are")
        text = (
            f"{is_it} trained by a function of the user's own, {name}, which decides what it follows of the settings."
            if functions[name]
            else f"{runs_it} code of the user's own, {name}, which PyTorch trains and the lanes engine does not."
        )
        yield StudyNote(
            f"{who} {text} Its text is kept with the results.",
            arms=variations,
        )


def with_repetition(
    notes: Sequence[str], shares: Sequence[tuple[Engine, Sequence[Run]]], place: ResultsFolder, split: Split
) -> tuple[str, ...]:
    """Add to notes whether two trainings of one seed give the same bits, of the first run of own code.

    It is measured once per study. Nothing is said where it cannot be measured: then the run fails too, and says why.
    """
    return tuple(notes) if any(map(is_of_repetition, notes)) else (*notes, *_repetition(shares, place, split))


def _repetition(
    shares: Sequence[tuple[Engine, Sequence[Run]]], place: ResultsFolder, split: Split
) -> tuple[StudyNote, ...]:
    own = [(engine, run) for engine, runs in shares for run in runs if run.specification.code]
    if not own:
        return ()
    engine, run = own[0]
    known = f"(run {run.digest[:8]})"
    try:
        before = place.read_manifest().notes
    except ResultsError:
        before = ()
    for note in before:
        if is_of_repetition(note) and known in note:
            return (StudyNote(note, arms=(run.variation,)),)
    if not isinstance(engine, OwnCodeEngine):
        return ()
    try:
        is_same = engine.repeats(run, split)
    except Exception:  # noqa: BLE001 - whatever the user's code raises, its runs will say
        return ()
    found = "the same bits" if is_same else "different bits"
    end = (
        ""
        if is_same
        else " A run that is interrupted or trained again may give another result: the code keeps something outside of "
        "parameters and buffers, or draws random numbers that no seed decides."
    )
    text = f"{_TWICE}'{run.variation}' with seed {run.seed} gave {found} after {engine.repeated} {known}.{end}"
    return (StudyNote(text, arms=(run.variation,)),)


def is_of_repetition(note: str) -> bool:
    """Say whether a note is what `with_repetition` adds."""
    return note.startswith(_TWICE)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What was found of code of the user's own without training it.

    Attributes:
        parameters: By name of the arm, how many numbers it trains.
        faults: By name of the arm, why it cannot be trained.
    """

    parameters: Mapping[str, int]
    faults: Mapping[str, str]


def _first_of_each(runs: Iterable[Run]) -> Iterable[Run]:
    """Give the first run of each arm, in the order of the arms."""
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.variation, run)
    return first.values()


def try_own_code(shares: Sequence[tuple[Engine, Sequence[Run]]], split: Split) -> Tried:
    """Build the network of each arm that runs code of the user's own, once, and show it two images."""
    parameters: dict[str, int] = {}
    faults: dict[str, str] = {}
    for engine, runs in shares:
        for run in _first_of_each([run for run in runs if run.specification.code]):
            try:
                training = engine.start([run], split)
            except Exception as error:  # noqa: BLE001 - the user's code may raise anything
                faults[run.variation] = str(error)
                continue
            if isinstance(training, OwnCodeTraining):
                parameters[run.variation] = training.parameters
    return Tried(parameters=parameters, faults=faults)
