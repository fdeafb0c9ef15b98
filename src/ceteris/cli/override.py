"""A study with another number of seeds or epochs than its file says."""

from ceteris.errors import StudyError
from ceteris.report.quantities import count, seed_count
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study


def override(study: Study, *, seeds: int | None = None, epochs: int | None = None) -> tuple[Study, tuple[str, ...]]:
    """Change how many seeds a study has, and how long the baseline and every variation without epochs of its own train.

    Of more seeds than the study has, its own come first; a plan that adds seeds is replaced by so many.

    Returns:
        The study, and what was changed, one sentence each: it belongs above every result.

    Raises:
        StudyError: If the changed study cannot be.
    """
    fields = {name: getattr(study, name) for name in Study.model_fields}
    notes: list[str] = []
    if seeds is not None and (seeds != len(study.seeds) or isinstance(study.seeds, PlannedSeeds)):
        others = (seed for seed in range(seeds + len(study.seeds)) if seed not in study.seeds)
        kept = study.seeds[:seeds]
        fields["seeds"] = (*kept, *(next(others) for _ in range(seeds - len(kept))))
        fields["baseline_seeds"] = None
        notes.append(f"This is a changed study: --seeds {seeds}, where its file says {seed_count(study.seeds)}.")
    if epochs is not None and epochs != study.baseline.training.epochs:
        training = study.baseline.training.model_copy(update={"epochs": epochs})
        fields["baseline"] = study.baseline.model_copy(update={"training": training})
        before = study.baseline.training.epochs
        notes.append(f"This is a changed study: --epochs {epochs}, where its file says {count(before, 'epoch')}.")
    try:
        return Study(**fields) if notes else study, tuple(notes)
    except StudyError as error:
        raise StudyError(*(f"with --epochs {epochs}: {mistake}" for mistake in error.mistakes)) from None
