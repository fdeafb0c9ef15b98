"""Crossed factors: the effect of each, averaged over the others, and where the effect of one depends on another."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ceteris.analysis.factorial import Factorial
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.blocks import Block, Bullets, Details, Section, Subheading
from ceteris.report.figures.drawing import Drawing, finished
from ceteris.report.figures.learning_curves import look
from ceteris.report.figures.style import drawing, in_per_cent, inches, panel, shortened
from ceteris.report.quantities import (
    NOTHING,
    count,
    listed_up_to,
    p_words,
    quoted,
    sentence,
)
from ceteris.report.scale import Scale
from ceteris.report.sections.verdicts import accuracy_cell, p_cell
from ceteris.report.table import Cell, Column, Table
from ceteris.report.wording import rate_words, scope_words
from ceteris.statistics.factorial import Effect
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.metrics import TEST_ACCURACY


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of crossed factors; None where a study crosses none."""
    if not analysis.factorials:
        return None
    blocks: list[Block] = []
    for index, one in enumerate(analysis.factorials, start=1):
        if len(analysis.factorials) > 1:
            blocks.append(Subheading(one.cross.name))
        blocks += [Bullets(tuple(sentences(one))), effect_table(one, f"crossed-{index}")]
        if any(arm.accuracy is not None for arm in one.cells.values()):
            blocks.append(interactions(one))
        cells = cell_table(one, f"crossed-{index}-cells")
        blocks.append(Details(summary="Every combination of levels", blocks=(cells,)))
    return Section(anchor="crossed", heading="Crossed factors", blocks=tuple(blocks))


def summary(one: Factorial) -> str:
    """Say in a sentence what a cross came to."""
    shown = sorted(
        (effect for effect in one.effects if _is_shown(one, effect)), key=lambda effect: -abs(_estimate(effect))
    )
    family = f"the {count(len(one.effects), 'main effect or interaction', 'main effects and interactions')} of"
    name = quoted(one.cross.name)
    if all(effect.p_value_adjusted is None for effect in one.effects):
        why = "has error bars" if any(effect.found for effect in one.effects) else "can be estimated yet"
        return f"None of {family} the cross {name} {why}, so that none can be shown to differ from 0."
    if not shown:
        return f"None of {family} the cross {name} was shown to differ from 0."
    labels = [f"{_label(one, effect)} ({_scale(one).difference(_estimate(effect))})" for effect in shown]
    verb = "was" if len(shown) == 1 else "were"
    return f"Of {family} the cross {name}, {len(shown)} {verb} shown to differ from 0: {listed_up_to(labels)}."


def sentences(one: Factorial) -> Iterator[str]:
    """Say what was crossed, what was found, and what the findings rest on."""
    factors = [f"{factor.name} ({listed(one.names(i), 'or')})" for i, factor in enumerate(one.cross.factors)]
    yield f"{quoted(one.cross.name)} crosses {listed(factors)}, {len(one.cells)} combinations of levels."
    yield summary(one)
    for effect in one.effects:
        if _is_shown(one, effect):
            yield _interaction(one, effect) if effect.is_interaction else _main_effect(one, effect)
    open_ = [effect for effect in one.effects if effect.p_value_adjusted is not None and not _is_shown(one, effect)]
    if open_:
        verb = "is" if len(open_) == 1 else "are"
        yield (
            f"{count(len(open_), 'effect')} {verb} undecided, which is no sign that there is none: the intervals in "
            "the table say which sizes remain possible."
        )
    missing = [_label(one, effect) for effect in one.effects if effect.found is None]
    if missing:
        what = listed_up_to(missing, most=5)
        yield f"Not estimated, because a combination has no run that learned: {what}."
    collapsed = [
        f"{quoted(arm.name)} ({len(arm.collapsed)} of {arm.ended})" for arm in one.cells.values() if arm.collapsed
    ]
    if collapsed:
        runs = sum(len(arm.collapsed) for arm in one.cells.values())
        yield (
            f"{count(runs, 'run')} diverged or ended no better than chance: {listed_up_to(collapsed, most=8)}. Effects "
            "are of runs that learned, and say nothing about how often runs learn."
        )


