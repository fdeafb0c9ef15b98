"""The results as Markdown."""

from collections.abc import Mapping, Sequence
from statistics import median

from baseline import Workload, operations_per_image
from cases import Case, Row

Rates = Mapping[Case, Sequence[float]]


def render_table(workload: Workload, batch_size: int, rates: Rates, peak: float | None) -> list[str]:
    """Show one line per row, its best variant, and how far lanes is ahead.

    Args:
        workload: What was trained.
        batch_size: Images per minibatch.
        rates: Images times models a second of each case, one per round.
        peak: Floating-point operations a second of the whole machine, if it could be measured.
    """
    lines = [
        f"### {workload}, batch {batch_size}",
        "",
        "| way of training | images x models per second | lowest to highest | lanes is faster by | share of peak |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    best = {row: case for row in Row if (case := _best(row, rates))}
    lanes = median(rates[best[Row.LANES]]) if Row.LANES in best else None
    for row, case in best.items():
        found = rates[case]
        rate = median(found)
        ahead = f"{lanes / rate:.1f}" if lanes is not None and row is not Row.LANES else ""
        share = f"{rate * operations_per_image(workload) / peak:.1%}" if peak else ""
        name = f"{row} ({case.variant})" if case.variant else str(row)
        lines.append(
            f"| {name} | {_figure(rate)} | {_figure(min(found))} to {_figure(max(found))} | {ahead} | {share} |"
        )
    others = [case for case in rates if case not in best.values()]
    if others:
        said = "; ".join(f"{_short(case.row)}, {case.variant}: {_figure(median(rates[case]))}" for case in others)
        lines += ["", f"Slower variants: {said}."]
    return lines


def _best(row: Row, rates: Rates) -> Case | None:
    cases = [case for case in rates if case.row is row]
    return max(cases, key=lambda case: median(rates[case]), default=None)


def _short(row: Row) -> str:
    return row.partition(":")[0]


def _figure(rate: float) -> str:
    """Round to three digits, which is more than such a measurement repeats."""
    digits = len(str(int(rate)))
    return f"{round(rate, 3 - digits):,.0f}"
