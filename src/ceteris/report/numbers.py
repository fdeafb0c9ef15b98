"""Every number of the answer under a name of its own, so that the text of an article is computed too."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.factorial import Factorial
from ceteris.report.latex_table import latex_text
from ceteris.report.quantities import p_words, points, points_range, quoted
from ceteris.report.scale import Scale
from ceteris.report.sections.answer import faster
from ceteris.report.wording import headline
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import Estimate
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision
from ceteris.study.run import BASELINE

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_RESERVED = ("Study", "Effect", "Baseline")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of the answer, or a word of it.

    Attributes:
        name: Of letters alone, as LaTeX wants it; the same as long as the study calls its arms the same.
        text: As the report writes it, without its unit.
        meaning: What it is, with its unit.
    """

    name: str
    text: str
    meaning: str

    @property
    def latex(self) -> str:
        r"""The text for LaTeX, inside and outside of its mathematics.

        Example:
            >>> Number(name="ceterisMargin", text="\N{MINUS SIGN}0.5", meaning="The margin.").latex
            '\\ensuremath{-}0.5'
            >>> Number(name="ceterisDeeperPValue", text="p < 0.0001", meaning="Its p-value.").latex
            '\\ensuremath{p < 0.0001}'
        """
        if re.match("p [<=] ", self.text):
            return f"\\ensuremath{{{self.text}}}"
        return re.sub(r"\$(.*?)\$", r"\\ensuremath{\1}", latex_text(self.text))


def answer_numbers(analysis: Analysis) -> tuple[Number, ...]:
    """Give the numbers of the whole study, of each arm, and of each effect of crossed factors.

    What cannot be computed with the runs there are is a dash, so that an article compiles at any time.
    """
    numbers = [*_of_study(analysis), *_of_arm(analysis, analysis.baseline, None, BASELINE.capitalize())]
    crossed = [analysis.summary(one.name) for one in analysis.scores.crossed]
    names = spelled([*(one.variation for one in analysis.comparisons), *(one.name for one in crossed)])
    for one in analysis.comparisons:
        numbers += _of_arm(analysis, one.summary, one, names[one.variation])
    for arm in crossed:
        numbers += _of_arm(analysis, arm, None, names[arm.name])
    titles = {one.cross.name: _titles(one) for one in analysis.factorials}
    names = spelled([*titles, *(title for several in titles.values() for title in several)])
    for cross in analysis.factorials:
        numbers += _of_effects(cross, titles[cross.cross.name], names)
    return tuple(numbers)


def spelled(names: Sequence[str]) -> Mapping[str, str]:
    """Spell names in letters alone: digits as words, a point between them too.

    Where two names become the same, or one has no letters or begins like a name of ours, six letters of the SHA-256 of
    each are added.

    Example:
        >>> list(spelled(["5x5", "leaky ReLU", "rate 0.1"]).values())
        ['FiveXFive', 'LeakyReLU', 'RateZeroPointOne']
        >>> list(spelled(["a-b", "a b"]).values())
        ['ABEPUGVQ', 'ABSASIOP']
    """
    plain = {name: _spelled(name) for name in names}
    often = Counter(plain.values())
    return {
        name: word if word and often[word] == 1 and not word.startswith(_RESERVED) else f"{word}{_digest(name)}"
        for name, word in plain.items()
    }


def _spelled(name: str) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"(?<=\d)\.(?=\d)", " Point ", text)
    text = re.sub(r"\d", lambda match: f" {_DIGITS[int(match[0])]} ", text)
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z]+", text))


def _digest(name: str) -> str:
    return "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(name.encode()).digest()[:6])


def _of_study(analysis: Analysis) -> Iterator[Number]:
    scale, criteria = Scale.of(analysis), analysis.criteria
    images = re.match(r"[\d,]+", analysis.test_images)
    decided = ((one, len(analysis.with_verdict(one))) for one in Decision)
    stable = ((Stability.MORE_OFTEN, "MoreOften"), (Stability.LESS_OFTEN, "LessOften"))
    for name, number, meaning in (
        ("PlannedRuns", f"{analysis.planned:,}", "runs that were planned"),
        ("Runs", f"{analysis.done:,}", "runs that came to their end, diverged ones too"),
        ("FailedRuns", f"{sum(len(arm.failed) for arm in analysis.summaries):,}", "runs that failed"),
        ("CollapsedRuns", f"{sum(len(arm.collapsed) for arm in analysis.summaries):,}", "runs that did not learn"),
        ("TestImages", images[0] if images else "", "test images"),
        ("Variations", f"{len(analysis.comparisons):,}", "variations that are compared with the baseline"),
        ("Level", f"{100 * criteria.level:g}", "level of all intervals, in per cent"),
        ("Margin", scale.bare(scale.size(criteria.margin)), f"margin of equivalence{scale.in_unit}"),
        *(
            (str(one).title().replace(" ", ""), f"{total:,}", f"variations with the verdict: {one}")
            for one, total in decided
        ),
        *((f"Collapse{name}", f"{len(analysis.with_stability(one)):,}", f"variations: {one}") for one, name in stable),
        ("HigherArea", f"{len(faster(analysis, higher=True)):,}", "variations with a higher area under the curve"),
        ("LowerArea", f"{len(faster(analysis, higher=False)):,}", "variations with a lower area under the curve"),
    ):
        yield _number(f"Study{name}", number, meaning)


