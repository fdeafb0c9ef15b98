"""What two results folders have in common, and what not, apart from their results."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ceteris.analysis.comparison import FolderComparison
from ceteris.analysis.run_pairs import ArmPair
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.quantities import count, listed_up_to, quoted
from ceteris.report.scale import Scale
from ceteris.report.wording import seed_ranges
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.study.changes import Change


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that may differ.

    Attributes:
        first: How it is in the first folder; empty where it is not there.
        second: How it is in the second.
    """

    what: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What differs, and the names of what does not."""

    differing: tuple[Condition, ...]
    same: tuple[str, ...]


def every_arm(number: int) -> str:
    """Say that something is about every arm that two studies share.

    Example:
        >>> every_arm(2), every_arm(3)
        ('both arms', 'all 3 arms')
    """
    return {1: "the one arm", 2: "both arms"}.get(number, f"all {number} arms")


def compare_conditions(found: FolderComparison) -> Conditions:
    """Compare specifications, images, seeds, engines, machines and versions of two folders."""
    pairs = tuple(arm.pair for arm in found.arms)
    specifications = tuple(_specifications(pairs))
    differing, same = list(specifications), []
    if pairs and not specifications:
        same.append(f"the specifications of {every_arm(len(pairs))}")
    known = [{one.what: one for one in _facts(side)} for _, side in found.sides]
    for what in dict.fromkeys(what for facts in known for what in facts):
        one, other = (facts.get(what) for facts in known)
        if one is None or other is None:
            continue  # a folder without a run has no engine and no machine yet
        if one.identity == other.identity:
            same += [what] if what != _TITLE else []
        else:
            differing.append(Condition(what=what, first=one.words, second=other.words))
    return Conditions(differing=tuple(differing), same=tuple(same))


_TITLE = "title"


@dataclass(frozen=True, kw_only=True)
class _Fact:
    what: str
    identity: object
    words: str


def _facts(side: StudyAnalysis) -> Iterator[_Fact]:
    manifest, found = side.manifest, side.environment
    yield _Fact(what=_TITLE, identity=manifest.study.title, words=manifest.study.title)
    training = f"{manifest.data_source} ({manifest.data_origin.value}), SHA-256 {manifest.data_digest[:8]}"
    yield _Fact(what="images", identity=manifest.data_digest, words=training)
    test = f"{len(side.predictions.labels):,} images, " if side.predictions is not None else ""
    digests = (manifest.images_sha256, manifest.labels_sha256)
    yield _Fact(what="test images", identity=digests, words=f"{test}SHA-256 {digests[0][:8]}, labels {digests[1][:8]}")
    study = manifest.study
    seeds, own = manifest.variation_seeds, manifest.seeds_of()
    words = seed_ranges(seeds) if own == seeds else f"{seed_ranges(seeds)}; baseline {seed_ranges(own)}"
    yield _Fact(what="seeds", identity=(study.seeds, own), words=words)
    analysis = study.analysis
    judged = "" if analysis.judged is TEST_ACCURACY else f"{analysis.metric}, "
    margin = f"{judged}equivalent within {analysis.margin:g} {Scale(metric=analysis.judged).unit}".rstrip()
    words = f"{margin}, target {100 * analysis.target:g} %"
    words += ", verdicts on the population" if analysis.scope == "population" else ""
    yield _Fact(what="analysis", identity=analysis, words=words)
    for what, kinds in (
        ("engine", found.engines),
        ("engine details", found.facts),
        ("machine", found.hosts),
        ("versions", found.versions),
    ):
        if kinds:
            yield _Fact(what=what, identity=frozenset(kinds), words=_kinds(kinds))


def _kinds(kinds: Mapping[str, int]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{kind} ({count(runs, 'run')})" for kind, runs in kinds.items())


def _specifications(pairs: Iterable[ArmPair]) -> Iterator[Condition]:
    """Say each change once, with the arms that have it."""
    pairs = tuple(pairs)
    where: dict[tuple[str, str, str], list[str]] = {}
    for pair in pairs:
        for change in pair.changes:
            where.setdefault(_parts(change), []).append(pair.name)
    for (what, before, after), names in where.items():
        which = listed_up_to([quoted(name) for name in names]) if len(names) < len(pairs) else ""
        yield Condition(what=f"{what}, in {which or every_arm(len(pairs))}", first=before, second=after)


def _parts(change: Change) -> tuple[str, str, str]:
    what, before, after = change.parts
    return what, before, after
