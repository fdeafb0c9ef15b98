"""The trained networks of one variation, one per seed, and how their predictions are ranked together."""

# s = seeds of a variation, n = images, h, w = height, width, c = channels, k = classes

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ceteris.errors import ResultsError
from ceteris.inference.forward import Weights, class_probabilities, network_input
from ceteris.inference.pretrained import Pretrained, find_pretrained
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.shape import Shape
from ceteris.results.finding import Finding
from ceteris.results.results import Results
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class RankedClass:
    """One class that an image may be of.

    Attributes:
        probability: Mean over the seeds, in [0, 1].
        deviation: Sample standard deviation of the probability over the seeds; None for a single seed.
        lowest: Smallest probability that a seed gives the class.
        votes: How many seeds give this class their largest probability.
    """

    name: str
    probability: float
    deviation: float | None
    lowest: float
    highest: float
    votes: int


def rank(probabilities_sk: Values, class_names: Sequence[str], *, top: int) -> tuple[RankedClass, ...]:
    """Rank classes by their mean probability over the seeds.

    The mean of the probabilities of networks trained from different seeds is more often right, and its probabilities
    are truer, than those of one network (Lakshminarayanan et al. 2017, arXiv:1612.01474). Where seeds disagree, the
    prediction may be due to chance.

    Args:
        probabilities_sk: What each seed says, finite. Shape (s, k).
        class_names: In label order.
        top: How many classes to give; all if there are fewer.

    Returns:
        The most probable first; of equal ones the first in label order.

    Example:
        >>> seeds = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]], np.float32)
        >>> for one in rank(seeds, ["cat", "dog", "frog"], top=2):
        ...     print(one.name, one.probability, round(one.deviation, 3), one.lowest, one.highest, one.votes)
        dog 0.5 0.0 0.5 0.5 1
        cat 0.375 0.177 0.25 0.5 1
    """
    exact_sk = probabilities_sk.astype(np.float64)
    mean_k = exact_sk.mean(axis=0)
    votes = np.bincount(exact_sk.argmax(axis=1), minlength=len(class_names))
    return tuple(
        RankedClass(
            name=class_names[label],
            probability=float(mean_k[label]),
            deviation=float(exact_sk[:, label].std(ddof=1)) if len(exact_sk) > 1 else None,
            lowest=float(exact_sk[:, label].min()),
            highest=float(exact_sk[:, label].max()),
            votes=int(votes[label]),
        )
        for label in np.argsort(-mean_k, kind="stable")[:top]
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Networks that differ in their seed only, and what they must be shown.

    Attributes:
        arm: Name of the variation, or `baseline`.
        weights: What was trained of each network, in the order of the seeds.
        scale: What the grey levels of each channel are multiplied by, as in training.
        pretrained: The backbone that they begin with; None if they are layers alone. It scales images itself.
        flip: Whether their answers are averaged over an image and its mirror image, as `test_time_flip` has it.
    """

    arm: str
    seeds: tuple[int, ...]
    network: Network | BackboneNetwork
    weights: tuple[Weights, ...]
    image: Shape
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    class_names: tuple[str, ...]
    pretrained: Pretrained | None = None
    flip: bool = False

    def alone(self, seed: int) -> "Ensemble":
        """Give the network of one seed, which must be among them."""
        place = self.seeds.index(seed)
        pretrained = None if self.pretrained is None else self.pretrained.alone(place)
        return replace(self, seeds=(seed,), weights=(self.weights[place],), pretrained=pretrained)


def gather(results: Results, findings: Sequence[Finding]) -> Ensemble:
    """Read the weights of finished runs of one variation.

    The results folder is all that is needed, and for networks on a pretrained backbone the file of its weights.

    Raises:
        ResultsError: If a file cannot be read, a pretrained backbone is not available, or the network is code of the
            user's own, which is never run from a results folder.
    """
    first, manifest = findings[0].run, results.manifest
    assert {one.run.variation for one in findings} == {first.variation}, "seeds of one variation"
    network = first.specification.network
    if first.specification.train or isinstance(network, ModuleNetwork):
        raise ResultsError(own_code_refused(first))
    records = [one.record for one in findings if one.record is not None]
    assert len(records) == len(findings), "finished runs have records"
    return Ensemble(
        arm=first.variation,
        seeds=tuple(one.run.seed for one in findings),
        network=network,
        weights=tuple(results.weights(one.run) for one in findings),
        image=Shape(*results.images().shape[1:]),
        scale=manifest.scale,
        offset=manifest.offset,
        class_names=manifest.class_names,
        pretrained=find_pretrained(results, records) if isinstance(network, BackboneNetwork) else None,
        flip=first.specification.training.test_time_flip,
    )


def own_code_refused(run: Run) -> str:
    """Say why networks of the user's own code are not run again."""
    end = "build the network with that code, and load `weights.safetensors` of a run into it."
    if run.specification.train:
        end = "train and predict with that code."
    return f"'{run.variation}' was trained by code of its user's own, and code in a results folder is never run; {end}"


def ensemble_probabilities(ensemble: Ensemble, images_nhwc: NDArray[np.uint8]) -> Values:
    """Show images, shape (n, h, w, c), to every network, scaled as in training; with `flip` mirrored too, and averaged.

    Shape (s, n, k), float32; each row adds up to 1, or holds not-a-number where a network's sums overflow.
    """
    answers = _answers(ensemble, images_nhwc)
    if not ensemble.flip:
        return answers
    mean: Values = (answers + _answers(ensemble, np.ascontiguousarray(images_nhwc[:, :, ::-1]))) / np.float32(2)
    return mean


def _answers(ensemble: Ensemble, images_nhwc: NDArray[np.uint8]) -> Values:
    if ensemble.pretrained is not None:
        return ensemble.pretrained.probabilities(ensemble.weights, images_nhwc)
    network = ensemble.network
    assert isinstance(network, Network), "a network of layers alone"
    inputs = network_input(images_nhwc, ensemble.scale, ensemble.offset)
    return np.stack([class_probabilities(network, weights, inputs) for weights in ensemble.weights])
