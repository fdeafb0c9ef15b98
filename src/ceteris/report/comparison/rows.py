"""Two folders side by side as CSV: one row for two runs with the same arm and seed."""

import csv
from io import StringIO

from ceteris.report.comparison.comparison import FolderComparison

_COLUMNS = ("arm", "seed", "accuracy_a", "accuracy_b", "difference", "same_run", "same_bits", "answers_alike")


def encode_run_pairs(found: FolderComparison) -> bytes:
    """Write a header and a row for each two runs; accuracies and shares are fractions, empty where there is none."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for run in found.run_pairs:
        alike = "" if run.alike is None else repr(run.alike)
        facts = (str(run.is_same_run).lower(), str(run.has_same_bits).lower(), alike)
        rows.writerow([run.arm, run.seed, repr(run.first), repr(run.second), repr(round(run.difference, 12)), *facts])
    return text.getvalue().encode()
