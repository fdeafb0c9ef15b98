"""Images of the user's own as a data set, and what a reader must know of them, one sentence each."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, narrowed, sealed
from ceteris.datasets.folder_cache import PARTS, CachedFolder
from ceteris.formatting.wording import listed
from ceteris.paths import shown

_NAMED = 3  # files or classes that a note names


def own_dataset(
    found: CachedFolder,
    *,
    kind: str,
    name: str,
    source: str,
    class_names: tuple[str, ...],
    digests: Mapping[str, str],
) -> Dataset:
    """Divide images of the user's own into training, validation and test images, and describe them.

    Their `kind`, `folder` or `npz`, is a part of the digest. `digests` has the SHA-256 of every file by name, also of
    those that are left out.
    """
    ends = np.cumsum(found.counts).tolist()
    training, validation, test = (
        sealed(LabelledImages(images=found.images[end - count : end], labels=found.labels[end - count : end]))
        for end, count in zip(ends, found.counts, strict=True)
    )
    facts = {
        "kind": f"ceteris/{kind}/1",
        "shape": list(found.images.shape),
        "counts": list(found.counts),
        "labels": hashlib.sha256(narrowed(found.labels).tobytes()).hexdigest(),
        "images": found.images_sha256,
    }
    return Dataset(
        name=name,
        training=training,
        validation=validation if len(validation) else None,
        test=test,
        class_names=class_names,
        digest=hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest(),
        origin=Origin.OWN,
        source=source,
        notes=notes_of(found, class_names, digests),
    )


def notes_of(found: CachedFolder, class_names: Sequence[str], digests: Mapping[str, str]) -> tuple[str, ...]:
    """Say what must be known of the images of a folder."""
    starts = dict(zip(PARTS, (0, found.counts[0], sum(found.counts[:2])), strict=True))
    labels = {
        part: found.labels[starts[part] : starts[part] + count].tolist()
        for part, count in zip(PARTS, found.counts, strict=True)
    }
    return (
        *_left_out(found, len(digests)),
        *missing_classes(class_names, labels),
        *_contradictory(found, digests),
        *_crossing(found, digests),
        *_nearly_crossing(found),
    )


def missing_classes(class_names: Sequence[str], labels: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Warn of classes without a test or a validation image, where others have some."""
    for part, measured in (("test", "test accuracies"), ("validation", "validation accuracies and convergence")):
        present = set(labels.get(part, ()))
        missing = [name for label, name in enumerate(class_names) if label not in present]
        if missing and present:
            named = [f"'{name}'" for name in missing[:_NAMED]]
            names = (
                listed(named) if len(missing) <= _NAMED else f"{', '.join(named)} and {len(missing) - _NAMED:,} more"
            )
            has, them = ("has", "it") if len(missing) == 1 else ("have", "them")
            yield (
                f"{len(missing):,} of {len(class_names):,} classes {has} no {part} image: {names}; {measured} say "
                f"nothing about {them}."
            )


def _left_out(found: CachedFolder, total: int) -> Iterator[str]:
    if found.left_out:
        names = "; ".join(found.left_out[:_NAMED])
        verb = "was" if len(found.left_out) == 1 else "were"
        more = _more(found.left_out)
        yield f"{len(found.left_out):,} of {total:,} files cannot be read and {verb} left out: {names}{more}."


def _contradictory(found: CachedFolder, digests: Mapping[str, str]) -> Iterator[str]:
    """Warn of images that are in more than one class, byte for byte."""
    names: dict[str, dict[int, str]] = {}
    for name, label in zip(found.files, found.labels.tolist(), strict=True):
        names.setdefault(digests[name], {}).setdefault(label, name)
    groups = [list(by_label.values()) for by_label in names.values() if len(by_label) > 1]
    if groups:
        images = "1 image is" if len(groups) == 1 else f"{len(groups):,} images are"
        shown_groups = "; ".join(listed(map(shown, group)) for group in groups[:_NAMED])
        yield (
            f"{images} in more than one class, byte for byte, and at most one of the labels can be right: "
            f"{shown_groups}{_more(groups)}."
        )


def _crossing(found: CachedFolder, digests: Mapping[str, str]) -> Iterator[str]:
    """Warn of test images that are among the training or validation images too, byte for byte."""
    first, test = found.counts[0] + found.counts[1], found.files[found.counts[0] + found.counts[1] :]
    others = {digests[name] for name in found.files[:first]}
    both = [name for name in test if digests[name] in others]
    if both:
        names = ", ".join(shown(name) for name in both[:_NAMED])
        verb = "image is" if len(both) == 1 else "images are"
        yield (
            f"{len(both):,} of {len(test):,} test {verb} among the training or validation images too, byte for byte, "
            f"so that accuracies come out too high: {names}{_more(both)}."
        )


def _nearly_crossing(found: CachedFolder) -> Iterator[str]:
    """Warn of test images that may be copies of other images: scaled, compressed again, lighter, mirrored."""
    if found.near:
        looks = "image looks" if len(found.near) == 1 else "images look"
        names = ", ".join(f"{shown(test)} like {shown(other)}" for test, other in found.near[:_NAMED])
        labels = dict(zip(found.files, found.labels.tolist(), strict=True))
        others = sum(labels[test] != labels[other] for test, other in found.near)
        apart = (
            f" {others:,} of them {'is' if others == 1 else 'are'} of another class than its like." if others else ""
        )
        yield (
            f"{len(found.near):,} of {found.counts[2]:,} test {looks} nearly the same as training or validation "
            "images; where they are copies (scaled, compressed again, lighter, mirrored), accuracies come out too "
            f"high: {names}{_more(found.near)}.{apart}"
        )


def _more(named: Sequence[object]) -> str:
    """Count those that a note does not name."""
    return f"; and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
