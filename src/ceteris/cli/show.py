"""`ceteris show`: what a layer of a trained network makes of an image, as a picture."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes, print_sentence
from ceteris.datasets.decoding import load_picture
from ceteris.datasets.picture import Frame
from ceteris.errors import DataError, ResultsError
from ceteris.formatting.wording import listed
from ceteris.paths import expanded, shown
from ceteris.report.figures.drawing import Format, standalone
from ceteris.report.figures.layer_figure import layer_figure
from ceteris.report.layer_view import LayerView, layer_view, layer_views
from ceteris.results.atomic import write_atomically
from ceteris.results.record import Status
from ceteris.results.results import Results, read_results
from ceteris.results.selection import Target, asked_seed, find_target, findings_of
from ceteris.study.run import arm_folder

_NUMBER = re.compile(r"[-+]?[0-9.]+")
"""What is meant as a number and not as the name of a file, unless there is one."""


def show(
    path: Path,
    *,
    image: str,
    layer: str | None,
    channel: int | None,
    seed: int | None,
    file_format: str | None,
    out: Path | None,
    console: Console,
) -> Path:
    """Write a picture of a layer, say where it is and what it shows, and give the file."""
    kind = _format(file_format, out)
    target = find_target(path)
    results = read_results(target.folder)
    pixels, name, notes = _image(results, image)
    views, gaps = _views(results, target, pixels, seed=seed, layer=_layer(layer))
    _check_channel(views, channel)
    picture = layer_figure(
        views, image=pixels, image_name=name, channel=None if channel is None else channel - 1, file_format=kind
    )
    file = out or Path(f"{_stem(target, views, image)}.{kind}")
    write_atomically(file, standalone(picture).encode() if picture.png is None else picture.png)
    console.print(Text(f"{picture.title}, seed {views[0].seed}", style="bold"), soft_wrap=True)
    about = dict.fromkeys(note for view in views for note in results.notes_about(view.arm))
    print_notes((*about, *notes, *gaps), console)
    for view in views:
        print_sentence(Text(channels_line(view)), console)
    if any(view.kernels_before is not None for view in views):
        is_sheet = channel is None and len(views) == 1
        console.print("kernels: all channels" if is_sheet else f"kernels: channel {channel or 1}")
    console.print(f"\npicture: {file}", markup=False, soft_wrap=True)
    return file


def channels_line(view: LayerView) -> str:
    """Say how many channels a layer has, and how many of them carry no signal for this image."""
    silent = [f"{count:,} {stage}" for stage, count in _silent(view) if count]
    channels = f"{len(view.before):,} channel{'' if len(view.before) == 1 else 's'}"
    parts = (channels, f"0 everywhere: {' and '.join(silent)}" if silent else "", view.gap)
    return f"{view.arm}, {view.layer}: {'; '.join(part for part in parts if part)}"


def _silent(view: LayerView) -> Iterator[tuple[str, int]]:
    """Count the channels without a signal, at each stage that there is."""
    for stage, output in ((view.stage, view.before), ("after training", view.after)):
        if output is not None:
            yield stage, int((~output.reshape(len(output), -1).any(axis=1)).sum())


def _views(
    results: Results, target: Target, pixels: NDArray[np.uint8], *, seed: int | None, layer: int | str | None
) -> tuple[tuple[LayerView, ...], tuple[str, ...]]:
    """Give what is to be drawn, and why other arms are not."""
    if not target.arm:
        found = layer_views(results, pixels, seed=asked_seed(target, seed), layer=layer)
        return found.views, found.gaps
    findings = findings_of(results, target, seed)
    run = next((one.run for one in findings if one.status is Status.FINISHED), findings[0].run)
    return (layer_view(results, run, pixels, layer),), ()


def _layer(typed: str | None) -> int | str | None:
    """Give the place of a layer, from 0, or the name of one."""
    if typed is None or not typed.isdecimal():
        return typed
    if int(typed) == 0:
        raise ResultsError("--layer is 0, and layers are counted from 1.")
    return int(typed) - 1


def _image(results: Results, image: str) -> tuple[NDArray[np.uint8], str, tuple[str, ...]]:
    """Give the pixels, what to call them, and what was done to them."""
    is_number = _NUMBER.fullmatch(image) is not None and not Path(image).exists()
    if image.isdecimal() or is_number:
        images, number = results.images(), int(image) if image.isdecimal() else -1
        if not 0 <= number < len(images):
            raise ResultsError(
                f"there is no test image {image}; {results.folder.path} has {len(images):,}, counted from 0."
            )
        name = results.manifest.class_names[results.labels()[number]]
        return images[number], f"test image {number}, {name}", ()
    file, shape = expanded(image, error=DataError), results.manifest.images.shape
    picture = load_picture(file, Frame.of(shape, results.manifest.study.data.fit))
    name = shown(file.name)
    return picture.pixels, name, tuple(f"{name}: {note}" for note in picture.notes)


def _check_channel(views: tuple[LayerView, ...], channel: int | None) -> None:
    if channel is None:
        return
    if not any(view.kernels_before is not None for view in views):
        raise ResultsError(f"{views[0].layer} is no convolution and has no kernels; leave --channel out.")
    most = max(len(view.before) for view in views)
    if channel > most:
        raise ResultsError(f"there is no channel {channel}; {views[0].layer} has {most}, counted from 1.")


def _format(file_format: str | None, out: Path | None) -> Format:
    known = listed((str(one) for one in Format), "or")
    ending = "" if out is None else out.suffix.lower().removeprefix(".")
    if file_format is None:
        if out is None:
            return Format.PNG
        if ending not in tuple(Format):
            raise ResultsError(
                f"{out} ends in neither .png nor .svg. Give it one of these endings, or --format {known}."
            )
        return Format(ending)
    if file_format not in tuple(Format):
        raise ResultsError(f"--format is '{file_format}', expected {known}.")
    if ending in tuple(Format) and ending != file_format:
        raise ResultsError(f"{out} would hold {file_format.upper()}. Let its name and --format agree.")
    return Format(file_format)


def _stem(target: Target, views: tuple[LayerView, ...], image: str) -> str:
    arm = arm_folder(views[0].arm) if target.arm else "all"
    shown = f"image-{image}" if image.isdecimal() else arm_folder(Path(image).stem)
    return f"{arm}-seed-{views[0].seed:02}-{shown}"
