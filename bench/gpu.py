"""Measure how many images times models a GPU trains in a second where many runs are trained at once, and one by one.

It takes six minutes at most, downloads nothing, and writes Markdown to standard output. Last it trains the baseline on
the GPU and on the processor with the same seeds, and says whether the accuracies are the same.

    python bench/gpu.py --data PATH                     # on the first CUDA device
    python bench/gpu.py --tiny                          # on the processor with few images: does it run?
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from baseline import CLASSES, Images, Workload, read_images, runs_of, training_split
from host import host_lines
from scipy import stats

from ceteris.datasets.dataset import LabelledImages, Split
from ceteris.engines.engine import Engine, PackedTraining
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.errors import CeterisError
from ceteris.execution.engines import choose_engines
from ceteris.study.run import Run

SIX_MINUTES = 360.0
BATCH_SIZES = {Workload.BASELINE: 32, Workload.RESNET20: 128}
AT_ONCE = {Workload.BASELINE: (1, 16, 64, 256), Workload.RESNET20: (1, 8, 32)}
AIM = 50.0
"""How many times the loop over single runs the baseline should be trained as fast, of the most runs at once."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        seconds: Of each measurement, after as long that does not count.
        at_once: How many runs are trained at once, for each network.
        seeds: Runs whose accuracies are compared.
        epochs: Of these.
    """

    device: str
    seconds: float
    at_once: dict[Workload, tuple[int, ...]]
    seeds: int
    epochs: int
    until: float


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    until = time.monotonic() + SIX_MINUTES
    if arguments.tiny:
        images = _noise(40)
        few = dict.fromkeys(AT_ONCE, (1, 2))
        plan = Plan(device="cpu", seconds=0.0, at_once=few, seeds=2, epochs=1, until=until)
    else:
        images = _images(arguments.data)
        plan = Plan(device=arguments.device, seconds=8.0, at_once=AT_ONCE, seeds=16, epochs=6, until=until)
    torch.set_num_threads(1)
    lines = [f"- {line}" for line in (*host_lines(), *_device_lines(plan.device), f"Images: {images.description}")]
    print("\n".join(lines), flush=True)
    for workload in plan.at_once:
        _print_rates(workload, images, plan)
    _print_accuracies(images, plan)


def _print_rates(workload: Workload, images: Images, plan: Plan) -> None:
    size = BATCH_SIZES[workload]
    print(f"\n### {workload}, batch {size}\n")
    print("| runs | images x models per second | times the loop |\n| --- | ---: | ---: |", flush=True)
    split = training_split(images)
    loop = _rate(TorchEngine(device=plan.device), runs_of(workload, range(1), size), split, plan)
    print(f"| one by one | {loop:,.0f} | 1.0 |", flush=True)
    ratio, largest = 0.0, None if plan.device == "cpu" else plan.at_once[workload][-1]
    for count in plan.at_once[workload]:
        if time.monotonic() > plan.until:
            print(f"| {count} at once | not measured: six minutes are over | |")
            continue
        for compiled in (False, True) if count == largest else (False,):
            name = f"{count} at once, compiled" if compiled else f"{count} at once"
            engine = StackedEngine(device=plan.device, packed_runs=count, compiled=compiled)
            try:
                rate = _rate(engine, runs_of(workload, range(count), size), split, plan)
            except (CeterisError, RuntimeError) as error:
                print(f"| {name} | not measured: {str(error).splitlines()[0]} | |", flush=True)
                continue
            ratio = max(ratio, rate / loop)
            print(f"| {name} | {rate:,.0f} | {rate / loop:.1f} |", flush=True)
    if workload is Workload.BASELINE:
        print(f"\nThe aim is {AIM:g} times the loop; the fastest that was measured is {ratio:.1f} times it.")


def _rate(engine: Engine, runs: Sequence[Run], split: Split, plan: Plan) -> float:
    """Train for a while that does not count, then for one that does; give images times runs in a second of it."""
    packed = engine.start(runs, split)
    _train(packed, plan)
    before, began = _seen(packed, runs, split), time.perf_counter()
    _train(packed, plan)
    return (_seen(packed, runs, split) - before) * len(runs) / (time.perf_counter() - began)


def _train(packed: PackedTraining, plan: Plan) -> None:
    until = time.perf_counter() + plan.seconds
    while True:
        packed.advance()
        if torch.device(plan.device).type == "cuda":
            torch.cuda.synchronize()
        if time.perf_counter() >= until:
            return


def _seen(packed: PackedTraining, runs: Sequence[Run], split: Split) -> int:
    images = len(split.training)
    step = packed.position.step * runs[0].specification.training.batch_size
    return packed.position.epoch * images + min(step, images)


def _print_accuracies(images: Images, plan: Plan) -> None:
    """Train seeds on the device, at once, and on the processor; compare their accuracies on images held out."""
    print("\n### Accuracy\n")
    split = _held_out(images)
    runs = [_of_epochs(run, plan.epochs) for run in runs_of(Workload.BASELINE, range(plan.seeds), 32)]
    there = _accuracies(StackedEngine(device=plan.device, packed_runs=len(runs)), runs, split)
    processor = choose_engines().engines[0]
    here = _accuracies(processor, runs, split)
    apart = there - here
    half = float(stats.t.ppf(0.975, len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart)))
    mean = float(apart.mean())
    print(
        f"{len(runs)} seeds, {plan.epochs} epochs, {len(split.test):,} test images: {100 * there.mean():.2f} % on "
        f"{plan.device}, {100 * here.mean():.2f} % with the {processor.name} engine on the processor. Difference, by "
        f"seed: {100 * mean:+.2f} points, 95 % interval {100 * (mean - half):+.2f} to {100 * (mean + half):+.2f}, "
        f"which {'holds' if abs(mean) <= half else 'DOES NOT HOLD'} 0."
    )


def _accuracies(engine: Engine, runs: Sequence[Run], split: Split) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found: list[float] = []
    for first in range(0, len(runs), engine.packed_runs):
        some = runs[first : first + engine.packed_runs]
        packed = engine.start(some, split)
        while packed.position.epoch < some[0].specification.training.epochs:
            packed.advance()
        found += [outcome.test_accuracy for outcome in packed.outcomes()]
    return np.array(found)


def _of_epochs(run: Run, epochs: int) -> Run:
    training = run.specification.training.model_copy(update={"epochs": epochs, "learning_rate": 0.001})
    return replace(run, specification=run.specification.model_copy(update={"training": training}))


def _held_out(images: Images) -> Split:
    """Train on four fifths of the images, and test on the others."""
    whole, first = training_split(images), len(images.labels) // 5
    test = LabelledImages(images=images.pixels[:first], labels=images.labels[:first])
    rest = LabelledImages(images=images.pixels[first:], labels=images.labels[first:])
    return replace(whole, training=rest, validation=test, test=test)


def _images(location: Path | None) -> Images:
    try:
        return read_images(location)
    except CeterisError as error:
        sys.exit(str(error))


def _noise(count: int) -> Images:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, 8, 8, 3), np.uint8)
    labels = (np.arange(count) % CLASSES).astype(np.int32)
    return Images(pixels=pixels, labels=labels, description=f"{count} of noise, to see that the program runs")


def _device_lines(device: str) -> list[str]:
    if torch.device(device).type != "cuda":
        return [f"Device: {device}"]
    free, total = torch.cuda.mem_get_info(device)
    return [f"Device: {torch.cuda.get_device_name(device)}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a copy of CIFAR-10; else CETERIS_DATA, else the cache")
    parser.add_argument("--device", default="cuda", help="as torch.device names it")
    parser.add_argument("--tiny", action="store_true", help="few images on the processor, to see that the program runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