def _main_effect(one: Factorial, effect: Effect) -> str:
    (factor,), (level,) = effect.factors, effect.levels
    names = one.names(factor)
    scale = _scale(one)
    verb = "raises" if scale.signed(_estimate(effect)) > 0 else "lowers"
    others = [other.name for index, other in enumerate(one.cross.factors) if index != factor]
    average = f"the levels of {others[0]}" if len(others) == 1 else "all combinations of the other factors"
    return (
        f"{sentence(scope_words(one.scope))}, averaged over seeds and {average}, {quoted(names[level])} in place of "
        f"{quoted(names[0])} ({one.cross.factors[factor].name}) {verb} {one.metric.name} by "
        f"{scale.size(abs(_estimate(effect)))} {_how_surely(one, effect)}."
    )


def _interaction(one: Factorial, effect: Effect) -> str:
    (first, second), (level, other) = effect.factors, effect.levels
    names, others = one.names(first), one.names(second)
    scale = _scale(one)
    without, with_it = (scale.difference(_simple_effect(one, effect, at)) for at in (0, level))
    factor, by = (one.cross.factors[index].name for index in (second, first))
    apart = f"{scale.size(abs(_estimate(effect)))} {'more' if scale.signed(_estimate(effect)) > 0 else 'less'}"
    return (
        f"{sentence(scope_words(one.scope))}, averaged over seeds, {quoted(others[other])} in place of "
        f"{quoted(others[0])} ({factor}) changes {one.metric.name} by {without} with {quoted(names[0])} and by "
        f"{with_it} with {quoted(names[level])} ({by}): {apart} {_how_surely(one, effect)}, which an average of the "
        "two hides."
    )


def _simple_effect(one: Factorial, effect: Effect, level: int) -> float:
    """Give the effect of the second factor of an interaction at one level of the first."""
    before, after = (one.mean(effect.factors, (level, other)) for other in (0, effect.levels[1]))
    return 0.0 if before is None or after is None else after.estimate - before.estimate


def _how_surely(one: Factorial, effect: Effect) -> str:
    assert effect.p_value_adjusted is not None
    level = f"{100 * one.level:g} %"
    interval = f"simultaneous {level} interval {_scale(one).difference_range(effect.interval)}"
    return f"({interval}, {p_words(effect.p_value_adjusted)} after Holm's adjustment)"


def effect_table(one: Factorial, name: str) -> Table:
    """Draw up all effects of a cross."""
    level = f"{100 * one.level:g} %"
    return Table(
        name=name,
        title=f"Effects and interactions of {one.cross.name}",
        columns=(
            Column(
                title="effect",
                width="medium",
                meaning="Of a level, compared with the baseline's; or of two levels together, beyond the sum of what "
                "each does alone.",
            ),
            Column(
                title=f"estimate{_scale(one).in_unit}",
                is_number=True,
                meaning="A main effect is averaged over the levels of the other factors; an interaction is a "
                "difference of differences.",
            ),
            Column(
                title=f"simultaneous {level} interval{_scale(one).in_unit}",
                is_number=True,
                meaning=f"All intervals of this table cover the truth in {level} of such studies.",
            ),
            Column(title="p (Holm)", is_number=True, meaning="Of the t test, adjusted over all effects of the table."),
            Column(title="finding", meaning="Whether the effect was shown to differ from 0, and in which direction."),
        ),
        rows=tuple(_row(one, effect) for effect in one.effects),
        notes=tuple(_notes(one)),
    )


def method(one: Factorial) -> str:
    """Say how the effects of a cross were estimated, for the methods of a paper."""
    effects = count(len(one.effects), "main effect or interaction", "main effects and two-factor interactions")
    return " ".join((f"The cross {quoted(one.cross.name)} has {effects}.", *_notes(one)))


def _notes(one: Factorial) -> Iterator[str]:
    family = len(one.effects)
    yield (
        f"{sentence(one.metric.name)} {scope_words(one.scope)}, over runs that learned; each combination of levels "
        "counts alike, however many runs it has. Interactions of three and more factors are averaged over."
    )
    yield (
        "Runs with the same seed may depend on each other, and combinations may differ in spread: standard errors are "
        "cluster-robust over seeds (CR2) with Satterthwaite's degrees of freedom, which is the t test of one number "
        "per seed where every combination has every seed."
    )
    yield (
        f"The {family} effects are one family: p-values by Holm's method, intervals of level "
        f"{100 * (1 - (1 - one.level) / family):.3g} % each. These tests are apart from those of variations "
        "and other crosses."
    )
    if any(_is_shown(one, effect) and _holds_zero(effect) for effect in one.effects):
        yield (
            "An effect may be found though its interval holds 0: once others are found, Holm's method allows for those "
            "that are left alone, and simultaneous intervals always for all."
        )


