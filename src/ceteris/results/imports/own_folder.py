"""A results folder of ceteris, read as if it came from elsewhere: for comparing what each way of reading says."""

from dataclasses import replace

from ceteris.errors import ResultsError
from ceteris.results.finding import Finding
from ceteris.results.folder import STUDY
from ceteris.results.imports.given import Given, ImportKind
from ceteris.results.imports.records import text_of
from ceteris.results.imports.table import Table, table_of_records
from ceteris.results.results import read_results
from ceteris.results.settings import settings_of

_METRICS = {
    "test/accuracy": "test_accuracy",
    "test/loss": "test_loss",
    "validation/accuracy": "final_validation_accuracy",
}
"""The names that `ceteris log` gives them, and those of a record."""

_KNOWN = {"variation": "variation", "seed": "seed", "metric": "test/accuracy"}


def own_table(given: Given) -> Table:
    """Read the runs of a results folder; the value is test accuracy unless an option names another.

    Raises:
        ResultsError: If the folder is damaged.
    """
    if given.folder is None:
        raise ResultsError(f"{given.name} is not a folder. Give the folder that `ceteris run` wrote.")
    results = read_results(given.folder)
    images = str(results.manifest.images.test_images)
    table = table_of_records(((_place(one), {**_cells(one), "test images": images}) for one in results.findings),
                             given.name, _KNOWN)  # fmt: skip
    taken = f"Read: a results folder of ceteris, {', '.join(sorted(_METRICS))}; test/accuracy is judged by default."
    return replace(table, metrics=frozenset(_METRICS), taken=(taken,), notes=results.notes)


def _place(finding: Finding) -> str:
    return f"run {finding.run.digest[:8]}"


def _cells(finding: Finding) -> dict[str, str]:
    run, record = finding.run, finding.record
    values = {name: text_of(None if record is None else getattr(record, own)) for name, own in _METRICS.items()}
    settings = {name: text_of(value) for name, value in settings_of(run.specification).items()}
    facts = {"variation": run.variation, "factor": run.factor, "seed": str(run.seed), "status": finding.status.value}
    return {**facts, **values, **settings}


OWN_FOLDER = ImportKind(
    name="ceteris", fits=lambda given: given.folder is not None and (given.folder / STUDY).is_file(), table=own_table
)
