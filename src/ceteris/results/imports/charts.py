"""Charts that Weights & Biases exports as CSV: a column of steps, and for each run its line between two ends."""

from collections.abc import Sequence

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.names import named_runs
from ceteris.results.imports.table import Row, Table, columns_listed

_ENDS = ("__MIN", "__MAX")
_BETWEEN = " - "


def runs_of_chart(table: Table, columns: Columns) -> Table:
    """Give a chart as a table with a row per run and step; any other table stays as it is.

    Raises:
        ResultsError: If a line is the mean of several runs, the names of runs do not say variation and seed, or the
            chart has several metrics and no option says which.
    """
    lines = [name for name in table.columns if all(f"{name}{end}" in table.columns for end in _ENDS)]
    known = {name for line in lines for name in (line, *(f"{line}{end}" for end in _ENDS))}
    steps = [name for name in table.columns if name not in known]
    if not lines or len(steps) != 1 or not all(_BETWEEN in line for line in lines):
        return table
    named = {line: line.rpartition(_BETWEEN)[::2] for line in lines}
    metric = _metric(table, list(dict.fromkeys(metric for _, metric in named.values())), columns)
    drawn = {line: run for line, (run, of) in named.items() if of == metric}
    _refuse_means(table, list(drawn))
    runs = named_runs(drawn.values())
    if not runs:
        raise ResultsError(
            f"{table.source}: the names of runs do not all say variation and seed, as 'wide-seed-3' does; they are "
            f"{columns_listed(list(drawn.values()))}. Rename the runs, or export the table of runs with a column of "
            "the variation."
        )
    places = {line: table.columns.index(line) for line in drawn}
    step = table.columns.index(steps[0])
    rows = tuple(
        Row(row.place, (*(runs[run][part] for part in ("variation", "seed")), row.cells[step], row.cells[places[line]]))
        for line, run in drawn.items()
        for row in table.rows
    )
    taken = (
        "Read: a chart of Weights & Biases, one run per line of it.",
        f"Variation and seed: from the names of runs, as in '{next(iter(runs))}'.",
    )
    heading = ("variation", "seed", "step", metric)
    return Table(
        source=table.source,
        columns=heading,
        rows=rows,
        known=dict(zip(("variation", "seed", "step", "metric"), heading, strict=True)),
        taken=(*table.taken, *taken, f"Step: column '{steps[0]}'; the value of a run is that of its last step."),
        notes=table.notes,
    )


def _metric(table: Table, metrics: Sequence[str], columns: Columns) -> str:
    chosen = [name for name in metrics if columns.metric in (None, name)]
    if len(chosen) != 1:
        raise ResultsError(
            f"{table.source}: the chart shows {columns_listed(metrics)}. Choose one with --metric, for example "
            f"--metric '{metrics[0]}'."
        )
    return chosen[0]


def _refuse_means(table: Table, lines: Sequence[str]) -> None:
    for line in lines:
        places = [table.columns.index(name) for name in (line, *(f"{line}{end}" for end in _ENDS))]
        for row in table.rows:
            cells = {row.cells[place] for place in places}
            if len(cells) > 1:
                raise ResultsError(
                    f"{table.source}, {row.place}: '{line}' lies between two ends that differ, so that it is the mean "
                    "of several runs or steps. Export the chart without groups, with every step, or the table of runs."
                )
