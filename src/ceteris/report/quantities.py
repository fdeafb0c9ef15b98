"""How numbers are written in sentences and tables: one way for each kind, so that they can be compared by eye."""

import math
from collections.abc import Sequence

from ceteris.formatting import wording
from ceteris.formatting.wording import listed
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Estimate, Interval
from ceteris.study.run import BASELINE
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study

MINUS = "\N{MINUS SIGN}"
count = wording.count
NOTHING = "\N{EN DASH}"
"""What stands in a table where there is no number."""


def percent(fraction: float) -> str:
    """Write an accuracy.

    Example:
        >>> percent(0.45678)
        '45.68 %'
    """
    return f"{100 * fraction:.2f} %"


def points(fraction: float) -> str:
    """Write a difference of accuracies with its sign, in percentage points.

    Example:
        >>> points(0.0123), points(-0.00001)
        ('+1.23 pp', '0.00 pp')
    """
    return f"{signed(100 * fraction)} pp"


def size(fraction: float) -> str:
    """Write the size of a difference of accuracies, in percentage points; digits that say nothing are left out.

    Example:
        >>> size(0.005), size(0.01234)
        ('0.5 pp', '1.23 pp')
    """
    return f"{round(100 * fraction, 2):g} pp"


def percentage_points(fraction: float) -> str:
    """Write the size of a difference of accuracies with its unit in full, for a place where nothing explains `pp`.

    Example:
        >>> percentage_points(0.01), percentage_points(0.005)
        ('1 percentage point', '0.5 percentage points')
    """
    points = round(100 * fraction, 2)
    return f"{points:g} percentage point{'' if points == 1 else 's'}"


def signed(number: float, digits: int = 2) -> str:
    """Write a number with its sign; none where rounding leaves zero.

    Example:
        >>> signed(-0.5, 1), signed(0.004)
        ('\N{MINUS SIGN}0.5', '0.00')
    """
    text = f"{abs(number):.{digits}f}"
    if not float(text):
        return text
    return f"{'+' if number > 0 else MINUS}{text}"


def percent_range(estimate: Estimate | None) -> str:
    """Write the ends of an accuracy's interval; an accuracy cannot leave 0 to 100 %, though Student's interval can.

    Example:
        >>> percent_range(Interval(estimate=0.1, low=-0.02, high=0.22, level=0.95))
        '0.00 to 22.00 %'
    """
    if not isinstance(estimate, Interval):
        return ""
    return f"{100 * max(0.0, estimate.low):.2f} to {100 * min(1.0, estimate.high):.2f} %"


def points_range(estimate: Estimate | None) -> str:
    """Write the ends of a difference's interval, in percentage points.

    Example:
        >>> points_range(Interval(estimate=0.01, low=-0.02, high=0.04, level=0.95))
        '\N{MINUS SIGN}2.00 to +4.00 pp'
    """
    if not isinstance(estimate, Interval):
        return ""
    return f"{signed(100 * estimate.low)} to {signed(100 * estimate.high)} pp"


def p_value(p: float) -> str:
    """Write a p-value with two digits that say something.

    Example:
        >>> p_value(0.0312), p_value(0.5), p_value(0.00004), p_value(1.0)
        ('0.031', '0.50', '< 0.0001', '1')
    """
    if p < 0.0001:
        return "< 0.0001"
    if p >= 0.995:
        return "1"
    digits = 2 if p >= 0.0995 else 1 - math.floor(math.log10(p))
    return f"{p:.{digits}f}"


def p_words(p: float) -> str:
    """Write a p-value as it stands in a sentence.

    Example:
        >>> p_words(0.0312), p_words(0.00004)
        ('p = 0.031', 'p < 0.0001')
    """
    written = p_value(p)
    return f"p {written}" if written.startswith("<") else f"p = {written}"


def share(estimate: Estimate | None) -> str:
    """Write a probability with the ends of its interval, in whole per cents.

    Example:
        >>> share(Interval(estimate=0.75, low=0.3, high=0.95, level=0.95))
        '75 % (30 to 95 %)'
    """
    if estimate is None:
        return NOTHING
    text = f"{100 * estimate.estimate:.0f} %"
    if isinstance(estimate, Interval):
        text += f" ({100 * estimate.low:.0f} to {100 * estimate.high:.0f} %)"
    return text


