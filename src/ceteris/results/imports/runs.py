"""From a table to the runs in it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count
from ceteris.results.imports.charts import runs_of_chart
from ceteris.results.imports.imported_runs import Columns, Curve, ImportedRun, ImportedRuns
from ceteris.results.imports.roles import Roles, recognised
from ceteris.results.imports.table import Table, columns_listed
from ceteris.results.imports.values import Values, ending, is_missing, number, read_values, some
from ceteris.results.imports.wide import one_row_per_run
from ceteris.statistics.scores import Ending

_WHOLE = re.compile(r"(-?\d+)\.0+")


def outcomes_of_table(table: Table, columns: Columns) -> ImportedRuns:
    """Read the runs of a table.

    Raises:
        ResultsError: If it does not say for each run which arm it is of and what its value is, or says it twice.
    """
    table, columns = one_row_per_run(runs_of_chart(table, columns), columns)
    roles = recognised(table, columns)
    values = read_values(roles.metric, table.cells(roles.metric), [row.place for row in table.rows], table.source)
    endings = _endings(table, roles, values)
    outcomes = tuple(
        _outcome(table, roles, values, endings, key, rows) for key, rows in _rows_of_runs(table, roles).items()
    )
    _refuse_equal_pairs(outcomes, table.source)
    test_images, differing = _test_images(table, roles)
    return ImportedRuns(
        source=table.source,
        metric=roles.metric,
        outcomes=outcomes,
        taken=(*table.taken, *roles.taken, *values.taken),
        notes=(*table.notes, *roles.notes, *_notes(outcomes), *differing),
        percent=values.percent,
        test_images=test_images,
    )


def _outcome(
    table: Table,
    roles: Roles,
    values: Values,
    endings: Sequence[Ending],
    key: tuple[str, str],
    rows: Sequence[int],
) -> ImportedRun:
    scored = [index for index in rows if endings[index] is not Ending.FAILED]
    last = (scored or rows)[-1]
    row, status = table.rows[last], endings[last]
    if roles.step is None:
        scale = 100 if values.percent else 1
        curve: Curve = tuple((step, value / scale) for step, value in row.curves.get(roles.metric, ()))
    else:
        column = table.columns.index(roles.step)
        curve = tuple((float(table.rows[index].cells[column]), values.values[index]) for index in scored)
    cells = row.cells
    settings = {name: cells[index] for name, index in roles.settings.items() if not is_missing(cells[index])}
    pair = "" if roles.pair is None else cells[table.columns.index(roles.pair)]
    return ImportedRun(
        variation=key[0],
        seed=key[1],
        value=math.nan if status is Ending.FAILED else values.values[last],
        status=status,
        pair=None if is_missing(pair) else pair,
        curve=curve,
        settings=MappingProxyType(settings),
        place=row.place,
    )


def _rows_of_runs(table: Table, roles: Roles) -> Mapping[tuple[str, str], list[int]]:
    """Give the rows of each run by its variation and seed, by rising step."""
    variations = _filled(table, roles.variation, "variation")
    for column in table.columns:
        if column == roles.seed or column.startswith("column "):  # one without a name may be an index
            _refuse_summaries(table, column)
    if roles.seed is not None:
        seeds: Sequence[str] = [_whole(text) for text in _filled(table, roles.seed, "seed")]
    elif roles.step is not None:
        seeds = ["1"] * len(table.rows)
    else:
        seeds = _numbered(variations)
    steps = [0.0] * len(table.rows) if roles.step is None else _steps(table, roles.step)
    found: dict[tuple[str, str, float], int] = {}
    runs: dict[tuple[str, str], list[int]] = {}
    for index, key in enumerate(zip(variations, seeds, steps, strict=True)):
        if key in found:
            raise _twice(table, roles, found[key], index)
        found[key] = index
        runs.setdefault(key[:2], []).append(index)
    for rows in runs.values():
        rows.sort(key=lambda index: steps[index])
    return runs


def _refuse_equal_pairs(outcomes: Iterable[ImportedRun], source: str) -> None:
    found: dict[tuple[str, str], str] = {}
    for one in outcomes:
        if one.pair is not None:
            first = found.setdefault((one.variation, one.pair), one.place)
            if first != one.place:
                raise ResultsError(
                    f"{source}, {one.place}: '{one.variation}' has a run with the pair '{one.pair}' already ({first}). "
                    "Name a column with --pair that differs between the runs of a variation."
                )


def _twice(table: Table, roles: Roles, first: int, second: int) -> ResultsError:
    before, after = (table.rows[place] for place in (first, second))
    cells = dict(zip(table.columns, after.cells, strict=True))
    other = dict(zip(table.columns, before.cells, strict=True))
    different = [name for name in cells if cells[name] != other[name] and name != roles.metric]
    seed = "" if roles.seed is None else f", seed '{cells[roles.seed]}'"
    step = "" if roles.step is None else f", step {cells[roles.step]}"
    difference = f", and differs in {columns_listed(different)}" if different else ""
    steps = "" if roles.step else ", or that of the steps of a run with --step"
    return ResultsError(
        f"{table.source}, {after.place}: '{cells[roles.variation]}'{seed}{step} is there already ({before.place})"
        f"{difference}. Keep one of them, or name the column that tells runs apart with --seed{steps}."
    )


def _filled(table: Table, column: str, role: str) -> tuple[str, ...]:
    cells = table.cells(column)
    for row, text in zip(table.rows, cells, strict=True):
        if not text:
            raise ResultsError(
                f"{table.source}, {row.place}: the {role} (column '{column}') is empty. Fill it in, or remove the row."
            )
    return cells


def _refuse_summaries(table: Table, column: str) -> None:
    """Refuse rows of means and spreads below the runs, which would count as runs: all other seeds are whole numbers."""
    seeds = [_whole(text) for text in table.cells(column)]
    words = [index for index, text in enumerate(seeds) if text and not any(map(str.isdigit, text))]
    if 0 < len(words) < len(seeds) and all(text.isdecimal() for text in seeds if any(map(str.isdigit, text))):
        raise ResultsError(
            f"{table.source}, {table.rows[words[0]].place}: {column} = '{seeds[words[0]]}', and its other cells "
            "are numbers. If the row is a mean or a spread of runs, remove it; if it is a run, give it a number."
        )


def _whole(text: str) -> str:
    """Write a seed that passed through a column of floats as the integer that it is."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else text


