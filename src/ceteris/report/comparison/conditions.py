"""What two results folders have in common, and what not, apart from their results."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ceteris.report.comparison.arms import ArmPair, every_arm
from ceteris.report.comparison.side import Side
from ceteris.report.quantities import count, listed_up_to, quoted
from ceteris.report.wording import seed_list
from ceteris.results.manifest import Manifest
from ceteris.study.changes import Change


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that may differ.

    Attributes:
        what: Its name.
        first: How it is in the first folder; empty where it is not there.
        second: How it is in the second.
    """

    what: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """All that may differ.

    Attributes:
        differing: What does.
        same: Names of what does not.
    """

    differing: tuple[Condition, ...]
    same: tuple[str, ...]


def compare_conditions(pairs: tuple[ArmPair, ...], first: Side, second: Side) -> Conditions:
    """Compare specifications, images, seeds, engines, machines and versions.

    Args:
        pairs: The arms that both have.
        first: What is compared with.
        second: What is compared.
    """
    specifications = tuple(_specifications(pairs))
    differing, same = list(specifications), []
    if pairs and not specifications:
        same.append(f"the specifications of {every_arm(len(pairs))}")
    known = [{one.what: one for one in _facts(side)} for side in (first, second)]
    for what in dict.fromkeys(what for facts in known for what in facts):
        one, other = (facts.get(what) for facts in known)
        if one is None or other is None:
            continue  # a folder without a run has no engine and no machine yet
        if one.identity == other.identity:
            same += [what] if what != _TITLE else []
        else:
            differing.append(Condition(what=what, first=one.words, second=other.words))
    return Conditions(differing=tuple(differing), same=tuple(same))


def same_test_images(first: Manifest, second: Manifest) -> bool:
    """Say whether two folders scored their runs on the same images with the same labels, in the same order."""
    return (first.images_sha256, first.labels_sha256) == (second.images_sha256, second.labels_sha256)


_TITLE = "title"


@dataclass(frozen=True, kw_only=True)
class _Fact:
    what: str
    identity: object
    words: str


def _facts(side: Side) -> Iterator[_Fact]:
    manifest, found = side.manifest, side.circumstances
    yield _Fact(what=_TITLE, identity=manifest.study.title, words=manifest.study.title)
    training = f"{manifest.data_source} ({manifest.data_origin.value}), SHA-256 {manifest.data_digest[:8]}"
    yield _Fact(what="images", identity=manifest.data_digest, words=training)
    test = f"{len(side.answers.labels):,} images, " if side.answers is not None else ""
    digests = (manifest.images_sha256, manifest.labels_sha256)
    yield _Fact(what="test images", identity=digests, words=f"{test}SHA-256 {digests[0][:8]}, labels {digests[1][:8]}")
    study = manifest.study
    yield _Fact(what="seeds", identity=study.seeds, words=seed_list(study.seeds).split(" ", 1)[1])
    margin = f"equivalent within {study.analysis.margin:g} pp"
    yield _Fact(what="analysis", identity=study.analysis, words=f"{margin}, target {100 * study.analysis.target:g} %")
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
