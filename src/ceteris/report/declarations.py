"""What a study declared before its results, and what it declared otherwise when they were there."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.naming import listed_up_to, quoted
from ceteris.report.quantities import count, size
from ceteris.results.manifest import Declaration, binding


def changed_analysis(analysis: StudyAnalysis) -> Iterator[str]:
    """Say that margin or target were changed after results were there, and what the first margin makes of verdicts."""
    kept = binding(analysis.results.manifest.declarations)
    if not kept:
        return
    if kept[0].results:
        yield (
            "What margin and target the study declared when the first results were computed is not known: the record "
            f"of them begins {_when(kept[0])}."
        )
    margin = _history("margin", kept, lambda one: f"{one.analysis.margin:g} pp")
    if margin:
        yield f"{margin} {_by_the_first_margin(analysis)}"
    target = _history("target of convergence", kept, lambda one: f"{100 * one.analysis.target:g} %")
    if target:
        yield target


def changed_family(analysis: StudyAnalysis) -> Iterator[str]:
    """Say that seeds or variations were added or taken away after results were there."""
    kept = binding(analysis.results.manifest.declarations)
    if not kept:
        return
    first, now = kept[0], kept[-1]
    if first.seeds != now.seeds:
        yield (
            f"The study had {count(first.seeds, 'seed')} {_at_first(first)} and has {now.seeds:,} now: p-values do not "
            "allow for a look in between."
        )
    gone = [quoted(name) for name in first.variations if name not in now.variations]
    new = [quoted(name) for name in now.variations if name not in first.variations]
    if gone or new:
        parts = [f"{word} {listed_up_to(names)}" for word, names in (("without", gone), ("with", new)) if names]
        yield (
            f"The study had {count(len(first.variations), 'variation')} {_at_first(first)} and has "
            f"{len(now.variations):,} now, {' and '.join(parts)}: Holm's method allows for those of now alone."
        )


def foresight(analysis: StudyAnalysis) -> Iterator[str]:
    """Say whether the margin was declared before any result, as far as the records show; nothing where it changed."""
    kept = binding(analysis.results.manifest.declarations)
    margin = f"The margin of \N{PLUS-MINUS SIGN}{size(analysis.criteria.margin)}"
    if not kept or kept[0].since is None or kept[0].results:
        yield f"{margin} should have been declared before any result; the records cannot show that it was."
    elif len({one.analysis.margin for one in kept}) == 1:
        yield (
            f"{margin} was declared on {_time(kept[0])}, before this folder held any result; what was seen elsewhere "
            "no record can show."
        )


def _history(what: str, kept: Sequence[Declaration], value: Callable[[Declaration], str]) -> str:
    """Write the course of a setting in a sentence; nothing where it never changed."""
    changed = [after for before, after in pairwise(kept) if value(after) != value(before)]
    if not changed:
        return ""
    steps = listed(f"to {value(one)} {_when(one)}" for one in changed)
    return f"The {what} was {value(kept[0])} {_at_first(kept[0])} and is {value(kept[-1])} now: set {steps}."


def _by_the_first_margin(analysis: StudyAnalysis) -> str:
    others = [
        f"{quoted(one.variation)} ({analysis.first_verdicts[one.variation]})"
        for one in analysis.comparisons
        if analysis.first_verdicts.get(one.variation, one.verdict.finding) is not one.verdict.finding
    ]
    if not others:
        return "By the first margin all verdicts are the same."
    verdicts = "this verdict is another" if len(others) == 1 else "these verdicts are others"
    return f"By the first margin {verdicts}: {listed_up_to(others, most=len(others))}."


def _at_first(first: Declaration) -> str:
    if first.since is None or first.results:
        return "when the record of it begins"
    return "when the first results were computed"


def _when(one: Declaration) -> str:
    there = f"{count(one.results, 'result')} there"
    return f"on {_time(one)} ({there})"


def _time(one: Declaration) -> str:
    assert one.since is not None
    return f"{datetime.fromisoformat(one.since):%Y-%m-%d at %H:%M} UTC"