def measured(value: float, measure: Measure, *, sign: bool = False) -> str:
    """Write a measure of convergence without its unit.

    Example:
        >>> measured(3.25, Measure.EPOCHS), measured(27000.0, Measure.IMAGES), measured(-0.01, Measure.AREA, sign=True)
        ('3.2', '27,000', '\N{MINUS SIGN}1.00')
    """
    match measure:
        case Measure.IMAGES:
            text = f"{abs(value):,.0f}"
        case Measure.EPOCHS | Measure.SECONDS:
            text = f"{abs(value):.1f}"
        case _:
            text = f"{100 * abs(value):.2f}"
    if not float(text.replace(",", "")):
        return text
    return f"{'+' if value > 0 else MINUS}{text}" if sign or value < 0 else text


def unit(measure: Measure, *, difference: bool = False) -> str:
    """Name the unit of a measure of convergence, as it follows a number."""
    match measure:
        case Measure.EPOCHS:
            return "epochs"
        case Measure.IMAGES:
            return "images"
        case Measure.SECONDS:
            return "s"
        case Measure.AREA:
            return "pp" if difference else "%"
        case _:
            return "pp"


def seed_count(seeds: Sequence[int]) -> str:
    """Write how many seeds a study has, or may have.

    Example:
        >>> from ceteris.statistics.sequential import LookPlan
        >>> seed_count((4, 2)), seed_count(PlannedSeeds(LookPlan(first=8, step=8, most=32)))
        ('2 seeds', '8 to 32 seeds')
    """
    if not isinstance(seeds, PlannedSeeds):
        return count(len(seeds), "seed")
    first, most = seeds.plan.first, seeds.plan.most
    return f"{first:,} or more seeds" if most is None else f"{first:,} to {most:,} seeds"


def seeds_each(study: Study, each: str = " each") -> str:
    """Say how many seeds the arms of a study have: for example `16 seeds each, the baseline 48`."""
    each = f"{seed_count(study.seeds)}{each}"
    own = len(study.seeds_of(BASELINE))
    if isinstance(study.seeds, PlannedSeeds) or own == len(study.seeds) or len(study.arms()) == 1:
        return each
    return f"{each}, the baseline {own:,}"


def duration(seconds: float) -> str:
    """Write how long something took.

    Example:
        >>> duration(8.25), duration(95), duration(9000)
        ('8.2 s', '1.6 min', '2.5 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def file_size(count: float) -> str:
    """Write a number of bytes.

    Example:
        >>> file_size(312), file_size(53_248), file_size(14_212_972)
        ('312 B', '53 kB', '14.2 MB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def milliseconds(time: float) -> str:
    """Write a time in milliseconds without its unit, with two digits that say something.

    Example:
        >>> milliseconds(0.1234), milliseconds(9.87), milliseconds(120.4)
        ('0.12', '9.9', '120')
    """
    return f"{time:.2f}" if time < 1 else f"{time:.1f}" if time < 100 else f"{time:,.0f}"


def arrows(text: str) -> str:
    """Turn the arrows of computed changes into proper ones.

    Example:
        >>> arrows("kernel 3 -> 5")
        'kernel 3 → 5'
    """
    return text.replace(" -> ", " \N{RIGHTWARDS ARROW} ")


def sentence(text: str) -> str:
    """Begin a text with a capital letter, which it may have for the sake of a name."""
    return text[0].upper() + text[1:]


def quoted(name: str) -> str:
    """Set a name off from the sentence around it, whatever is in it.

    Example:
        >>> quoted("5x5")
        '“5x5”'
    """
    return f"“{name}”"


def labelled(name: str, factor: str, *more: str) -> str:
    """Name a variation with its factor, and with numbers about it; the factor is left out if it is the same word.

    Example:
        >>> labelled("5x5", "first kernel", "+1.20 pp"), labelled("SGD", "SGD")
        ('“5x5” (first kernel, +1.20 pp)', '“SGD”')
    """
    inside = ", ".join((*(() if factor == name else (factor,)), *more))
    return f"{quoted(name)} ({inside})" if inside else quoted(name)


def listed_up_to(labels: Sequence[str], most: int = 3) -> str:
    """Name the first few and count the others.

    Example:
        >>> listed_up_to(["a", "b", "c", "d", "e"]), listed_up_to(["a", "b", "c", "d"], most=3)
        ('a, b, c and 2 more', 'a, b, c and 1 more')
    """
    shown = list(labels[:most])
    rest = len(labels) - len(shown)
    return listed([*shown, f"{rest:,} more"] if rest else shown)
