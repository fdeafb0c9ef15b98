"""The answer and the verdicts of a study computed once more, from its files and with scipy: no code of ours.

Reads `results.csv`, the margin and classes in `study.json`, and for the last sentence each run's `epochs.csv`;
`labels.npy` says how many test images there are. Needs a baseline with at least two runs that learned.
"""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

LEVEL = 0.05
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, kw_only=True)
class Variation:
    """What was recomputed of one variation; fractions."""

    name: str
    factor: str
    mean: float
    interval: tuple[float, float]
    p_value: float
    p_equal: float
    collapsed: tuple[int, int]
    p_collapse: float
    rises: bool
    area: float
    area_interval: tuple[float, float]
    p_area: float
    has_learned: bool
    condition: str
    adjusted: float = math.nan
    adjusted_collapse: float = math.nan
    adjusted_equal: float = math.nan
    adjusted_area: float = math.nan

    @property
    def label(self):
        """Name it with its factor."""
        return f"“{self.name}” ({self.factor})"

    @property
    def verdict(self):
        """Give one of the verdicts on accuracy."""
        if not self.has_learned:
            return "not compared"
        if self.adjusted_equal <= LEVEL:
            return "equivalent"
        if self.adjusted <= LEVEL:
            return "better" if self.mean > 0 else "worse"
        return "undecided"

    @property
    def stability(self):
        """Give what is shown about its rate of collapse, or nothing."""
        if self.adjusted_collapse > LEVEL:
            return ""
        return "collapses more often" if self.rises else "collapses less often"

    @property
    def headline(self):
        """Give both, as the table does."""
        words = self.verdict
        if words in ("better", "worse", "equivalent"):
            words += self.condition
        if not self.stability:
            return words
        return self.stability if words == "not compared" else f"{words}; {self.stability}"


