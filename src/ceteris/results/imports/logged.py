"""Runs as experiment trackers keep them: facts by name, and metrics with a value per step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ceteris.errors import ResultsError
from ceteris.results.imports.imported_runs import Curve
from ceteris.results.imports.table import Row, Table

_LAST = "The value of a run is the last one that was logged."


@dataclass(frozen=True, kw_only=True)
class LoggedRun:
    """One run of a tracker.

    Attributes:
        place: What messages call it: `run 3f2a`.
        status: In the tracker's word; `diverged` where that is known.
        facts: Its name, its group and its settings, as text.
        points: By metric, its value at each step.
    """

    place: str
    status: str
    facts: Mapping[str, str]
    points: Mapping[str, Mapping[float, float]] = field(default_factory=dict)


def table_of_logged(runs: Sequence[LoggedRun], source: str, taken: Sequence[str], notes: Sequence[str] = ()) -> Table:
    """Make a table of the runs of a tracker, a metric being no setting; of two of one name the setting is renamed.

    Raises:
        ResultsError: If there are no runs, or none has a metric.
    """
    metrics = list(dict.fromkeys(name for run in runs for name in run.points))
    if not metrics:
        found = "has no runs" if not runs else "has runs, and no metric of any"
        raise ResultsError(f"{source} {found}. Expected runs that logged a metric.")
    facts = list(dict.fromkeys(name for run in runs for name in run.facts))
    renamed = {name: f"config.{name}" if name in metrics or name == "status" else name for name in facts}
    rows = tuple(
        Row(
            run.place,
            (
                *(run.facts.get(name, "") for name in facts),
                run.status,
                *(_last(run.points.get(name, {})) for name in metrics),
            ),
            {name: _curve(points) for name, points in run.points.items()},
        )
        for run in runs
    )
    return Table(
        source=source,
        columns=(*renamed.values(), "status", *metrics),
        rows=rows,
        metrics=frozenset(metrics),
        taken=(*taken, _LAST),
        notes=tuple(notes),
    )


def _curve(points: Mapping[float, float]) -> Curve:
    return tuple(sorted(points.items())) if len(points) > 1 else ()


def _last(points: Mapping[float, float]) -> str:
    """Write the value of the last step so that reading it gives the same number."""
    if not points:
        return ""
    value = points[max(points)]
    return repr(value) if math.isfinite(value) else str(value)
