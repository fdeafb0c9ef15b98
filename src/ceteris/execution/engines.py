"""Which engine trains which run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ceteris.datasets.choice import known_images, share
from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import Engine
from ceteris.errors import EngineError
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.lone_image import lone_value_layer
from ceteris.study.run import Run

_SHOWN_VARIATIONS = 3


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Who trains what.

    Attributes:
        shares: Each engine that has something to train, with its runs in the order of the study.
        notes: What must be said about it: every variation that the first engine cannot train, and why; and every one
            that no engine trains as it should.
    """

    shares: tuple[tuple[Engine, tuple[Run, ...]], ...]
    notes: tuple[str, ...]


def assign(runs: Iterable[Run], engines: Sequence[Engine], images: ImageKind | None = None) -> Assignment:
    """Give every run to the first engine that can train it.

    Args:
        runs: What is to be trained.
        engines: In the order of preference.
        images: What the runs look at; nothing need be said of a known data set.

    Raises:
        EngineError: If there is a run that none of them can train.
    """
    runs = tuple(runs)
    shares: dict[int, list[Run]] = {}
    fallbacks: dict[tuple[str, int], dict[str, None]] = {}
    for run in runs:
        reasons: list[str] = []
        for rank, engine in enumerate(engines):
            unsupported = engine.unsupported(run.specification)
            if unsupported is None:
                shares.setdefault(rank, []).append(run)
                # That a backbone is trained by those who can is nothing to be told; a fallback is.
                if rank and not isinstance(run.specification.network, BackboneNetwork):
                    fallbacks.setdefault((reasons[0], rank), {})[run.variation] = None
                break
            reasons.append(f"the {engine.name} engine cannot: {unsupported}")
        else:
            raise EngineError(
                f"nothing here can train '{run.variation}': {'; '.join(reasons)}. "
                "Change the variation, or leave it out."
            )
    return Assignment(
        shares=tuple((engines[rank], tuple(its_runs)) for rank, its_runs in sorted(shares.items())),
        notes=(
            *(_note(tuple(names), engines[rank].name, unsupported) for (unsupported, rank), names in fallbacks.items()),
            *_lone_images(runs, images),
        ),
    )


def _lone_images(runs: Iterable[Run], given: ImageKind | None) -> Iterator[str]:
    """Warn of batch norms after a dense layer that a last minibatch of one image leaves without a variance."""
    for name, specification in {run.variation: run.specification for run in runs}.items():
        kind = given or known_images(specification.data)
        if kind is None:
            continue
        images = share(kind.training_images, specification.data.fraction)
        layer = lone_value_layer(specification, kind.shape, kind.classes, images)
        if layer is not None:
            yield (
                f"'{name}': the last minibatch of an epoch is one image ({images:,} images, batch_size "
                f"{specification.training.batch_size}), and batch_norm in layer {layer + 1} sees no variance in it: "
                "the lanes engine makes its values 0 there, the torch engine refuses to train it. Choose another "
                "batch_size."
            )


def _note(variations: Sequence[str], engine: str, unsupported: str) -> str:
    names = [f"'{name}'" for name in variations]
    if len(names) > _SHOWN_VARIATIONS:
        names = [*names[:_SHOWN_VARIATIONS], f"{len(names) - _SHOWN_VARIATIONS} more variations"]
    verb = "is" if len(names) == 1 else "are"
    return f"{listed(names)} {verb} trained by the {engine} engine; {unsupported}."
