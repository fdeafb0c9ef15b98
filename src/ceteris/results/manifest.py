"""`study.json`: what a results folder is about, and what the study declared about its evaluation, and when.

Declarations are kept for good, so that a change after the results is seen.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any, Self

from pydantic import TypeAdapter

from ceteris.checksummed import DamagedError, seal, unseal
from ceteris.datasets.choice import known_images
from ceteris.datasets.dataset import Dataset, ImageKind, Origin, Split, narrowed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.shape import Shape
from ceteris.results.record import encode_array
from ceteris.study.analysis import AnalysisSettings
from ceteris.study.changes import changes
from ceteris.study.run import BASELINE, Arm, Run
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.shard import Shard
from ceteris.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What was declared from some moment on.

    Attributes:
        analysis: Metric, margin and target.
        seeds: How many seeds each arm was to have.
        variations: Names of what was to be compared with the baseline, one family of tests.
        since: When a run was first started with it, in UTC, ISO 8601; nothing where an earlier ceteris kept no record.
        results: How many runs in the folder had come to their end by then.
        crosses: Names of what was crossed, with the levels of each factor.
        looks: How seeds are added where the verdict is open, in words; empty where their number is fixed.
        named: The seeds of the variations, and those of the baseline; None where an earlier ceteris kept only how many.
        contents: By name of a variation, the first digits of the SHA-256 of its specification; empty likewise.
    """

    analysis: AnalysisSettings
    seeds: int
    variations: tuple[str, ...]
    since: str | None
    results: int
    crosses: tuple[str, ...] = ()
    looks: str = ""
    named: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    contents: Mapping[str, str] = field(default_factory=dict)


def declaration(study: Study, *, since: str | None, results: int) -> Declaration:
    """Give what a study declares."""
    return Declaration(
        analysis=study.analysis,
        seeds=len(study.seeds),
        variations=tuple(variation.name for variation in study.variations),
        since=since,
        results=results,
        crosses=tuple(map(str, study.crosses)),
        looks=_in_words(study.seeds) if isinstance(study.seeds, PlannedSeeds) else "",
        named=None if isinstance(study.seeds, PlannedSeeds) else (study.seeds, study.seeds_of(BASELINE)),
        contents={arm.name: _digest(arm) for arm in study.arms()},
    )


