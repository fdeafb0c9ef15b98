"""From a results folder to `report.html`, `report.md`, `results.csv` and picture files."""

import os
from dataclasses import dataclass
from pathlib import Path

from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.errors import ResultsError
from ceteris.paths import AnyPath, expanded
from ceteris.report.content import Content, compose
from ceteris.report.figures.first_layer import layer_picture
from ceteris.report.markdown import render_markdown
from ceteris.report.page import render_page
from ceteris.report.quantities import count
from ceteris.report.sections.pictures import Gallery, hang
from ceteris.results.atomic import make_folder, write_together
from ceteris.results.finding import encode_table
from ceteris.results.folder import TABLE
from ceteris.results.results import Results, read_results
from ceteris.study.run import arm_folder

PAGE, TEXT, PICTURES = "report.html", "report.md", "pictures"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that was written.

    Attributes:
        page: `report.html`.
        text: `report.md`.
        table: `results.csv`.
        pictures: The first convolution of each arm that has one, as PNG files in the folder `pictures`.
        content: What they say.
    """

    page: Path
    text: Path
    table: Path
    pictures: tuple[Path, ...]
    content: Content


def write_report(folder: AnyPath, *, out: AnyPath | None = None, image: int = 0) -> Report:
    """Write the report of a results folder, whatever state it is in, from what is in it and nothing else.

    Args:
        folder: That `ceteris run` wrote; it may be empty, half done, in use, or damaged.
        out: Where the report goes; into the folder itself if not given.
        image: Place of the test image that the first convolutions are shown, from 0.

    Returns:
        Where the files are. The same results give the same bytes.

    Raises:
        ResultsError: If it is not a results folder, if it cannot be read, if there is no such image, or if the report
            cannot be written; what was there before is then still there.
    """
    place = None if out is None else expanded(out, error=ResultsError)
    return publish(analyze(read_results(folder)), out=place, image=image)


def publish(analysis: StudyAnalysis, *, out: Path | None = None, image: int = 0) -> Report:
    """Write the report of what was computed already; otherwise as `write_report`."""
    results = analysis.results
    place = results.folder.path if out is None else out
    if out is None and not os.access(place, os.W_OK):  # before the drawing, which may take minutes
        raise ResultsError(
            f"{place}: the report cannot be written into this folder: permission denied. Name another place for it "
            "with --out DIR; the results are not touched."
        )
    content = compose(analysis)
    gallery = hang(analysis, image=image)
    page = render_page(content, gallery, kicker=_kicker(results, analysis.done))
    files = {PAGE: page.encode(), TEXT: render_markdown(content).encode()}
    if out is None:
        results.folder.write_table(results.findings)
    else:
        make_folder(out)
        files[TABLE] = encode_table(results.findings)
    write_together(place, files)
    pictures = _pictures(gallery)
    if pictures:
        make_folder(place / PICTURES)
        write_together(place / PICTURES, pictures)
    return Report(
        page=place / PAGE,
        text=place / TEXT,
        table=place / TABLE,
        pictures=tuple(place / PICTURES / name for name in pictures),
        content=content,
    )


def _pictures(gallery: Gallery) -> dict[str, bytes]:
    """Draw the first convolution of each arm that has one, by the name of its file."""
    layers = gallery.layers
    if layers is None:
        return {}
    return {f"{arm_folder(one.arm)}.png": layer_picture(one, layers) for one in layers.arms if not one.gap}


def _kicker(results: Results, done: int) -> str:
    """Say in a line what the page is about: how many runs, of what, on which images."""
    manifest = results.manifest
    planned = len(results.findings)
    runs = count(planned, "run") if done == planned else f"{done:,} of {count(planned, 'run')}"
    arms = count(len(manifest.study.variations), "variation")
    seeds = count(len(manifest.study.seeds), "seed")
    return (
        f"A controlled experiment: {runs}, {arms}, {seeds}; images: {manifest.data_name}, {manifest.data_origin.value}"
    )