_TURNED = {"better": "worse", "worse": "better"}
"""Tags where lower is better."""

_TAGS = {"higher": "better", "lower": "worse", "undecided": "undecided", "not estimated": "not-compared"}


def _row(one: Factorial, effect: Effect) -> tuple[Cell, ...]:
    finding = _finding(one, effect)
    against = " and ".join(one.names(factor)[0] for factor in effect.factors)
    factors = " x ".join(one.cross.factors[factor].name for factor in effect.factors)
    scale, number, tag = _scale(one), _estimate(effect), _TAGS.get(finding, "")
    interval = scale.bare(scale.difference_range(effect.interval))
    return (
        Cell(_label(one, effect), detail=f"{factors}, against {against}"),
        Cell(NOTHING) if effect.found is None else Cell(scale.bare(scale.difference(number)), key=scale.signed(number)),
        Cell(interval, key=None if effect.found is None else scale.signed(number)),
        p_cell(effect.p_value_adjusted),
        Cell(finding, tag=_TURNED.get(tag, tag) if scale.is_turned else tag),
    )


def _finding(one: Factorial, effect: Effect) -> str:
    if effect.found is None:
        return "not estimated"
    if effect.p_value_adjusted is None:
        return "no error bars"
    if not _is_shown(one, effect):
        return "undecided"
    is_positive = _scale(one).signed(_estimate(effect)) > 0
    if effect.is_interaction:
        return "more together" if is_positive else "less together"
    return "higher" if is_positive else "lower"


def _is_shown(one: Factorial, effect: Effect) -> bool:
    return effect.p_value_adjusted is not None and effect.p_value_adjusted <= 1 - one.level


def _holds_zero(effect: Effect) -> bool:
    return isinstance(effect.interval, Interval) and effect.interval.low <= 0 <= effect.interval.high


def _scale(one: Factorial) -> Scale:
    return Scale(metric=one.metric, is_turned=not one.metric.higher_is_better)


def _estimate(effect: Effect) -> float:
    return 0.0 if effect.found is None else effect.found.estimate


def _label(one: Factorial, effect: Effect) -> str:
    """Name an effect by its levels."""
    levels = zip(effect.factors, effect.levels, strict=True)
    return " with ".join(quoted(one.names(factor)[level]) for factor, level in levels)


def cell_table(one: Factorial, name: str) -> Table:
    """Draw up every combination: its mean, and how many of its runs did not learn."""
    level = f"{100 * one.level:g} %"
    return Table(
        name=name,
        title=f"Every combination of {one.cross.name}",
        columns=(
            Column(title="variation", meaning="The arm that has these levels."),
            *(Column(title=factor.name) for factor in one.cross.factors),
            Column(
                title=one.metric.name,
                is_number=True,
                meaning=f"Mean over the runs that learned; below it its {level} interval.",
            ),
            Column(
                title="collapse",
                is_number=True,
                meaning="Runs that diverged or did no better than chance, of those at their end, with the exact "
                f"{level} interval of the rate.",
            ),
            Column(title="planned", is_number=True, meaning="Runs that the study plans."),
        ),
        rows=tuple(
            (
                Cell(arm.name),
                *(Cell(one.names(factor)[level]) for factor, level in enumerate(levels)),
                accuracy_cell(arm.accuracy, _scale(one)),
                Cell(rate_words(arm), key=None if arm.collapse is None else arm.collapse.estimate),
                Cell(str(arm.planned), key=arm.planned),
            )
            for levels, arm in one.cells.items()
        ),
    )


_WIDTH, _LEFT, _PANEL, _GAP = 620.0, 42.0, (255.0, 130.0), 34.0
_LINE, _TITLE, _BOTTOM, _DODGE = 13.0, 20.0, 44.0, 0.07