def recompute(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """Give the sentences of the answer, and the verdict of each variation."""
    manifest = json.loads((folder / "study.json").read_text())
    margin = manifest["study"]["analysis"]["margin"] / 100
    labels = np.load(folder / "labels.npy")
    images, chance = len(labels), np.bincount(labels).max() / len(labels)
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    arms = {(row["factor"], row["variation"]): None for row in rows}
    scores = {name: _learned(rows, name, images, chance) for _, name in arms}
    curves = {
        (row["variation"], row["seed"]): _curve(folder, row) for row in rows if row["seed"] in scores[row["variation"]]
    }
    family = len(arms) - 1
    variations = [
        _variation(factor, name, rows, scores, curves, margin, family) for factor, name in arms if name != "baseline"
    ]
    variations = _adjusted(variations)
    rates = [_rate(rows, scores, name) for _, name in arms]
    when = ", among runs that learned" if any(collapsed for collapsed, _ in rates) else ""
    answer = [
        _first(rows, scores, images),
        _one_way(variations, "better", "gain", when),
        _one_way(variations, "worse", "loss", when),
        _neither(variations, margin),
        *_collapse(variations, rows, scores),
        _speed(variations),
    ]
    return tuple(answer), {one.name: one.headline for one in variations}


def _counts(row):
    return row["status"] in {"finished", "diverged"}


def _learned(rows, name, images, chance):
    """Give the accuracies of finished runs that do better than chance, by seed."""
    found = {}
    for row in rows:
        if row["variation"] == name and row["status"] == "finished":
            correct = round(images * float(row["test_accuracy"]))
            p = stats.binomtest(correct, images, chance, alternative="greater").pvalue
            if p <= LEVEL or correct == images:
                found[row["seed"]] = float(row["test_accuracy"])
    return found


def _rate(rows, scores, name):
    ended = sum(row["variation"] == name and _counts(row) for row in rows)
    return ended - len(scores[name]), ended


def _overlapping(before, after):
    """Give difference, standard error and degrees of freedom by Derrick, Toher and White's formulas."""
    common = sorted(before.keys() & after.keys())
    first, second = np.array(list(before.values())), np.array(list(after.values()))
    if len(common) == len(first) == len(second):
        changes = [after[seed] - before[seed] for seed in common]
        return np.mean(changes), np.std(changes, ddof=1) / math.sqrt(len(common)), len(common) - 1
    s0, s1, n0, n1, nc = np.std(first, ddof=1), np.std(second, ddof=1), len(first), len(second), len(common)
    x, y = (np.array([arm[seed] for seed in common]) for arm in (before, after))
    r = stats.pearsonr(x, y).statistic if nc > 1 and np.ptp(x) and np.ptp(y) else 0.0
    if not s0 and not s1:
        return second.mean() - first.mean(), 0.0, math.nan
    gamma = (s1**2 / n1 + s0**2 / n0) ** 2 / ((s1**2 / n1) ** 2 / (n1 - 1) + (s0**2 / n0) ** 2 / (n0 - 1))
    alone = n0 + n1 - 2 * nc
    degrees = (nc - 1) + (gamma - nc + 1) * alone / (alone + 2 * nc)
    error = math.sqrt(s1**2 / n1 + s0**2 / n0 - 2 * r * s1 * s0 * nc / (n1 * n0))
    return second.mean() - first.mean(), error, degrees


def _curve(folder, row):
    (file,) = folder.glob(f"runs/*/seed-*-{row['digest'][:8]}/epochs.csv")
    with file.open(newline="") as content:
        return [float(epoch["validation_accuracy"]) for epoch in csv.DictReader(content)]


def _variation(factor, name, rows, scores, curves, margin, family):
    before, after = scores["baseline"], scores[name]
    (k0, n0), (k1, n1) = (_rate(rows, scores, arm) for arm in ("baseline", name))
    facts = {
        "name": name,
        "factor": factor,
        "collapsed": (k1, n1),
        "p_collapse": float(stats.fisher_exact([[k0, n0 - k0], [k1, n1 - k1]]).pvalue),
        "rises": k1 / n1 > k0 / n0,
        "has_learned": bool(after),
        "condition": _condition(k0, k1),
    }
    if not after:
        nothing = (math.nan, math.nan)
        return Variation(
            **facts,
            mean=math.nan,
            interval=nothing,
            p_value=math.nan,
            p_equal=math.nan,
            area=math.nan,
            area_interval=nothing,
            p_area=math.nan,
        )
    mean, error, degrees = _overlapping(before, after)
    half = stats.t.ppf(1 - LEVEL / family / 2, degrees) * error
    epochs = min(len(curves[arm, seed]) for arm in ("baseline", name) for seed in scores[arm])
    areas = [{seed: np.mean(curves[arm, seed][:epochs]) for seed in scores[arm]} for arm in ("baseline", name)]
    area, area_error, area_degrees = _overlapping(*areas)
    area_half = stats.t.ppf(1 - LEVEL / 2, area_degrees) * area_error
    return Variation(
        **facts,
        mean=float(mean),
        interval=(float(mean - half), float(mean + half)),
        p_value=float(2 * stats.t.sf(abs(mean) / error, degrees)),
        p_equal=float(stats.t.sf((margin - abs(mean)) / error, degrees)),
        area=float(area),
        area_interval=(area - area_half, area + area_half),
        p_area=float(2 * stats.t.sf(abs(area) / area_error, area_degrees)),
    )


def _condition(baseline, variation):
    if baseline and variation:
        return " when both learn"
    return " when the baseline learns" if baseline else " when it learns" if variation else ""


def _adjusted(variations):
    both = _holm([one.p_value for one in variations] + [one.p_collapse for one in variations])
    columns = (
        both[: len(variations)],
        both[len(variations) :],
        _holm([one.p_equal for one in variations]),
        _holm([one.p_area for one in variations]),
    )
    names = ("adjusted", "adjusted_collapse", "adjusted_equal", "adjusted_area")
    return [
        Variation(**(one.__dict__ | dict(zip(names, values, strict=True))))
        for one, *values in zip(variations, *columns, strict=True)
    ]


def _holm(p_values):
    adjusted, highest = [math.nan] * len(p_values), 0.0
    known = [place for place, p in enumerate(p_values) if not math.isnan(p)]
    for rank, place in enumerate(sorted(known, key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _first(rows, scores, images):
    accuracies = list(scores["baseline"].values())
    collapsed, ended = _rate(rows, scores, "baseline")
    interval = stats.ttest_1samp(accuracies, 0).confidence_interval(1 - LEVEL)
    low, high = max(0.0, interval.low), min(1.0, interval.high)
    text = (
        f"he baseline classified {100 * np.mean(accuracies):.2f} % of the {images:,} test images correctly on average "
        f"over {len(accuracies)} {'runs that learned' if collapsed else 'seeds'} (95 % interval {100 * low:.2f} to "
        f"{100 * high:.2f} %)"
    )
    if collapsed:
        text += f"; {collapsed} of its {ended} runs did not learn (no better than chance, or diverged)"
    done = sum(map(_counts, rows))
    return f"T{text}." if done == len(rows) else f"So far, with {done} of {len(rows)} runs at an end, t{text}."


def _collapse(variations, rows, scores):
    (own, ended), runs = _rate(rows, scores, "baseline"), sum(one.collapsed[0] for one in variations)
    if not own + runs:
        return
    text = f"{own + runs} runs did not learn, {own} of the baseline's {ended} among them"
    shown = [one for one in variations if one.stability]
    assert len(shown) < 2, "no made-up study has two"
    if not shown:
        yield f"{text}; no variation was shown to collapse more or less often."
    for one in shown:
        yield f"{text}; “{one.name}” ({one.collapsed[0]} of {one.collapsed[1]}) {one.stability}."


def _one_way(variations, verdict, extreme, when):
    found = sorted((one for one in variations if one.verdict == verdict), key=lambda one: -abs(one.mean))
    if not found:
        return f"{_none(variations)} to be {verdict} than the baseline on these test images{when}."
    which = f"{len(found)} of the {len(variations)} variations {'was' if len(found) == 1 else 'were'}"
    if len(found) == len(variations):
        which = "Both variations were" if len(found) == 2 else f"All {len(found)} variations were"
    called = f"simultaneous 95 % interval{'s' if found[1:] else ''} "
    labels = [
        f"“{one.name}” ({one.factor}, {_signed(100 * one.mean)} pp, "
        f"{called if not place else ''}{_signed(100 * one.interval[0])} to "
        f"{_signed(100 * one.interval[1])} pp)"
        for place, one in enumerate(found[:3])
    ]
    order = f", the largest {extreme} first" if len(found) > 1 else ""
    where = f" on these test images{when}"
    return f"{which} {verdict} than the baseline{where}{order}: {_listed(labels, len(found))}."


def _neither(variations, margin):
    equal, undecided = (
        sorted((one for one in variations if one.verdict == verdict), key=lambda one: -abs(one.mean))
        for verdict in ("equivalent", "undecided")
    )
    without = [one for one in variations if not one.has_learned]
    within = f"within \N{PLUS-MINUS SIGN}{100 * margin:g} pp"
    if equal:
        labels = _listed([one.label for one in equal[:5]], len(equal))
        text = f"Equivalent to the baseline, {within}, {'was' if len(equal) == 1 else 'were'} {labels}"
    else:
        text = f"{_none(variations)} to be equivalent to the baseline, {within}"
    if without:
        verb, labels = "was" if len(without) == 1 else "were", _listed([one.label for one in without], len(without))
        text += (
            f"; {len(without)} {verb} not compared, because an arm has no run that learned, or none at an end: {labels}"
        )
    if not undecided:
        return f"{text}{';' if without else ','} and none was left undecided."
    low, high = min(one.interval[0] for one in undecided), max(one.interval[1] for one in undecided)
    labels = _listed([one.label for one in undecided[:5]], len(undecided))
    return (
        f"{text}; {len(undecided)} {'was' if len(undecided) == 1 else 'were'} left undecided: {labels}, where the "
        f"simultaneous 95 % {'interval leaves' if len(undecided) == 1 else 'intervals leave'} differences from "
        f"{_signed(100 * low)} to {_signed(100 * high)} pp possible."
    )


def _speed(variations):
    shown = sorted((one for one in variations if one.adjusted_area <= LEVEL), key=lambda one: -abs(one.area))
    higher, lower = [one for one in shown if one.area > 0], [one for one in shown if one.area < 0]
    what = "mean validation accuracy over the epochs (area under the learning curve of runs that learned)"
    if not shown:
        return f"{_none(variations)} to have a higher or a lower {what} than the baseline."
    if not higher:
        verb = "was" if len(lower) == 1 else "were"
        return (
            f"{_none(variations)} to have a higher {what} than the baseline; {len(lower)} {verb} shown to have a lower "
            f"one{_extreme(lower, 'loss')}."
        )
    variation = "1 variation" if len(higher) == 1 else f"{len(higher)} variations"
    rest = f", and {len(lower)} a lower one{_extreme(lower, 'loss')}" if lower else ""
    verb = "was" if len(higher) == 1 else "were"
    return f"{variation} {verb} shown to have a higher {what} than the baseline{_extreme(higher, 'gain')}{rest}."


def _extreme(found, word):
    one = found[0]
    low, high = (_signed(100 * end) for end in one.area_interval)
    label = f"“{one.name}” ({one.factor}, {_signed(100 * one.area)} pp, individual 95 % interval {low} to {high} pp)"
    return f", the largest {word} {label}" if len(found) > 1 else f": {label}"


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
