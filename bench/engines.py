"""Measure how fast networks train on the engines of ceteris, and in PyTorch and Keras as others use them.

All contenders train the same network on the same images in one session, in turn, round after round, so that what else
the machine does hits all of them alike. Nothing is downloaded: name a copy of CIFAR-10 with `--data`.

    python bench/engines.py --data PATH --write bench/README.md
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from baseline import Images, Workload, read_images
from cases import Case, Crew, Row, cases_of
from crew import Order, UnmeasurableError, Workers
from host import host_lines, others_at_work
from table import render_table

from ceteris.errors import CeterisError

FEWEST_ROUNDS = 5


def main() -> None:
    """Measure, print, and write if asked to."""
    arguments = _arguments()
    try:
        images = read_images(arguments.data)
    except CeterisError as error:
        sys.exit(str(error))
    load = others_at_work()
    every = [one for name in arguments.networks for one in cases_of(Workload(name), whole=len(arguments.networks) == 1)]
    cases = [case for case in every if not arguments.only or case.row.name.lower() in arguments.only]
    with Workers(images) as workers:
        rates, peaks, reasons = _session(workers, cases, arguments.batch_sizes, arguments.rounds, arguments.seconds)
    peak = median(peaks) if peaks else None
    lines = _circumstances(arguments, images, load, peak)
    for workload in map(Workload, arguments.networks):
        for batch_size in arguments.batch_sizes:
            places = {case: found for (case, size), found in rates.items() if size == batch_size}
            chosen = {case: found for case, found in places.items() if case.workload is workload}
            if chosen:
                lines += ["", *render_table(workload, batch_size, chosen, peak)]
    if reasons:
        lines += ["", "Not measured: " + "; ".join(f"{name} ({reason})" for name, reason in reasons.items()) + "."]
    print("\n".join(lines))
    if arguments.write:
        _write(arguments.write, arguments.section, lines)


def _circumstances(arguments: argparse.Namespace, images: Images, load: float | None, peak: float | None) -> list[str]:
    """Say what was measured on what, a line each."""
    lines = [f"- {line}" for line in (*host_lines(), f"Images: {images.description}")]
    lines.append(
        f"- Session: {arguments.rounds} rounds of {arguments.seconds:g} s for each contender, in turn, "
        "after one that does not count; the figures are medians"
    )
    if load is not None:
        lines.append(f"- Others at work when it began: {load:.2f} cores busy")
    if peak is not None:
        lines.append(f"- Peak: {peak / 1e9:.0f} GFLOP/s, fused multiply-adds on all cores at once")
    return lines


def _session(
    workers: Workers, cases: Sequence[Case], batch_sizes: Sequence[int], rounds: int, seconds: float
) -> tuple[dict[tuple[Case, int], list[float]], list[float], dict[str, str]]:
    """Measure every case once a round; give rates, peaks, and why what is missing is missing."""
    rates: dict[tuple[Case, int], list[float]] = {(case, size): [] for size in batch_sizes for case in cases}
    peaks: list[float] = []
    reasons: dict[str, str] = {}
    for turn in range(rounds + 1):
        counts = turn > 0
        try:
            found = workers.measure(Crew.EACH_CORE, Order(case=None, batch_size=0, seconds=0))
            peaks += [found] if counts else []
        except UnmeasurableError as error:
            reasons["the peak"] = str(error)
        # Every round begins with another contender, so that none always follows the same one.
        places = list(rates)
        shift = turn % max(1, len(places))
        for case, size in places[shift:] + places[:shift]:
            try:
                found = workers.measure(case.crew, Order(case=case, batch_size=size, seconds=seconds))
            except UnmeasurableError as error:
                del rates[case, size]
                reasons[f"{_name(case)}, batch {size}"] = str(error)
                continue
            if counts:
                rates[case, size].append(found)
            print(f"round {turn} of {rounds}: {_name(case)}, batch {size}: {found:,.0f}", file=sys.stderr, flush=True)
    return rates, peaks, reasons


def _name(case: Case) -> str:
    row = f"{case.workload}, {case.row.name.lower().replace('_', ' ')}"
    return f"{row} ({case.variant})" if case.variant else row


def _marks(section: str) -> tuple[str, str]:
    return f"<!-- {section}: begin -->", f"<!-- {section}: end -->"


def _parts(path: Path, section: str) -> tuple[str, str]:
    """Give what stands before and after the place for the figures."""
    first, last = _marks(section)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        sys.exit(f"{path}: the lines {first} and {last}, in this order, must mark the place for the figures. Add them.")
    return before, after


def _write(path: Path, section: str, lines: Sequence[str]) -> None:
    (before, after), (first, last) = _parts(path, section), _marks(section)
    text = f"{before}{first}\n\n" + "\n".join(lines) + f"\n\n{last}{after}"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a copy of CIFAR-10; else CETERIS_DATA, else the cache")
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS, help="measurements of each contender")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a measurement lasts")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 4], help="images per minibatch")
    networks = [str(workload) for workload in Workload]
    parser.add_argument("--networks", nargs="+", choices=networks, default=networks[:1], help="what is trained")
    parser.add_argument("--section", default="measured", help="the marked part of the file that is written")
    names = [row.name.lower() for row in Row]
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW", help=f"some of: {', '.join(names)}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a Markdown file whose marked part is replaced")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0 or min(arguments.batch_sizes) < 1:
        parser.error("--rounds, --seconds and --batch-sizes must be above 0.")
    if arguments.write and arguments.rounds < FEWEST_ROUNDS:
        parser.error(f"fewer than {FEWEST_ROUNDS} --rounds make a trial, not a result to write down.")
    if arguments.write:
        _parts(arguments.write, arguments.section)
    return arguments


if __name__ == "__main__":
    main()
