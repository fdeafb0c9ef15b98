"""Machines, versions, images: what the runs were trained with."""

from collections.abc import Iterator

from ceteris.analysis.analysis import MOST_SHOWN
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import count, duration, listed_up_to
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import seed_ranges


def section(analysis: StudyAnalysis) -> Section:
    """Give the section of images, machines and versions."""
    return Section(anchor="what-with", heading="Environment", blocks=(environment_table(analysis),))


def environment_table(analysis: StudyAnalysis) -> Table:
    """Draw up the environment, a fact per row; where runs differ, each kind with its count."""
    return Table(
        name="circumstances",
        title="Images, engines, machines and versions",
        is_sortable=False,
        columns=(Column(title="what"), Column(title="as recorded")),
        rows=tuple((Cell(what), Cell(found)) for what, found in _facts(analysis)),
    )


def _facts(analysis: StudyAnalysis) -> Iterator[tuple[str, str]]:
    manifest, found = analysis.results.manifest, analysis.environment
    yield "images", f"{manifest.data_source} ({manifest.data_origin.value})"
    yield "digest of the images (SHA-256)", manifest.data_digest
    yield "classes", ", ".join(manifest.class_names)
    yield "seeds", seed_ranges(manifest.variation_seeds)
    if manifest.seeds_of() != manifest.variation_seeds:
        yield "seeds of the baseline", seed_ranges(manifest.seeds_of())
    kinds = (
        ("engine", found.engines),
        ("engine says", found.facts),
        ("machine", found.hosts),
        ("versions", found.versions),
    )
    for what, counts in kinds:
        for kind, runs in counts.items():
            yield what, kind if len(counts) == 1 else f"{kind} ({count(runs, 'run')})"
    if found.finished is not None:
        first, last = found.finished
        yield "finished", first if first == last else f"{first} to {last}"
        yield "training time on one core, the shares of all runs", duration(found.seconds)
    for extraction, names in found.shared_extractions.items():
        yield f"features of {listed_up_to(names, most=MOST_SHOWN)}, computed once", duration(extraction.seconds)
    if found.together is not None:
        fewest, most = found.together
        yield "runs trained together in a packed batch", str(most) if fewest == most else f"{fewest} to {most}"
