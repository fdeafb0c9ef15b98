"""What the page shows, as HTML that needs nothing from anywhere; it knows nothing of the page itself."""

import base64
import html
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ceteris.data.labels import Labels
from ceteris.data.picture import Frame
from ceteris.errors import ResultsError
from ceteris.explore.attention import Attention, grad_cam
from ceteris.prediction.ensemble import Ensemble, ensemble_probabilities, gather
from ceteris.prediction.ranking import RankedClass, rank
from ceteris.report.figures.learning_curves import learning_curves
from ceteris.report.figures.mean_curve import ArmEpochs
from ceteris.report.figures.picture import Format, Picture
from ceteris.report.figures.portrait import portrait
from ceteris.report.layer_view import layer_view
from ceteris.report.scores import Epochs, read_epochs
from ceteris.runs.finding import Finding
from ceteris.runs.results import Results
from ceteris.runs.status import Status
from ceteris.study.arm import BASELINE
from ceteris.study.backbone import BackboneNetwork
from ceteris.study.layers import Convolution
from ceteris.study.shape import Shape
from ceteris.study.specification import Fit

_TOP = 5
_SIDE = 256  # pixels that an image is drawn with


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The image that is looked at.

    Attributes:
        pixels: Shape (height, width, channels), uint8.
        name: What to call it.
        notes: What was done to it, one sentence each.
    """

    pixels: NDArray[np.uint8]
    name: str
    notes: tuple[str, ...] = ()


class Explorer:
    """A results folder, and what was read of it so far.

    Attributes:
        results: The results folder.
        finished: The finished runs of each variation that has any and is layers alone, by seed.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.finished = _finished(results.findings)
        if not self.finished:
            raise ResultsError(
                f"{results.folder.path}: no network of layers is trained yet, so that there is nothing to explore. "
                f"`ceteris status {results.folder.path}` shows how far the runs are."
            )
        self._ensembles: dict[str, Ensemble] = {}

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """The test images."""
        return self.results.images()

    @property
    def frame(self) -> Frame:
        """What an image becomes before the networks see it: what it became in the training."""
        fit = self.results.manifest.study.data.fit
        return Frame(
            height=self.shape.height, width=self.shape.width, channels=self.shape.channels, fit=fit or Fit.CROP
        )

    @property
    def shape(self) -> Shape:
        """The size of the images."""
        return Shape(*self.images.shape[1:])

    @cached_property
    def _labels(self) -> Labels:
        return self.results.labels()

    def test_image(self, number: int) -> Subject:
        """Give a test image; beyond the last one the last.

        Args:
            number: From 0.
        """
        number = min(max(number, 0), len(self.images) - 1)
        name = self.results.manifest.class_names[self._labels[number]]
        return Subject(pixels=self.images[number], name=f"test image {number}, {name}")

    def ensemble(self, arm: str) -> Ensemble:
        """Give the networks of a variation."""
        if arm not in self._ensembles:
            self._ensembles[arm] = gather(self.results, list(self.finished[arm].values()))
        return self._ensembles[arm]

    def layers(self, arm: str) -> Sequence[str]:
        """Name the layers of a variation, the convolutions first."""
        layers = list(enumerate(self.ensemble(arm).network.layers, start=1))
        ordered = sorted(layers, key=lambda entry: not isinstance(entry[1], Convolution))
        return [f"{place}: {layer}" for place, layer in ordered]

    def answers(self, subject: Subject, arms: Sequence[str], seed: int | None) -> str:
        """Say what variations see in an image, side by side.

        Args:
            subject: The image.
            arms: Variations.
            seed: The one to ask; all finished ones if not given.
        """
        parts = [_picture(subject.pixels, subject.name)]
        parts += [self._answer(subject, arm, seed) for arm in dict.fromkeys(arms)]
        notes = "".join(f"<p class='note'>{html.escape(note)}</p>" for note in subject.notes)
        return f"<div class='side-by-side'>{''.join(parts)}</div>{notes}"

    def attention(self, subject: Subject, arms: Sequence[str], seed: int | None) -> str:
        """Show where networks looked for the class that they think most probable."""
        parts = []
        for arm in dict.fromkeys(arms):
            one = self._single(arm, seed)
            if isinstance(one, str):
                parts.append(_said(one))
                continue
            probabilities = ensemble_probabilities(one, subject.pixels[None])[0, 0]
            label = int(probabilities.argmax())
            found = grad_cam(one, subject.pixels, label)
            if isinstance(found, str):
                parts.append(_said(found))
                continue
            caption = f"{arm}, seed {one.seeds[0]}: what spoke for {one.class_names[label]} at {found.layer}"
            parts.append(_picture(_overlaid(subject.pixels, found), caption))
        return f"<div class='side-by-side'>{''.join(parts)}</div>"

    def portrait(self, subject: Subject, arm: str, seed: int | None, layer: int | None) -> str:
        """Draw what a layer makes of an image, before and after training, and its kernels.

        Args:
            subject: The image.
            arm: The variation.
            seed: Of the run; the first finished one if not given.
            layer: From 1.
        """
        seed = self._seed(arm, seed)
        if seed is None:
            return _said(f"{arm} has no such finished seed.")
        run = self.finished[arm][seed].run
        try:
            view = layer_view(self.results, run, subject.pixels, None if layer is None else layer - 1)
        except ResultsError as error:
            return _said(str(error))
        return _drawn(portrait((view,), image=subject.pixels, image_name=subject.name, file_format=Format.PNG))

    def curves(self, arms: Sequence[str]) -> str:
        """Draw how variations learnt, the baseline with them."""
        named = [arm for arm in dict.fromkeys((BASELINE, *arms)) if arm in self._epochs]
        drawn = [ArmEpochs(name=arm, epochs=self._epochs[arm]) for arm in named]
        picture = learning_curves(
            ", ".join(arms), drawn, classes=len(self.results.manifest.class_names), file_format=Format.PNG
        )
        return _drawn(picture)

    @cached_property
    def _epochs(self) -> Epochs:
        return read_epochs(self.results)

    def _seed(self, arm: str, seed: int | None) -> int | None:
        if seed is None:
            return next(iter(self.finished[arm]))
        return seed if seed in self.finished[arm] else None

    def _single(self, arm: str, seed: int | None) -> Ensemble | str:
        chosen = self._seed(arm, seed)
        if chosen is None:
            return f"{arm} has no finished seed {seed}."
        return gather(self.results, [self.finished[arm][chosen]])

    def _answer(self, subject: Subject, arm: str, seed: int | None) -> str:
        ensemble = self.ensemble(arm) if seed is None else self._single(arm, seed)
        if isinstance(ensemble, str):
            return _said(ensemble)
        probabilities = ensemble_probabilities(ensemble, subject.pixels[None])[:, 0]
        if not np.isfinite(probabilities).all():
            return _said(f"{arm}: the sums of a network overflow, so that it has no answer.")
        return "".join(_answer_table(ensemble, rank(probabilities, ensemble.class_names, top=_TOP)))


