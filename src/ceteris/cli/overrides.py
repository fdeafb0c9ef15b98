"""What the command line changes in a study, and how it is said."""

from dataclasses import dataclass

from ceteris.errors import StudyError
from ceteris.report.quantities import count
from ceteris.study.study import Study


@dataclass(frozen=True, kw_only=True)
class ChangedStudy:
    """A study as it will be run.

    Attributes:
        study: With other seeds or epochs than its file says, perhaps.
        notes: What was changed, one sentence each: it belongs above every result.
    """

    study: Study
    notes: tuple[str, ...]


def override(study: Study, *, seeds: int | None = None, epochs: int | None = None) -> ChangedStudy:
    """Change seeds and epochs of a study.

    Args:
        study: As its file says.
        seeds: How many seeds to run: the first ones of the study, and more after them if it has fewer.
        epochs: How long the baseline trains, and with it every variation that does not set epochs itself.

    Raises:
        StudyError: If the changed study cannot be.
    """
    fields = {name: getattr(study, name) for name in Study.model_fields}
    notes: list[str] = []
    if seeds is not None and seeds != len(study.seeds):
        others = (seed for seed in range(seeds + len(study.seeds)) if seed not in study.seeds)
        kept = study.seeds[:seeds]
        fields["seeds"] = (*kept, *(next(others) for _ in range(seeds - len(kept))))
        notes.append(
            f"This is a changed study: --seeds {seeds}, where its file says {count(len(study.seeds), 'seed')}."
        )
    if epochs is not None and epochs != study.baseline.training.epochs:
        training = study.baseline.training.model_copy(update={"epochs": epochs})
        fields["baseline"] = study.baseline.model_copy(update={"training": training})
        before = study.baseline.training.epochs
        notes.append(f"This is a changed study: --epochs {epochs}, where its file says {count(before, 'epoch')}.")
    try:
        return ChangedStudy(study=Study(**fields) if notes else study, notes=tuple(notes))
    except StudyError as error:
        raise StudyError(*(f"with --epochs {epochs}: {mistake}" for mistake in error.mistakes)) from None
