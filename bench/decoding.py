"""Measure how fast photographs become batches: ceteris's folders beside `torchvision.datasets.ImageFolder`.

The work is the same for all: ten epochs over a folder of JPEG photographs in a new order each time, every image cut to
its middle square and scaled to 64 x 64 pixels with antialiasing, in batches of 32 as uint8. ceteris decodes once, into
a cache that is empty at the beginning of every round, and its time includes that; ImageFolder decodes in every epoch,
as it is used, and the fastest of several numbers of workers counts. Each does one epoch before anything is timed, so
that nobody pays for what a process and the system do only once. How they go about it is their own: ceteris has
JPEG scaled while it is decoded and resamples from there, ImageFolder resamples the whole picture.

    python bench/decoding.py --write bench/README.md
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
from host import host_lines, others_at_work
from numpy.typing import NDArray
from PIL import Image

from ceteris.datasets.choice import DataChoice
from ceteris.datasets.folder_dataset import read_folder
from ceteris.datasets.source import finished
from ceteris.resources import available_cores

BEGIN, END = "<!-- decoding: begin -->", "<!-- decoding: end -->"
SIZE, BATCH, EPOCHS = 64, 32, 10
SIDES = ((1600, 1200), (1024, 768), (800, 600), (640, 480))


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photographs", type=int, default=400, help="how many are drawn; 400")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs; 3")
    parser.add_argument("--write", type=Path, help="put the figures between the marks in this file")
    arguments = parser.parse_args()
    load = others_at_work()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photographs"
        size = draw_photographs(folder, arguments.photographs)
        contenders: dict[str, Callable[[Path, int], float]] = {"ceteris: decoded once, then from the cache": _ceteris}
        for workers in sorted({0, 1, available_cores()}):
            name = "ImageFolder with transforms, " + {0: "in one process", 1: "1 worker"}.get(
                workers, f"{workers} workers"
            )
            contenders[name] = lambda folder, epochs, workers=workers: _image_folder(folder, epochs, workers)
        seconds: dict[str, dict[int, list[float]]] = {name: {1: [], EPOCHS: []} for name in contenders}
        for run in contenders.values():
            run(folder, 1)
        for _ in range(arguments.rounds):
            for name, run in contenders.items():
                for epochs in (1, EPOCHS):
                    seconds[name][epochs].append(run(folder, epochs))
    lines = [f"- {line}" for line in host_lines()]
    lines.append(
        f"- Work: {arguments.photographs} JPEG photographs of {SIDES[-1][0]} x {SIDES[-1][1]} to {SIDES[0][0]} x "
        f"{SIDES[0][1]} pixels, {size / 1e6:.0f} MB, drawn by the program; medians of {arguments.rounds} rounds"
    )
    if load is not None:
        lines.append(f"- Others at work when it began: {load:.2f} cores busy")
    lines += ["", *_table(seconds)]
    print("\n".join(lines))
    if arguments.write:
        text = arguments.write.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        if rest:
            figures = "\n".join(lines)
            arguments.write.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")


def draw_photographs(folder: Path, count: int) -> int:
    """Draw photographs of two classes, with the detail of a photograph, and give their bytes in all."""
    generator = np.random.default_rng(4)
    total = 0
    for number in range(count):
        path = folder / f"class-{number % 2}" / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        ground = Image.fromarray(generator.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        picture = np.asarray(ground.resize(SIDES[number % len(SIDES)], Image.Resampling.BICUBIC), np.int16)
        grain = generator.integers(-6, 7, picture.shape, dtype=np.int16)
        Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8)).save(path, quality=88)
        total += path.stat().st_size
    return total


def _ceteris(folder: Path, epochs: int) -> float:
    """Time ceteris from an empty cache to the last batch."""
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        dataset = finished(read_folder(folder, DataChoice(name=f"./{folder.name}", size=SIZE), cache=Path(cache)))
        parts = (dataset.training, dataset.validation, dataset.test)
        assert dataset.validation is not None
        for epoch in range(epochs):
            generator = np.random.default_rng(epoch)
            for part in parts:
                assert part is not None
                for batch in _batches(part.images, generator.permutation(len(part))):
                    assert batch.shape[1:] == (SIZE, SIZE, 3)
        return time.perf_counter() - began


def _batches(images: NDArray[np.uint8], order: NDArray[np.intp]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(order), BATCH):
        yield images[order[start : start + BATCH]]


def _image_folder(folder: Path, epochs: int, workers: int) -> float:
    """Time ImageFolder with the transforms of torchvision's examples, on uint8."""
    from torch.utils.data import DataLoader  # noqa: PLC0415 - its import is no part of the work
    from torchvision import transforms  # noqa: PLC0415
    from torchvision.datasets import ImageFolder  # noqa: PLC0415

    steps = transforms.Compose([transforms.Resize(SIZE), transforms.CenterCrop(SIZE), transforms.PILToTensor()])
    began = time.perf_counter()
    dataset = ImageFolder(str(folder), transform=steps)
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    for _ in range(epochs):
        for batch, _labels in loader:
            assert batch.shape[1:] == (3, SIZE, SIZE)
    return time.perf_counter() - began


def _table(seconds: dict[str, dict[int, list[float]]]) -> list[str]:
    ours, *others = seconds
    best = {epochs: min(median(seconds[name][epochs]) for name in others) for epochs in (1, EPOCHS)}
    lines = [
        f"| way | first epoch, s | {EPOCHS} epochs, s | lowest to highest |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, found in seconds.items():
        spread = f"{min(found[EPOCHS]):.2f} to {max(found[EPOCHS]):.2f}"
        shown = f"**{name}**" if name == ours else name
        lines.append(f"| {shown} | {median(found[1]):.2f} | {median(found[EPOCHS]):.2f} | {spread} |")
    ahead = {epochs: best[epochs] / median(seconds[ours][epochs]) for epochs in best}
    told = (
        f"Over {EPOCHS} epochs ceteris is {ahead[EPOCHS]:.1f} times as fast as the fastest ImageFolder here; in the "
        f"first epoch alone, decoding included, {ahead[1]:.1f} times."
    )
    return [*lines, "", told]


if __name__ == "__main__":
    main()
