"""What there is to see in a results folder: answers, places, layers and curves, each as a piece of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ceteris.analysis.scores import Epochs, chance_level, learning_epochs, read_epochs, study_scores
from ceteris.datasets.dataset import Labels
from ceteris.datasets.picture import Frame
from ceteris.errors import ResultsError
from ceteris.explore.grad_cam import grad_cam
from ceteris.explore.markup import answer, beside, drawing, figure, inside, looks, overlaid, said, side_by_side
from ceteris.inference.ensemble import Ensemble, ensemble_probabilities, gather, own_code_refused, rank
from ceteris.networks.backbone import BackboneNetwork, block_names, first_convolution
from ceteris.networks.convolution import Convolution
from ceteris.networks.layer import Values
from ceteris.networks.shape import Shape
from ceteris.paths import quoted
from ceteris.report.figures.layer_figure import layer_figure
from ceteris.report.figures.learning_curves import arm_epochs, learning_curves
from ceteris.report.layer_view import layer_view, numbered_layers
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.study.run import BASELINE

_TOP = 5
_MOST_LOOKS = 4  # seeds whose places are drawn beside each other


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The image that is looked at.

    Attributes:
        pixels: Shape (height, width, channels), uint8.
        label: What it is; empty if nobody knows.
    """

    pixels: NDArray[np.uint8]
    name: str
    label: str = ""
    notes: tuple[str, ...] = ()


