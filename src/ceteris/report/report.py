"""From a results folder to `report.html`, `report.md`, `verdicts.json`, `results.csv` and picture files."""

import os
from dataclasses import dataclass
from pathlib import Path

from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.errors import ResultsError
from ceteris.formatting.notebook import in_notebook
from ceteris.paths import AnyPath, expanded
from ceteris.report.blocks import Section, walk
from ceteris.report.documents.verdicts import verdicts as verdicts_document
from ceteris.report.markdown import render_markdown
from ceteris.report.page import render_page
from ceteris.report.quantities import count, seeds_each
from ceteris.report.sections import (
    answer,
    augmentation,
    convergence,
    data_efficiency,
    differences,
    environment,
    factorial,
    factors,
    limitations,
    looks,
    methods,
    metrics,
    pictures,
    pretrained,
    robustness,
    runs,
    schedules,
    statistical_tests,
    training_time,
    verdicts,
    warnings,
)
from ceteris.results.atomic import make_folder, write_together
from ceteris.results.finding import encode_table
from ceteris.results.folder import TABLE
from ceteris.results.results import Results, read_results

PAGE, TEXT, VERDICTS, PICTURES = "report.html", "report.md", "verdicts.json", "pictures"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that was written.

    Attributes:
        page: `report.html`.
        text: `report.md`.
        verdicts: `verdicts.json`, the same for programs; `ceteris schema verdicts` describes it.
        table: `results.csv`.
        pictures: The first convolution of each arm that has one, as PNG files in the folder `pictures`.
        sections: What page and text say.
    """

    page: Path
    text: Path
    verdicts: Path
    table: Path
    pictures: tuple[Path, ...]
    sections: tuple[Section, ...]

    def __repr__(self) -> str:
        return f"Report({str(self.page)!r})"

    def _repr_html_(self) -> str:
        return in_notebook(self)


def write_report(folder: AnyPath, *, out: AnyPath | None = None, image: int = 0) -> Report:
    """Write the report of a results folder, whatever state it is in, from what is in it and nothing else.

    Args:
        folder: That `ceteris run` wrote; it may be empty, half done, in use, or damaged.
        out: Where the report goes; into the folder itself if not given.
        image: Index of the test image that the first convolutions are shown, from 0.

    Returns:
        Where the files are. The same results give the same bytes.

    Raises:
        ResultsError: If it is not a results folder, if it cannot be read, if there is no such image, or if the report
            cannot be written; what was there before is then still there.
    """
    target = None if out is None else expanded(out, error=ResultsError)
    return publish(analyze(read_results(folder)), out=target, image=image)


def publish(analysis: StudyAnalysis, *, out: Path | None = None, image: int = 0) -> Report:
    """Write the report of what was computed already; otherwise as `write_report`."""
    results = analysis.results
    target = results.folder.path if out is None else out
    if out is None and not os.access(target, os.W_OK):  # before the drawing, which may take minutes
        raise ResultsError(
            f"{target}: the report cannot be written into this folder: permission denied. Name another place for it "
            "with --out DIR; the results are not touched."
        )
    study, sections = results.manifest.study, report_sections(analysis, image=image)
    page = render_page(
        sections,
        title=study.title,
        kicker=_kicker(results, analysis.done),
        question=study.question,
        footer="Computed from a results folder by ceteris; results.csv beside this page has one row per run.",
    )
    text = render_markdown(sections, title=study.title, question=study.question)
    files = {PAGE: page.encode(), TEXT: text.encode(), VERDICTS: verdicts_document(analysis).encode()}
    if out is None:
        results.folder.write_table(results.findings)
    else:
        make_folder(out)
        files[TABLE] = encode_table(results.findings)
    write_together(target, files)
    drawn = {
        name: content for section in sections for one in walk(section.blocks) for name, content in one.files().items()
    }
    if drawn:
        make_folder(target / PICTURES)
        write_together(target / PICTURES, drawn)
    return Report(
        page=target / PAGE,
        text=target / TEXT,
        verdicts=target / VERDICTS,
        table=target / TABLE,
        pictures=tuple(target / PICTURES / name for name in drawn),
        sections=sections,
    )


def report_sections(analysis: StudyAnalysis, *, image: int = 0) -> tuple[Section, ...]:
    """Give the sections of a report, in order. A section that lacks what it needs is left out.

    Raises:
        ResultsError: If there is no such test image.
    """
    sections = (
        warnings.section(analysis),
        answer.section(analysis),
        verdicts.section(analysis),
        differences.section(analysis),
        factorial.section(analysis),
        factors.section(analysis),
        pictures.section(analysis, image),
        augmentation.section(analysis),
        schedules.section(analysis),
        convergence.section(analysis),
        data_efficiency.section(analysis),
        pretrained.section(analysis),
        statistical_tests.section(analysis),
        looks.section(analysis),
        robustness.section(analysis),
        metrics.section(analysis),
        runs.section(analysis),
        training_time.section(analysis),
        methods.section(analysis),
        limitations.section(analysis),
        environment.section(analysis),
    )
    return tuple(section for section in sections if section is not None)


def _kicker(results: Results, done: int) -> str:
    """Say in a line what the page is about: how many runs, of what, on which images."""
    manifest = results.manifest
    planned = len(results.findings)
    runs = count(planned, "run") if done == planned else f"{done:,} of {count(planned, 'run')}"
    variations = len(manifest.study.variations)
    crossed = len(manifest.study.arms()) - 1 - variations
    parts = [count(variations, "variation")] if variations or not crossed else []
    arms = ", ".join((*parts, *([f"{count(crossed, 'combination')} of crossed factors"] if crossed else [])))
    seeds = seeds_each(manifest.study, each="")
    return (
        f"A controlled experiment: {runs}, {arms}, {seeds}; images: {manifest.data_name}, {manifest.data_origin.value}"
    )