def _finished(findings: Sequence[Finding]) -> dict[str, dict[int, Finding]]:
    finished: dict[str, dict[int, Finding]] = {}
    for one in findings:
        if one.status is Status.FINISHED and not isinstance(one.run.specification.network, BackboneNetwork):
            finished.setdefault(one.run.variation, {})[one.run.seed] = one
    return finished


def _answer_table(ensemble: Ensemble, ranked: Sequence[RankedClass]) -> Iterator[str]:
    seeds = len(ensemble.seeds)
    who = f"{seeds} seeds together" if seeds > 1 else f"seed {ensemble.seeds[0]}"
    spread = "<th>lowest to highest of a seed</th><th>votes</th>" if seeds > 1 else ""
    yield f"<table><caption>{html.escape(ensemble.arm)}, {who}</caption>"
    yield f"<tr><th>class</th><th>probability</th>{spread}</tr>"
    for one in ranked:
        cells = f"<td>{html.escape(one.name)}</td><td>{100 * one.probability:.1f} %</td>"
        if seeds > 1:
            cells += f"<td>{100 * one.lowest:.1f} to {100 * one.highest:.1f} %</td><td>{one.votes} of {seeds}</td>"
        yield f"<tr>{cells}</tr>"
    yield "</table>"


def _overlaid(pixels: NDArray[np.uint8], found: Attention) -> NDArray[np.uint8]:
    """Lay the colours of the share over a grey copy of the image."""
    grey = pixels.mean(axis=2, keepdims=True) / 255
    colours = mpl.colormaps["inferno"](found.share)[..., :3]
    strength = 0.75 * found.share[..., None]
    mixed = (1 - strength) * (0.3 + 0.7 * grey) + strength * colours
    overlaid: NDArray[np.uint8] = np.rint(255 * np.clip(mixed, 0, 1)).astype(np.uint8)
    return overlaid


def _picture(pixels: NDArray[np.uint8], caption: str) -> str:
    """Draw pixels as squares that can be told apart."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    times = max(1, _SIDE // max(image.size))
    buffer = io.BytesIO()
    image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST).save(buffer, "PNG")
    text = html.escape(caption, quote=True)
    return f'<figure><img alt="{text}" src="{_data(buffer.getvalue())}"><figcaption>{text}</figcaption></figure>'


def _drawn(picture: Picture) -> str:
    assert picture.png is not None, "asked for as PNG"
    return f'<img class="drawing" alt="{html.escape(picture.alt, quote=True)}" src="{_data(picture.png)}">'


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _said(sentence: str) -> str:
    return f"<p class='note'>{html.escape(sentence)}</p>"