def interactions(one: Factorial) -> Drawing:
    """Draw a panel for each two factors: mean accuracy by the level of the one, a line for each level of the other.

    Lines that are not parallel are what an interaction looks like; all panels have one scale.
    """
    pairs = list(combinations(range(len(one.shape)), 2))
    upper = _TITLE + _LINE * max(_legend_lines(one, second) for _, second in pairs)
    width, height = _PANEL
    rows, columns = -(-len(pairs) // 2), min(len(pairs), 2)
    with drawing():
        wide = _WIDTH if columns == 2 else _LEFT + width + 12
        figure = Figure(figsize=(inches(wide), inches(rows * (upper + height + _BOTTOM))))
        for index, pair in enumerate(pairs):
            left, top = _LEFT + index % 2 * (width + _GAP), index // 2 * (upper + height + _BOTTOM) + upper
            axes = panel(figure, left, top, width, height)
            _draw(axes, one, *pair)
            _explain(axes, one, *pair)
            if index % 2:
                axes.tick_params(labelleft=False)
        limits = [axes.get_ylim() for axes in figure.axes]
        for axes in figure.axes:
            top = max(high for _, high in limits)
            axes.set_ylim(max(min(low for low, _ in limits), 0), min(top, 100) if _scale(one).is_share else top)
        return finished(
            figure, title=f"Interactions of {one.cross.name}, with intervals of each mean", alt=_alt(one, pairs)
        )


def _draw(axes: Axes, one: Factorial, first: int, second: int) -> None:
    number, others, scale = one.shape[first], one.shape[second], _scale(one)
    axes.grid(visible=True, axis="y")
    for other in range(others):
        colour, dashes, marker = _look(other)
        shift = _DODGE * (other - (others - 1) / 2)
        means = [(level + shift, one.mean((first, second), (level, other))) for level in range(number)]
        known = [(x, mean) for x, mean in means if mean is not None]
        heights = [scale.own(mean).estimate for _, mean in known]
        places = [x for x, _ in known]
        axes.plot(places, heights, dashes, color=colour, marker=marker, markersize=4.5, linewidth=1.6)
        for x, mean in known:
            if isinstance(own := scale.own(mean), Interval):
                ends = [max(own.low, 0), min(own.high, 100) if scale.is_share else own.high]
                axes.plot([x, x], ends, color=colour, linewidth=1.1, marker="_", markersize=6)
    room = _PANEL[0] / number
    axes.set_xticks(range(number), [shortened(name, room, 8.5) for name in one.names(first)])
    axes.set_xlim(-0.5, number - 0.5)
    axes.set_xlabel(shortened(one.cross.factors[first].name, _PANEL[0]), labelpad=2)


def _look(level: int) -> tuple[str, str, str]:
    """Give colour, dashes and marker of a line, the baseline's level first."""
    colour, dashes, marker = look(level)
    return colour, dashes, marker or "d"


def _legend_lines(one: Factorial, factor: int) -> int:
    return -(-one.shape[factor] // 2)


def _explain(axes: Axes, one: Factorial, first: int, second: int) -> None:
    """Name the lines of a panel above it."""
    names = one.names(second)
    handles = []
    for other, name in enumerate(names):
        colour, dashes, marker = _look(other)
        label = shortened(name, _PANEL[0] / 2 - 34, 8)
        handles.append(Line2D([], [], color=colour, ls=dashes, marker=marker, markersize=4.5, label=label))
    factor, by = one.cross.factors[second].name, one.cross.factors[first].name
    unit = ", %" if _scale(one).is_share else _scale(one).in_unit
    title = shortened(f"{one.metric.name}{unit}: {factor} by {by}", _PANEL[0])
    axes.text(0, 1 + (_LINE * _legend_lines(one, second) + 6) / _PANEL[1], title, transform=axes.transAxes)
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        columnspacing=1.2,
        handletextpad=0.6,
        borderaxespad=0.1,
        borderpad=0.1,
        labelspacing=0.2,
        fontsize=8,
    )


def _alt(one: Factorial, pairs: Sequence[tuple[int, int]]) -> str:
    parts = []
    for first, second in pairs:
        shown = []
        for x, name in enumerate(one.names(first)):
            for line, other in enumerate(one.names(second)):
                mean = one.mean((first, second), (x, line))
                accuracy = "no run that learned in some combination" if mean is None else _mean(one, mean)
                shown.append(f"{accuracy} with {name} and {other}")
        factors = f"{one.cross.factors[second].name} by {one.cross.factors[first].name}"
        parts.append(f"{factors}: {', '.join(shown)}")
    level = f"{100 * one.level:g} %"
    return f"Mean {one.metric.name} of runs that learned, with {level} intervals. {'. '.join(parts)}."


def _mean(one: Factorial, mean: Estimate) -> str:
    return in_per_cent(mean) if one.metric is TEST_ACCURACY else _scale(one).value(mean.estimate)