def _of_arm(analysis: Analysis, arm: ArmSummary, one: Comparison | None, name: str) -> Iterator[Number]:
    scale, about = Scale.of(analysis), quoted(arm.name)
    unit = " (%)" if scale.is_share else scale.in_unit
    mean = "" if arm.accuracy is None else scale.bare(scale.value(arm.accuracy.estimate).removesuffix(" %"))
    ends = "" if arm.accuracy is None else scale.bare(scale.value_range(arm.accuracy).removesuffix(" %"))
    yield _number(f"{name}Runs", f"{arm.ended:,}", f"{about}: runs that came to their end")
    yield _number(f"{name}Learned", f"{len(arm.learned):,}", f"{about}: runs that learned")
    yield _number(f"{name}Collapsed", f"{len(arm.collapsed):,}", f"{about}: runs that did not learn")
    yield from _with_ends(f"{name}Mean", mean, ends, f"{about}: mean {scale.metric.name}{unit}")
    if one is None:
        return
    found = one.accuracy
    difference, p = (None, None) if found is None else (found.simultaneous, found.p_value_adjusted)
    yield from _difference(scale, f"{name}Difference", difference, f"{about}: difference to the baseline")
    yield _number(f"{name}PValue", "" if p is None else p_words(p), f"{about}: p-value of the difference (Holm)")
    yield _number(f"{name}Verdict", headline(one.verdict, one.collapse, is_short=True), f"{about}: verdict")
    area = one.convergence.get(Measure.AREA)
    by = "" if area is None else points(area.difference.estimate).removesuffix(" pp")
    ends = "" if area is None else points_range(area.difference).removesuffix(" pp")
    yield from _with_ends(f"{name}Area", by, ends, f"{about}: difference in area under the learning curve (pp)")


def _titles(one: Factorial) -> list[str]:
    """Name the effects of a cross by their levels."""
    levels = (zip(effect.factors, effect.levels, strict=True) for effect in one.effects)
    return [
        f"{one.cross.name}: {' with '.join(one.names(factor)[level] for factor, level in chosen)}" for chosen in levels
    ]


def _of_effects(one: Factorial, titles: Sequence[str], names: Mapping[str, str]) -> Iterator[Number]:
    scale = Scale(metric=one.metric, is_turned=not one.metric.higher_is_better)
    family = f"main effects and interactions of {quoted(one.cross.name)}"
    shown = sum(e.p_value_adjusted is not None and e.p_value_adjusted <= 1 - one.level for e in one.effects)
    yield _number(f"Effect{names[one.cross.name]}Total", f"{len(one.effects):,}", family)
    yield _number(f"Effect{names[one.cross.name]}Shown", f"{shown:,}", f"{family} that were shown to differ from 0")
    for title, effect in zip(titles, one.effects, strict=True):
        name, p = f"Effect{names[title]}", effect.p_value_adjusted
        yield from _difference(scale, f"{name}Difference", effect.interval, f"effect of {quoted(title)}")
        yield _number(f"{name}PValue", "" if p is None else p_words(p), f"effect of {quoted(title)}: p-value (Holm)")


def _difference(scale: Scale, name: str, estimate: Estimate | None, meaning: str) -> Iterator[Number]:
    by = "" if estimate is None else scale.bare(scale.difference(estimate.estimate))
    yield from _with_ends(name, by, scale.bare(scale.difference_range(estimate)), f"{meaning}{scale.in_unit}")


def _with_ends(name: str, number: str, ends: str, meaning: str) -> Iterator[Number]:
    low, _, high = ends.partition(" to ")
    yield _number(name, number, meaning)
    yield _number(f"{name}Low", low, f"{meaning}, lower end of its confidence interval")
    yield _number(f"{name}High", high, f"{meaning}, upper end of its confidence interval")


def _number(name: str, text: str, meaning: str) -> Number:
    return Number(name=f"ceteris{name}", text=text or "\N{EN DASH}", meaning=meaning)
