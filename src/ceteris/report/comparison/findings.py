"""What two folders side by side come to, in sentences: first what would mislead, then what was found."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ceteris.analysis.comparison import ArmComparison, FolderComparison, Shared
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.formatting.wording import listed
from ceteris.report.comparison.conditions import every_arm
from ceteris.report.quantities import count, listed_up_to, percent, quoted, sentence
from ceteris.report.scale import Scale
from ceteris.report.sections.warnings import chance_notes
from ceteris.report.wording import seed_list, unfinished_runs
from ceteris.results.manifest import scope_of
from ceteris.results.warning import CodedWarning, WarningCode, code_of
from ceteris.statistics.scores import Evidence
from ceteris.statistics.side_by_side import Design
from ceteris.statistics.verdict import Decision, Verdict
from ceteris.study.seeds import PlannedSeeds

_SHARED = {Shared.WEIGHTS: "the same initial weights", Shared.ORDER: "the same order of the training images"}

COLLAPSED = (Evidence.BASELINE_COLLAPSED, Evidence.VARIATION_COLLAPSED)

FEWEST = 5
"""Pairs of runs, or runs of a folder, below which a comparison is warned of."""


def warnings(found: FolderComparison) -> tuple[str, ...]:
    """Say what makes a comparison mean something else than it seems to: to be said as loudly as can be."""
    return tuple(_warnings(found))


def notes(found: FolderComparison) -> tuple[str, ...]:
    """Say what a reader must know of each folder before believing a number."""
    return tuple(dict.fromkeys(_notes(found)))


def findings(found: FolderComparison) -> tuple[str, ...]:
    """Summarise the comparison in a few sentences."""
    return tuple(_findings(found))


def designs(found: FolderComparison) -> tuple[str, ...]:
    """Say which arms were compared run against run, which by their means, and why."""
    return tuple(_designs(found))


def _warnings(found: FolderComparison) -> Iterator[str]:
    if not found.has_same_test_images:
        yield CodedWarning(
            "The results of A and B are of different test images: a difference between them may be one of the "
            "images alone, and no arm is called better or worse, and no effect higher or lower.",
            code=WarningCode.OTHER_TEST_IMAGES,
        )
    if found.is_other_metric:
        judged = [side.manifest.study.analysis.judged.name for _, side in found.sides]
        text = f"A judges the {judged[0]} and B the {judged[1]}: both are compared here by their test accuracy."
        yield CodedWarning(text, code=WarningCode.OTHER_METRIC)
    broken = [run for run in found.run_pairs if run.should_have_same_bits and not run.has_same_bits]
    if broken:
        verb = "differs" if len(broken) == 1 else "differ"
        yield CodedWarning(
            f"{count(len(broken), 'pair')} of runs with the same specification, seed and images {verb} in bits, "
            f"which the lanes engine promises not to happen; the first is seed {broken[0].seed} of "
            f"{quoted(broken[0].arm)}. Please report it.",
            code=WarningCode.OTHER_BITS,
            arms=dict.fromkeys(run.arm for run in broken),
        )
    yield from _too_few(found)
    copies = sum(run.is_copy for run in found.run_pairs)
    if copies:
        which = "Every pair of runs is" if copies == len(found.run_pairs) else f"{count(copies, 'pair')} of runs are"
        text = f"{which} one and the same training, copied from one folder to the other: that they agree shows nothing."
        yield CodedWarning(text, code=WarningCode.COPIED_RUNS)


def _too_few(found: FolderComparison) -> Iterator[str]:
    """Warn of differences that rest on too few runs; runs with the same bits have no difference to estimate."""
    compared = [arm for arm in found.arms if arm.accuracy is not None]
    few: dict[str, list[ArmComparison]] = {}
    for arm in compared:
        assert arm.accuracy is not None
        runs = arm.accuracy.runs
        if arm.is_identical or min(runs) >= FEWEST:
            continue
        is_paired = arm.accuracy.design is Design.PAIRED
        what = f"{count(runs[0], 'pair')} of runs" if is_paired else f"{count(runs[0], 'run')} of A and {runs[1]} of B"
        few.setdefault(what, []).append(arm)
    for what, arms in few.items():
        yield CodedWarning(
            f"Only {what} {'is' if what.startswith('1 pair') else 'are'} compared{_where(arms, compared)}: with fewer "
            f"than {FEWEST} the spread over seeds is hardly known, and only a very large difference can be shown.",
            code=WarningCode.FEW_RUNS,
            arms=[arm.pair.name for arm in arms],
        )


def _notes(found: FolderComparison) -> Iterator[str]:
    noted = [
        dict.fromkeys((*side.results.notes, *chance_notes(side.chance, side.summaries, side.constant_runs)))
        for _, side in found.sides
    ]
    yield from (_of("A and B", note) for note in noted[0] if note in noted[1])
    for (label, side), own, other in zip(found.sides, noted, reversed(noted), strict=True):
        yield from (_of(label, note) for note in own if note not in other)
        if side.predictions is None:
            text = f"{label}: the labels of the test images cannot be read; nothing is said of single answers."
            yield CodedWarning(text, code=WarningCode.LABELS_UNREADABLE)
        yield from (_of(label, note) for note in (*_looks(side), *_troubles(side)))


def _of(label: str, note: str) -> str:
    return CodedWarning(f"{label}: {note}", code=code_of(note), arms=scope_of(note))


def _looks(side: StudyAnalysis) -> Iterator[str]:
    seeds = side.manifest.study.seeds
    if not isinstance(seeds, PlannedSeeds):
        return
    verdicts = "" if side.looks is None else " Its verdicts are those of its report, at the levels of its looks."
    text = (
        "seeds were added where the verdict was open, so that results decided how many runs an arm has, and a test of "
        "all of them has no known error rate. Compared are the runs that were planned before the first look: the first "
        f"{seeds.plan.first} seeds of each arm.{verdicts}"
    )
    yield CodedWarning(text, code=WarningCode.FIRST_LOOK)


def _troubles(side: StudyAnalysis) -> Iterator[str]:
    for text, left in unfinished_runs(side):
        names = dict.fromkeys(one.run.variation for one in left)
        yield CodedWarning(f"{text}.", code=WarningCode(f"runs_{left[0].status}"), arms=names)
    diverged = [arm for arm in side.summaries if arm.diverged]
    if diverged:
        arms = listed(f"{quoted(arm.name)} ({len(arm.diverged)} of {arm.planned})" for arm in diverged)
        runs = count(sum(len(arm.diverged) for arm in diverged), "run")
        text = f"{runs} diverged, and did not learn: {arms}."
        yield CodedWarning(text, code=WarningCode.DIVERGED, arms=[arm.name for arm in diverged])


def _findings(found: FolderComparison) -> Iterator[str]:
    if not found.arms:
        yield "The two folders have no arm in common, neither by name nor by specification."
        return
    for label, names in (("A", found.only_first), ("B", found.only_second)):
        if names:
            verb = "is" if len(names) == 1 else "are"
            yield f"{listed_up_to([quoted(name) for name in names])} {verb} in {label} only, and not compared."
    yield from _repetitions(found)
    compared = [arm for arm in found.arms if arm.accuracy is not None]
    collapsed = [arm for arm in found.arms if arm.evidence in COLLAPSED]
    if collapsed:
        yield f"No run of {_named(collapsed, len(found.arms))} learned in one of the folders: no accuracy to compare."
    elif not compared:
        yield "No arm has a run in both folders yet."
    if not compared:
        return
    if found.has_same_test_images and not all(arm.is_identical for arm in compared):
        yield _accuracies(found, compared)
    yield from _conclusions(found)


def _repetitions(found: FolderComparison) -> Iterator[str]:
    """Say how far runs that ask for the same gave the same."""
    same = [run for run in found.run_pairs if run.is_same_run]
    if not same:
        return
    bits = sum(run.has_same_bits for run in same)
    verb = "asks" if len(same) == 1 else "ask"
    sentence = (
        f"{len(same):,} of {count(len(found.run_pairs), 'pair')} of runs {verb} for the same specification, seed and "
        "images"
    )
    if bits == len(same):
        yield f"{sentence}; their results are the same to the last bit."
        return
    yield f"{sentence}; the results of {'none' if not bits else f'{bits:,}'} are the same to the last bit."
    alike = [run.alike for run in same if run.alike is not None]
    others = [arm.alike_with_other_seeds for arm in found.arms if arm.alike_with_other_seeds is not None]
    if alike:
        usual = f", with other seeds {percent(sum(others) / len(others))}" if others else ""
        yield f"They answer {percent(sum(alike) / len(alike))} of the test images alike{usual}."


def _accuracies(found: FolderComparison, compared: Sequence[ArmComparison]) -> str:
    """Count the arms by the verdict on their test accuracies."""
    words = {
        Decision.BETTER: "better",
        Decision.WORSE: "worse",
        Decision.EQUIVALENT: f"equivalent (within {Scale.of(found.first).size(found.criteria.margin)})",
    }
    metric = sentence(found.first.metric.name)
    same = [arm for arm in compared if arm.is_identical]
    groups = [
        (text, [arm for arm in compared if arm.accuracy is not None and arm.accuracy.verdict.decision is finding])
        for finding, text in words.items()
    ]
    groups = [(text, [arm for arm in arms if arm not in same]) for text, arms in groups]
    parts = [f"{text} in {_named(arms, len(compared))}" for text, arms in groups if arms]
    if same:
        parts.append(f"the same to the last bit in {_named(same, len(compared))}")
    left = len(compared) - len(same) - sum(len(arms) for _, arms in groups)
    if not parts:
        return f"{metric}: whether A and B differ is undecided in {_all(left, len(compared))}."
    rest = f"; undecided in {_all(left, len(compared))}" if left else ""
    return f"{metric}: B is {listed(parts)}{rest}."


def _named(arms: Sequence[ArmComparison], of: int) -> str:
    if len(arms) == of:
        return _all(of, of)
    return f"{len(arms)} of {count(of, 'arm')} ({listed_up_to([quoted(arm.pair.name) for arm in arms])})"


def _all(number: int, of: int) -> str:
    if number < of:
        return f"{number} of {count(of, 'arm')}"
    return every_arm(of)


def _conclusions(found: FolderComparison) -> Iterator[str]:
    """Say whether the two studies tell the same of each variation; what is undecided in both tells nothing."""
    judged = [
        (arm, one.decision, other.decision)
        for arm in found.arms
        if (one := _verdict(found.first, arm.pair.first.name))
        and (other := _verdict(found.second, arm.pair.second.name))
    ]
    if not judged:
        return
    of_all = (
        " Each is over all seeds of its folder."
        if any(arm.accuracy and arm.accuracy.left_out for arm, _, _ in judged)
        else ""
    )
    differing = [(arm, one, other) for arm, one, other in judged if one is not other]
    kinds = Counter(str(one) for _, one, other in judged if one is other and one is not Decision.UNDECIDED)
    same, total = sum(kinds.values()), count(len(judged), "verdict")
    parts = []
    if same:
        told = listed([f"{number} {kind}" for kind, number in kinds.items()] if same > 1 else list(kinds))
        which = {1: "The verdict on the one variation is", 2: "Both verdicts are"}.get(same, f"All {same} verdicts are")
        if same < len(judged):
            which = f"{same} of {total} {'is' if same == 1 else 'are'}"
        parts.append(f"{which} the same in A and B: {told}")
    if differing:
        shown = [f"{quoted(arm.pair.name)} ({one} in A, {other} in B)" for arm, one, other in differing]
        verb = "differs" if len(differing) == 1 else "differ"
        parts.append(f"{len(differing)}{'' if parts else f' of {total}'} {verb}: {listed_up_to(shown)}")
    if undecided := len(judged) - same - len(differing):
        verb = "is" if undecided == 1 else "are"
        parts.append(f"{undecided}{'' if parts else f' of {total}'} {verb} undecided in both, which is no agreement")
    yield f"{'; '.join(parts)}.{of_all}"
    if not differing:
        return
    shown_to_differ = (Decision.BETTER, Decision.WORSE)
    if not found.has_same_test_images:
        yield "Whether these effects differ between A and B is not judged, as their test images are not the same."
    elif not any(arm.effect and arm.effect.verdict.decision in shown_to_differ for arm, _, _ in differing):
        yield "None of these effects is shown to differ between A and B: a verdict may fall either way by chance."


def _verdict(side: StudyAnalysis, name: str) -> Verdict | None:
    found = side.comparison(name)
    return None if found is None or found.accuracy is None else found.verdict


def _designs(found: FolderComparison) -> Iterator[str]:
    compared = [arm for arm in found.arms if arm.accuracy is not None]
    paired: dict[tuple[Shared, ...], list[ArmComparison]] = {}
    unpaired: dict[str, list[ArmComparison]] = {}
    for arm in compared:
        assert arm.accuracy is not None
        if arm.accuracy.design is Design.PAIRED:
            paired.setdefault(arm.shared, []).append(arm)
        else:
            reason = _reason(arm)
            unpaired.setdefault(reason, []).append(arm)
    for shared, arms in paired.items():
        yield f"Run against run{_where(arms, compared)}: a seed gives both {listed(_SHARED[one] for one in shared)}."
    for reason, arms in unpaired.items():
        yield f"Mean against mean{_where(arms, compared)}: {reason}."
    left_out: dict[tuple[int, ...], list[ArmComparison]] = {}
    for arm in compared:
        if arm.accuracy is not None and arm.accuracy.left_out:
            left_out.setdefault(arm.accuracy.left_out, []).append(arm)
    is_partial = any(isinstance(side.manifest.study.seeds, PlannedSeeds) for _, side in found.sides)
    that_are_compared = " that are compared" if is_partial else ""
    for seeds, arms in left_out.items():
        verb = "counts" if len(seeds) == 1 else "count"
        where = _where(arms, compared)
        yield (
            f"{seed_list(seeds).capitalize()} {verb} in one folder only{where}, and so neither in the means of A and B "
            "nor in their difference, which are over the seeds that both folders have; effects are over all seeds"
            f"{that_are_compared}."
        )


def _reason(arm: ArmComparison) -> str:
    if not arm.shared:
        return f"a seed gives A and B neither {listed(_SHARED.values(), 'nor')}"
    return "fewer than half of the seeds are in both folders"


def _where(arms: Sequence[ArmComparison], compared: Sequence[ArmComparison]) -> str:
    if len(arms) == len(compared):
        return ""
    return f" in {listed_up_to([quoted(arm.pair.name) for arm in arms])}"
