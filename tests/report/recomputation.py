"""The answer and the verdicts of a study computed once more, from its files and with scipy: no code of ours.

Reads `results.csv`, the margin, target and classes in `study.json`, and for the fifth sentence each run's `epochs.csv`;
`labels.npy` says how many test images there are. Needs a study with at least two pairs of every variation.
"""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import optimize, stats

LEVEL, POWER = 0.05, 0.8
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, kw_only=True)
class Variation:
    """What was recomputed of one variation; fractions, but for epochs."""

    name: str
    factor: str
    differences: list[float]
    interval: tuple[float, float]
    p_value: float
    p_equal: float
    epochs: list[float]
    p_epochs: float
    never: str
    adjusted: float = math.nan
    adjusted_equal: float = math.nan
    adjusted_epochs: float = math.nan

    @property
    def mean(self):
        """Give the mean difference."""
        return float(np.mean(self.differences))

    @property
    def label(self):
        """Name it with its factor."""
        return f"“{self.name}” ({self.factor})"

    @property
    def verdict(self):
        """Give one of the four verdicts."""
        if self.adjusted_equal <= LEVEL:
            return "equivalent"
        if self.adjusted <= LEVEL:
            return "better" if self.mean > 0 else "worse"
        return "undecided"


def recompute(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Give the five sentences and the verdict of each variation."""
    manifest = json.loads((folder / "study.json").read_text())
    margin = manifest["study"]["analysis"]["margin"] / 100
    share, labels = manifest["study"]["analysis"]["target"], np.load(folder / "labels.npy")
    images, chance = len(labels), np.bincount(labels).max() / len(labels)
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    curves = {(row["variation"], row["seed"]): _curve(folder, row, chance) for row in rows if _counts(row)}
    finals = [curve[-1] for (name, _), curve in curves.items() if name == "baseline"]
    target = share * float(np.mean(finals))
    arms = {(row["factor"], row["variation"]): None for row in rows}
    baseline = {row["seed"]: _accuracy(row, chance) for row in rows if row["variation"] == "baseline" and _counts(row)}
    variations = [
        _variation(factor, name, rows, baseline, curves, margin, chance, target)
        for factor, name in arms
        if name != "baseline"
    ]
    variations = _adjusted(variations)
    answer = (
        _first(rows, list(baseline.values()), images, chance),
        _one_way(variations, "better", "gain"),
        _one_way(variations, "worse", "loss"),
        _neither(variations, margin),
        _speed(variations, target, share),
    )
    return answer, {one.name: one.verdict for one in variations}


def _counts(row):
    return row["status"] in {"finished", "diverged"}


def _accuracy(row, chance):
    return float(row["test_accuracy"]) if row["status"] == "finished" else chance


def _curve(folder, row, chance):
    (file,) = folder.glob(f"runs/*/seed-*-{row['digest'][:8]}/epochs.csv")
    with file.open(newline="") as content:
        rows = list(csv.DictReader(content))
    specification = json.loads((file.parent / "result.json").read_text())["specification"]
    planned = specification["training"]["epochs"]
    epochs = [chance if "nan" in epoch.values() else float(epoch["validation_accuracy"]) for epoch in rows]
    return epochs + [chance] * (planned - len(epochs))


def _variation(factor, name, rows, baseline, curves, margin, chance, target):
    after = {row["seed"]: _accuracy(row, chance) for row in rows if row["variation"] == name and _counts(row)}
    seeds = sorted(baseline.keys() & after.keys(), key=int)
    differences = [after[seed] - baseline[seed] for seed in seeds]
    t = stats.ttest_1samp(differences, 0)
    interval = t.confidence_interval(1 - LEVEL)
    above = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    pairs = [(_reached(curves["baseline", seed], target), _reached(curves[name, seed], target)) for seed in seeds]
    limits = [
        len(curves[arm, seed])
        for seed, ends in zip(seeds, pairs, strict=True)
        for arm, end in zip(("baseline", name), ends, strict=True)
        if end is None
    ]
    until = min(limits) if limits else math.inf
    epochs = [min(late or until, until) - min(early or until, until) for early, late in pairs]
    flip = stats.permutation_test(
        (epochs,), np.mean, permutation_type="samples", n_resamples=math.inf, alternative="two-sided"
    )
    late = [("its", sum(end is None for _, end in pairs)), ("the baseline's", sum(end is None for end, _ in pairs))]
    never = " and ".join(f"{count} of {whose} {len(seeds)} runs" for whose, count in late if count)
    return Variation(
        name=name,
        factor=factor,
        differences=differences,
        interval=(float(interval.low), float(interval.high)),
        p_value=float(t.pvalue),
        p_equal=float(max(above, below)),
        epochs=epochs,
        p_epochs=float(flip.pvalue),
        never=f"with {never} not there by epoch {until}" if never else "",
    )


def _reached(curve, target):
    return next((epoch for epoch, accuracy in enumerate(curve, start=1) if accuracy >= target), None)


def _adjusted(variations):
    columns = [_holm([getattr(one, name) for one in variations]) for name in ("p_value", "p_equal", "p_epochs")]
    names = ("adjusted", "adjusted_equal", "adjusted_epochs")
    return [
        Variation(**(one.__dict__ | dict(zip(names, values, strict=True))))
        for one, *values in zip(variations, *columns, strict=True)
    ]


def _holm(p_values):
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _first(rows, accuracies, images, chance):
    own = [row for row in rows if row["variation"] == "baseline" and _counts(row)]
    interval = stats.ttest_1samp(accuracies, 0).confidence_interval(1 - LEVEL)
    low, high = max(0.0, interval.low), min(1.0, interval.high)
    text = (
        f"he baseline classified {100 * np.mean(accuracies):.2f} % of the {images:,} test images correctly on average "
        f"over {len(accuracies)} seeds (95 % interval {100 * low:.2f} to {100 * high:.2f} %)"
    )
    right = [round(images * float(row["test_accuracy"])) for row in own if row["status"] == "finished"]
    tests = [stats.binomtest(correct, images, chance, alternative="greater").pvalue for correct in right]
    at_chance = sum(p > LEVEL and correct < images for p, correct in zip(tests, right, strict=True))
    diverged = sum(row["status"] == "diverged" for row in own)
    troubles = []
    if at_chance:
        troubles.append(f"{at_chance} of its {len(own)} runs finished no better than chance")
    if diverged:
        troubles.append(f"{diverged} of its {len(own)} runs diverged and counted at the chance level")
    text += f"; {' and '.join(troubles)}" if troubles else ""
    done = sum(map(_counts, rows))
    return f"T{text}." if done == len(rows) else f"So far, with {done} of {len(rows)} runs at an end, t{text}."


def _one_way(variations, verdict, extreme):
    found = sorted((one for one in variations if one.verdict == verdict), key=lambda one: -abs(one.mean))
    if not found:
        return f"{_none(variations)} to be {verdict} than the baseline."
    which = f"{len(found)} of the {len(variations)} variations {'was' if len(found) == 1 else 'were'}"
    if len(found) == len(variations):
        which = "Both variations were" if len(found) == 2 else f"All {len(found)} variations were"
    labels = [
        f"“{one.name}” ({one.factor}, {_signed(100 * one.mean)} pp, {'95 % interval ' if not place else ''}"
        f"{_signed(100 * one.interval[0])} to {_signed(100 * one.interval[1])} pp)"
        for place, one in enumerate(found[:3])
    ]
    order = f", the largest {extreme} first" if len(found) > 1 else ""
    return f"{which} {verdict} than the baseline{order}: {_listed(labels, len(found))}."


def _neither(variations, margin):
    equal, undecided = (
        sorted((one for one in variations if one.verdict == verdict), key=lambda one: -abs(one.mean))
        for verdict in ("equivalent", "undecided")
    )
    within = f"within \N{PLUS-MINUS SIGN}{100 * margin:g} pp"
    if equal:
        labels = _listed([one.label for one in equal[:5]], len(equal))
        text = f"Equivalent to the baseline, {within}, {'was' if len(equal) == 1 else 'were'} {labels}"
    else:
        text = f"{_none(variations)} to be equivalent to the baseline, {within}"
    if not undecided:
        return f"{text}, and none was left undecided."
    detectable = [100 * min(1.0, _detectable(one, len(variations))) for one in undecided]
    least, most = f"{min(detectable):.2f}", f"{max(detectable):.2f}"
    labels = _listed([one.label for one in undecided[:5]], len(undecided))
    return (
        f"{text}; {len(undecided)} {'was' if len(undecided) == 1 else 'were'} left undecided: {labels}, where these "
        f"seeds may well have missed differences below {least if least == most else f'{least} to {most}'} pp."
    )


def _detectable(one, family):
    pairs = len(one.differences)
    critical = stats.t.ppf(1 - LEVEL / family / 2, pairs - 1)

    def power(effect):
        shift = effect * math.sqrt(pairs)
        other_side = stats.nct.cdf(-critical, pairs - 1, shift)  # not a number where it is next to nothing
        return stats.nct.sf(critical, pairs - 1, shift) + np.nan_to_num(other_side)

    effect = optimize.brentq(lambda effect: power(effect) - POWER, 0.01, 8)
    return effect * np.std(one.differences, ddof=1)


def _speed(variations, target, share):
    shown = [one for one in variations if one.adjusted_epochs <= LEVEL]
    fewer, more = (
        sorted((one for one in shown if is_mine(np.mean(one.epochs))), key=lambda one: -abs(np.mean(one.epochs)))
        for is_mine in (lambda mean: mean < 0, lambda mean: mean >= 0)
    )
    what = f"{100 * target:.2f} % validation accuracy ({100 * share:g} % of the baseline's mean final one)"
    if not shown:
        return f"{_none(variations)} to reach {what} in fewer or in more epochs than the baseline."
    if not fewer:
        verb = "was" if len(more) == 1 else "were"
        return (
            f"{_none(variations)} to reach {what} in fewer epochs than the baseline; {len(more)} {verb} shown to take "
            f"more{_extreme(more, 'latest')}."
        )
    variation = "1 variation" if len(fewer) == 1 else f"{len(fewer)} variations"
    slower = f", and {len(more)} in more{_extreme(more, 'latest')}" if more else ""
    return f"{variation} reached {what} in fewer epochs than the baseline{_extreme(fewer, 'soonest')}{slower}."


def _extreme(found, word):
    one = found[0]
    interval = stats.ttest_1samp(one.epochs, 0).confidence_interval(1 - LEVEL)
    spread = one.never or f"{_signed(interval.low, 1)} to {_signed(interval.high, 1)}"
    label = f"“{one.name}” ({one.factor}, {_signed(np.mean(one.epochs), 1)} epochs, {spread})"
    return f", {word} {label}" if len(found) > 1 else f": {label}"


def _none(variations):
    return (
        "Neither variation was shown" if len(variations) == 2 else f"None of the {len(variations)} variations was shown"
    )


def _listed(labels, total):
    rest = [f"{total - len(labels)} more"] if total > len(labels) else []
    *first, last = [*labels, *rest]
    return f"{', '.join(first)} and {last}" if first else last


def _signed(number, digits=2):
    text = f"{abs(number):.{digits}f}"
    return text if float(text) == 0 else f"{'+' if number > 0 else MINUS}{text}"
