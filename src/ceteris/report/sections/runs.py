"""Run status, arm by arm."""

from collections import Counter

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.networks.cost import network_cost
from ceteris.report.blocks import Section
from ceteris.report.table import Cell, Column, Table
from ceteris.results.record import Status


def section(analysis: StudyAnalysis) -> Section:
    """Give the section of run status and network size."""
    return Section(anchor="the-runs", heading="Runs", blocks=(run_table(analysis),))


def run_table(analysis: StudyAnalysis) -> Table:
    """Count the runs of each arm by their status, and give the size of its network."""
    shown = [status for status in Status if status is Status.FINISHED or analysis.findings[status]]
    became = {arm.name: Counter[Status]() for arm in analysis.arms}
    for finding in analysis.results.findings:
        became[finding.run.variation][finding.status] += 1
    rows = []
    counted = {record.run.variation: record.parameters for record in analysis.results.records}
    kind = analysis.results.manifest.images
    for arm, summary in zip(analysis.arms, analysis.summaries, strict=True):
        if arm.name not in analysis.shown:
            continue
        cost = network_cost(arm.specification.network, kind.shape, kind.classes)
        is_own = arm.specification.runs_own_code  # of which only its runs say how large it is
        trained = counted.get(arm.name, 0) if is_own else cost.trainable
        rows.append(
            (
                Cell(arm.name),
                *(Cell(str(became[arm.name][status]), key=became[arm.name][status]) for status in shown),
                Cell(str(len(summary.at_chance)), key=len(summary.at_chance)),
                Cell(f"{trained:,}" if trained else "", key=trained),
                Cell("" if is_own else f"{cost.multiply_adds:,}", key=cost.multiply_adds),
            )
        )
    return Table(
        name="runs",
        title="Run status and network size",
        columns=(
            Column(title="variation"),
            *(Column(title=status.value, is_number=True, meaning=_MEANINGS[status]) for status in shown),
            Column(
                title="no better than chance",
                is_number=True,
                meaning="Finished runs that are not shown to be better than the chance level: they count as not "
                "learned.",
            ),
            Column(title="trainable parameters", is_number=True, meaning="Numbers that the network learns."),
            Column(
                title="multiply-adds",
                is_number=True,
                meaning="Multiplications with addition for one image going forward.",
            ),
        ),
        rows=tuple(rows),
        pinned=1,
        notes=analysis.left_out,
    )


_MEANINGS = {
    Status.FINISHED: "Trained to the end and scored on the test images.",
    Status.DIVERGED: "Its loss was no longer finite: it counts as not learned.",
    Status.FAILED: "Stopped by an error: it is in no mean, and the next `ceteris run` tries it again.",
    Status.UNFINISHED: "Begun, and not at its end: the next `ceteris run` goes on.",
    Status.MISSING: "Not begun.",
    Status.DAMAGED: "A file is not as it was written: it is not counted, and the next `ceteris run` does it again.",
    Status.SKIPPED: "Its pretrained weights are missing: what to do is said at the top.",
}