def _numbered(variations: Sequence[str]) -> list[str]:
    runs: Counter[str] = Counter()
    seeds = []
    for name in variations:
        runs[name] += 1
        seeds.append(str(runs[name]))
    return seeds


def _steps(table: Table, column: str) -> list[float]:
    steps = []
    for row, text in zip(table.rows, table.cells(column), strict=True):
        step = number(text)
        if step is None:
            raise ResultsError(
                f"{table.source}, {row.place}: {column} = '{text}' is not a step. Write a number, or name another "
                "column with --step."
            )
        steps.append(step)
    return steps


def _endings(table: Table, roles: Roles, values: Values) -> list[Ending]:
    """Say how each row ended: what a column of states says comes first, but no value is ever made up."""
    if roles.status is None:
        return list(values.endings)
    endings = []
    for row, text, found in zip(table.rows, table.cells(roles.status), values.endings, strict=True):
        said = Ending.FINISHED if is_missing(text) else ending(text)
        if said is None:
            raise ResultsError(
                f"{table.source}, {row.place}: {roles.status} = '{text}' is not known. Write finished, diverged or "
                "failed."
            )
        endings.append(found if said is Ending.FINISHED else said)
    return endings


def _test_images(table: Table, roles: Roles) -> tuple[int | None, tuple[str, ...]]:
    if roles.test_images is None:
        return None, ()
    found = {text for text in table.cells(roles.test_images) if not is_missing(text)}
    numbers = {number(text) for text in found}
    if len(numbers) != 1 or None in numbers:
        return None, (
            f"Column '{roles.test_images}' differs between runs: they were not all tested on the same images.",
        )
    size = numbers.pop()
    assert size is not None
    return (int(size) if size >= 1 and size == int(size) else None), ()


def _notes(outcomes: Sequence[ImportedRun]) -> Iterable[str]:
    failed = [one.place for one in outcomes if one.status is Ending.FAILED]
    if failed:
        what = "has no result and is" if len(failed) == 1 else "have no result and are"
        yield f"{count(len(failed), 'run')} {what} left out: {some(failed)}."
    diverged = [one.place for one in outcomes if one.status is Ending.DIVERGED]
    if diverged:
        counts = "counts" if len(diverged) == 1 else "count"
        yield f"{count(len(diverged), 'run')} {counts} as diverged: {some(diverged)}."
    ends = sorted({one.curve[-1][0] for one in outcomes if one.curve and one.status is Ending.FINISHED})
    if len(ends) > 1:
        span = f"from {ends[0]:,.10g} to {ends[-1]:,.10g}"
        yield f"Runs end at different steps, {span}: the last value of each is compared."
    spellings: dict[str, list[str]] = {}
    for name in dict.fromkeys(one.variation for one in outcomes):
        spellings.setdefault(" ".join(name.casefold().split()), []).append(name)
    for alike in spellings.values():
        if len(alike) > 1:
            yield f"{columns_listed(alike)} are different variations: they differ in letter case or spaces alone."