class Explorer:
    """A results folder, and what was read of it so far.

    Attributes:
        finished: The finished runs of each variation that has any, by seed.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.finished = _finished(results.findings)
        if not self.finished:
            raise ResultsError(
                f"{results.folder.path}: no network is trained yet, so that there is nothing to explore. "
                f"`ceteris status {quoted(results.folder.path)}` shows how far the runs are."
            )
        own = [run for runs in self.finished.values() for run in runs.values() if run.run.specification.runs_own_code]
        self.finished = {name: runs for name, runs in self.finished.items() if next(iter(runs.values())) not in own}
        if not self.finished:
            raise ResultsError(own_code_refused(own[0].run))
        self._ensembles: dict[str, Ensemble] = {}

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """The test images."""
        return self.results.images()

    @property
    def frame(self) -> Frame:
        """What an image becomes before the networks see it: what it became in the training."""
        return Frame.of(self.shape, self.results.manifest.study.data.fit)

    @property
    def shape(self) -> Shape:
        """The size of the images."""
        return Shape(*self.images.shape[1:])

    @cached_property
    def _labels(self) -> Labels:
        return self.results.labels()

    def test_image(self, number: int) -> Subject:
        """Give the test image of a number, from 0; that there is none is a `ResultsError`."""
        if not 0 <= number < len(self.images):
            raise ResultsError(f"there is no test image {number}; {self.numbering}.")
        label = self.results.manifest.class_names[self._labels[number]]
        return Subject(pixels=self.images[number], name=f"test image {number}, {label}", label=label)

    @property
    def numbering(self) -> str:
        """Say which numbers test images have."""
        return f"they are numbered from 0 to {len(self.images) - 1:,}"

    def next_mistake(self, arm: str, seed: int | None, after: int) -> int | None:
        """Find the next test image that a variation got wrong, as its stored answers say; after the last the first."""
        chosen = [one for number, one in self.finished[arm].items() if seed in {None, number}]
        if not chosen:
            return None
        told = np.mean([self.results.predictions(one.run).astype(np.float64) for one in chosen], axis=0)
        wrong = np.flatnonzero(told.argmax(axis=1) != self._labels)
        later = wrong[wrong > after]
        return int(later[0]) if later.size else int(wrong[0]) if wrong.size else None

    def ensemble(self, arm: str) -> Ensemble:
        """Give the networks of a variation."""
        if arm not in self._ensembles:
            self._ensembles[arm] = gather(self.results, list(self.finished[arm].values()))
        return self._ensembles[arm]

    def layers(self, arm: str) -> tuple[str, ...]:
        """Name the layers of a variation, convolutions first; of a pretrained backbone the first one and the blocks."""
        network = next(iter(self.finished[arm].values())).run.specification.network
        if isinstance(network, BackboneNetwork):
            blocks = (f"{name}: block {number}" for number, name in enumerate(block_names(network.backbone), start=1))
            return (f"{first_convolution(network.backbone)}: the first convolution", *blocks)
        ordered = sorted(numbered_layers(network.layers), key=lambda entry: not isinstance(entry[1], Convolution))
        return tuple(f"{place}: {layer.title}" for place, layer in ordered)

    def answers(self, subject: Subject, arms: Sequence[str], seed: int | None) -> str:
        """Say what variations see in an image, side by side."""
        parts = []
        for arm in dict.fromkeys(arms):
            try:
                ensemble, probabilities = self._asked(subject, arm, seed)
            except ResultsError as error:
                parts.append(said(str(error)))
                continue
            ranked = rank(probabilities, ensemble.class_names, top=_TOP)
            parts.append("".join(answer(arm, ensemble.seeds, ranked, subject.label)))
        image, notes = figure(subject.pixels, subject.name), "".join(map(said, subject.notes))
        if len(parts) == 1:
            return side_by_side([image, *parts]) + notes
        return side_by_side([image]) + notes + beside(parts)

    def attention(self, subject: Subject, arms: Sequence[str], seed: int | None) -> str:
        """Show where networks looked for the class that their variation thinks most probable."""
        return beside([self._attention(subject, arm, seed) for arm in dict.fromkeys(arms)])

    def _attention(self, subject: Subject, arm: str, seed: int | None) -> str:
        try:
            ensemble, probabilities = self._asked(subject, arm, seed)
        except ResultsError as error:
            return said(str(error))
        label = int(probabilities.mean(axis=0).argmax())
        figures, where = [], ""
        for one in ensemble.seeds[:_MOST_LOOKS]:
            found = grad_cam(ensemble.alone(one), subject.pixels, label)
            if isinstance(found, str):
                return said(f"{arm}: {found}")
            where = f"{found.layer}, which has {found.grid[0]} x {found.grid[1]} places"
            nothing = "" if found.share.any() else ": nothing"
            figures.append(figure(overlaid(subject.pixels, found), f"seed {one}{nothing}"))
        more = f" The first {_MOST_LOOKS} of {len(ensemble.seeds)} seeds." if len(ensemble.seeds) > _MOST_LOOKS else ""
        heading = f"{arm}: what spoke for {ensemble.class_names[label]} at {where}.{more}"
        return looks(heading, figures)

    def inside(self, subject: Subject, arm: str, seed: int | None, layer: str, *, narrow: bool = False) -> str:
        """Draw what a layer makes of an image, before and after training, and its kernels."""
        if layer not in self.layers(arm):
            return said(f"{arm} has no layer '{layer}'. Choose one from the list.")
        one = next(iter(self.finished[arm])) if seed is None else seed
        if one not in self.finished[arm]:
            return said(f"{arm} has no finished seed {one}.")
        name = layer.partition(":")[0]
        run = self.finished[arm][one].run
        try:
            view = layer_view(self.results, run, subject.pixels, int(name) - 1 if name.isdecimal() else name)
        except ResultsError as error:
            return said(str(error))
        drawn = layer_figure((view,), image=subject.pixels, image_name=subject.name, narrow=narrow)
        return inside(f"{arm}, seed {one}", drawing(drawn))

    def curves(self, arms: Sequence[str]) -> str:
        """Draw the learning curves of variations, the baseline with them."""
        chance = chance_level(self.results)
        scores = study_scores(self.results, None, self._epochs, chance)
        curves = learning_epochs(self.results.manifest, self._epochs)
        drawn = [
            arm_epochs(arm, curves[arm.name], chance.share)
            for arm in (scores.baseline, *scores.variations)
            if arm.name in self._epochs and arm.name in (BASELINE, *arms)
        ]
        return drawing(learning_curves(", ".join(arms), drawn))

    @cached_property
    def _epochs(self) -> Epochs:
        return read_epochs(self.results)

    def _asked(self, subject: Subject, arm: str, seed: int | None) -> tuple[Ensemble, Values]:
        """Ask networks; gives probabilities of shape (seeds, classes), all of them numbers."""
        ensemble = self.ensemble(arm)
        if seed is not None:
            if seed not in ensemble.seeds:
                raise ResultsError(f"{arm} has no finished seed {seed}.")
            ensemble = ensemble.alone(seed)
        probabilities: Values = ensemble_probabilities(ensemble, subject.pixels[None])[:, 0]
        if not np.isfinite(probabilities).all():
            raise ResultsError(f"{arm}: the sums of a network overflow, so that it has no answer.")
        return ensemble, probabilities


def _finished(findings: Sequence[Finding]) -> dict[str, dict[int, Finding]]:
    finished: dict[str, dict[int, Finding]] = {}
    for one in findings:
        if one.status is Status.FINISHED:
            finished.setdefault(one.run.variation, {})[one.run.seed] = one
    return finished