def _digest(arm: Arm) -> str:
    content = json.dumps(arm.specification.written, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def declared(before: Sequence[Declaration], new: Declaration) -> tuple[Declaration, ...]:
    """Add a declaration at the end, if it says anything else than the last one; none is ever taken away."""
    is_new = not before or new != replace(before[-1], since=new.since, results=new.results)
    return (*before, new) if is_new else tuple(before)


def binding(declarations: Sequence[Declaration]) -> tuple[Declaration, ...]:
    """Leave out what was replaced before there was any result: nobody can have been led by what nobody had seen."""
    last = len(declarations) - 1
    return tuple(one for place, one in enumerate(declarations) if place == last or declarations[place + 1].results)


DECLARATIONS = TypeAdapter(tuple[Declaration, ...])


class StudyNote(str):
    """A sentence that a reader must know before believing a result, and the arms that it is about.

    Any other text among the notes of a study is about all arms.
    """

    __slots__ = ("arms",)
    arms: tuple[str, ...]

    def __new__(cls, text: str, *, arms: Iterable[str] = ()) -> Self:
        """Name the arms; none if it is about all."""
        note = super().__new__(cls, text)
        note.arms = tuple(arms)
        return note


def scope_of(note: str) -> tuple[str, ...]:
    """Name the arms that a note is about; none if it is about all."""
    return note.arms if isinstance(note, StudyNote) else ()


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The study in full and the images it was run on.

    Attributes:
        study: The study, every default filled in.
        data_name: `cifar10`, `shapes`, or the name of a folder.
        data_digest: SHA-256 of the images and labels, as `Dataset.digest` gives it.
        data_origin: Official, a modified copy, built in, or the user's own.
        data_source: Where the images came from, in words.
        labels_sha256: Of `labels.npy`, the classes of the test images in the order of `predictions.npy`.
        images_sha256: Of `test-images.npy`, the test images in the same order.
        scale: What the grey levels of each channel are multiplied by before the first layer, as in `Split`.
        notes: What a reader must know before believing a result; a `StudyNote` where it is not about all arms.
        skipped: By name of the variation, why it cannot be trained now and what to do.
        declarations: What the study declared about its evaluation, in the order of time; the last is what it declares
            now. Kept by `ResultsFolder.prepare`; empty where an earlier ceteris wrote the folder.
        asked: Of a study that adds seeds: how many each arm has been given so far; see `Study.seeds_of`.
        shard: The part of the study that the folder is for; None if it is for all of it.
    """

    study: Study
    data_name: str
    data_digest: str
    data_origin: Origin
    data_source: str
    images: ImageKind
    class_names: tuple[str, ...]
    labels_sha256: str
    images_sha256: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    notes: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    declarations: tuple[Declaration, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    shard: Shard | None = None

    @classmethod
    def of(
        cls,
        study: Study,
        dataset: Dataset,
        split: Split,
        notes: tuple[str, ...] = (),
        skipped: Mapping[str, str] | None = None,
        asked: Mapping[str, int] | None = None,
        shard: Shard | None = None,
    ) -> Self:
        """Describe a study on a data set, whose own notes come first.

        Args:
            study: What is asked.
            dataset: The images.
            split: The parts of them, and what a pixel becomes: the same for every arm.
            notes: What else a reader must know.
            skipped: By name of the variation, why it cannot be trained now; a note says each.
            asked: How many seeds each arm has been given, if the study adds seeds.
            shard: The part of the study that the folder is for, if not all of it.
        """
        skipped = skipped or {}
        left_out = tuple(skipping(name, reason) for name, reason in skipped.items())
        return cls(
            study=study.with_baseline_seeds(),
            data_name=dataset.name,
            data_digest=dataset.digest,
            data_origin=dataset.origin,
            data_source=dataset.source,
            images=split.kind,
            class_names=dataset.class_names,
            labels_sha256=hashlib.sha256(encode_array(narrowed(dataset.test.labels))).hexdigest(),
            images_sha256=hashlib.sha256(encode_array(dataset.test.images)).hexdigest(),
            scale=tuple(split.scale.tolist()),
            offset=tuple(split.offset.tolist()),
            notes=dataset.notes + notes + left_out,
            skipped=dict(skipped),
            asked=dict(asked or {}),
            shard=shard,
        )

    def seeds_of(self, arm: str = BASELINE) -> tuple[int, ...]:
        """Give the seeds that an arm has been given so far; no variation has one that the baseline lacks."""
        return self.study.seeds_of(arm, self.asked)

    @property
    def variation_seeds(self) -> tuple[int, ...]:
        """The seeds of the variations; of a study that adds seeds, those of the variation that has most so far."""
        given = (self.seeds_of(variation.name) for variation in self.study.variations)
        return max(given, key=len, default=self.seeds_of())

    def runs(self) -> tuple[Run, ...]:
        """Give every run of the study, arm by arm, those of other shards too."""
        return self.study.runs(self.data_digest, self.asked)


def skipping(variation: str, reason: str) -> StudyNote:
    """Say that a variation is left out, as a note does."""
    return StudyNote(f"'{variation}' is skipped: {reason}.", arms=(variation,))


_OF_DATA, _COUNTS = ("name", "digest", "origin", "source"), ("training_images", "validation_images", "test_images")
_DIGESTS, _LISTS = ("labels_sha256", "images_sha256"), ("class_names", "scale", "offset")


def encode_manifest(manifest: Manifest) -> bytes:
    """Write the content of `study.json`."""
    return seal(
        {
            "study": manifest.study.model_dump(mode="json", by_alias=True),
            "data": {
                **{name: getattr(manifest, f"data_{name}") for name in _OF_DATA},
                **{name: getattr(manifest.images, name) for name in _COUNTS},
                **{name: getattr(manifest, name) for name in (*_DIGESTS, *_LISTS)},
                "shape": astuple(manifest.images.shape),
            },
            "notes": list(manifest.notes),
            "note_arms": [list(scope_of(note)) for note in manifest.notes],
            "skipped": dict(manifest.skipped),
            "declarations": DECLARATIONS.dump_python(manifest.declarations, mode="json"),
            **({"asked": dict(manifest.asked)} if manifest.asked else {}),
            **({"shard": asdict(manifest.shard)} if manifest.shard else {}),
        }
    )


def decode_manifest(content: bytes) -> Manifest:
    """Read the content of `study.json`.

    Raises:
        DamagedError: If it is not as it was written.
        LaterFormatError: If a later version of ceteris wrote it.
        StudyError: If this version of ceteris does not know such a study.
    """
    facts = unseal(content)
    data = facts["data"]
    try:
        origin = Origin(data["origin"])
    except ValueError:
        raise DamagedError(f"names an origin of images that is not known: '{data['origin']}'") from None
    # The first version of ceteris gave every arm the same seeds.
    same = {} if isinstance(facts["study"]["seeds"], dict) else {"baseline_seeds": facts["study"]["seeds"]}
    study = Study(**same | facts["study"])
    plain: dict[str, Any] = {f"data_{name}": data[name] for name in _OF_DATA} | {"data_origin": origin}
    plain |= {name: data[name] for name in _DIGESTS} | {name: tuple(data[name]) for name in _LISTS}
    return Manifest(
        study=study,
        **plain,
        images=_images(study, data),
        notes=tuple(_notes(facts, study)),
        skipped=facts.get("skipped", {}),
        declarations=DECLARATIONS.validate_python(facts.get("declarations", ())),
        asked=facts.get("asked", {}),
        shard=_shard(facts.get("shard")),
    )


def _shard(facts: Mapping[str, Any] | None) -> Shard | None:
    if facts is None:
        return None
    return Shard(number=facts["number"], total=facts["total"], digests=tuple(facts["digests"]))


def _notes(facts: Mapping[str, Any], study: Study) -> Iterator[StudyNote]:
    """Read notes and the arms that they are about, which the first version of ceteris left to the reader."""
    texts = facts["notes"]
    arms = facts["note_arms"] if "note_arms" in facts else [_named(text, study) for text in texts]
    for text, names in zip(texts, arms, strict=True):
        yield StudyNote(text, arms=names)


def _named(note: str, study: Study) -> list[str]:
    """Find the arms that a note names: at its beginning, or by the pretrained weights that they are built on."""
    arms = study.arms()
    for arm in arms:
        network = arm.specification.network
        if isinstance(network, BackboneNetwork) and note.startswith(f"The weights of {network.backbone} "):
            return [
                one.name
                for one in arms
                if isinstance(one.specification.network, BackboneNetwork)
                and one.specification.network.backbone is network.backbone
            ]
    named: list[str] = []
    rest = note
    while (name := next((one.name for one in arms if rest.startswith(f"'{one.name}'")), None)) is not None:
        named.append(name)
        rest = rest.removeprefix(f"'{name}'").removeprefix(",").removeprefix(" and").lstrip()
    # Of many arms a note names the first few and counts the others: it may concern any.
    return [] if rest[:1].isdigit() and " more variations" in rest[:40] else named


def _images(study: Study, data: Mapping[str, Any]) -> ImageKind:
    """Read what the images are like; the first version of ceteris knew only those that need not be described."""
    if "shape" not in data and (known := known_images(study.data)) is not None:
        return known
    return ImageKind(
        shape=Shape(*data["shape"]),
        classes=len(data["class_names"]),
        **{name: data[name] for name in _COUNTS},
    )


def differences(before: Manifest, after: Manifest) -> Iterator[str]:
    """Say what makes runs of one study not count for another, in short phrases; empty if nothing does."""
    if before.data_digest != after.data_digest:
        yield (
            f"images {before.data_digest[:8]} ({before.data_origin.value}) -> "
            f"{after.data_digest[:8]} ({after.data_origin.value})"
        )
    if before.study.seeds != after.study.seeds:
        yield f"seeds {_in_words(before.study.seeds)} -> {_in_words(after.study.seeds)}"
    own, new_own = before.study.baseline_seeds, after.study.baseline_seeds
    if own != new_own and (own, new_own) != (before.study.seeds, after.study.seeds):
        yield f"baseline_seeds {_in_words(own or ())} -> {_in_words(new_own or ())}"
    old = {arm.name: arm.specification for arm in before.study.arms()}
    new = {arm.name: arm.specification for arm in after.study.arms()}
    where: dict[str, list[str]] = {}
    for name in new.keys() & old.keys():
        for change in changes(old[name], new[name]):
            where.setdefault(str(change), []).append(name)
    for found, names in sorted(where.items()):
        place = names[0] if len(names) == 1 else f"{len(names)} arms"
        yield f"{found} in {place}"
    yield from (f"{name} is gone" for name in old if name not in new)
    yield from (f"{name} is new" for name in new if name not in old)


def _in_words(seeds: tuple[int, ...]) -> str:
    """Write seeds as spans, 0-15, 20; of a plan: 8, then by 8 up to 32."""
    if isinstance(seeds, PlannedSeeds):
        plan = seeds.plan
        end = "until it is stopped" if plan.most is None else f"up to {plan.most}"
        return f"{plan.first}, then by {plan.step} {end}"
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][1] + 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)
