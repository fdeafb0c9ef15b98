"""What is wrong with one arm for its images: layers that do not fit, settings of training that do not go together."""

from collections.abc import Iterator, Sequence

from ceteris.datasets.choice import share
from ceteris.datasets.dataset import ImageKind
from ceteris.networks.backbone import BLOCKS, BackboneNetwork, Statistics
from ceteris.networks.dense import Dense
from ceteris.networks.layer import Layer
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.placed import PlacedLayer, placed_layers
from ceteris.study.specification import Specification
from ceteris.training.augmentation import Flip
from ceteris.training.training import AUGMENTATIONS, MIXTURES, Training
from ceteris.values.mistakes import Place


def network_faults(specification: Specification, images: ImageKind) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with a network for its images: the layer's place, if it is one layer's, and a sentence."""
    network, classes = specification.network, images.classes
    yield from _layer_faults(specification, images)
    if isinstance(network, BackboneNetwork):
        yield from _backbone_faults(network, specification.training)
    if isinstance(network, ModuleNetwork) or specification.train:
        return  # what it gives is seen when it runs
    if not network.layers:
        what = "head" if network.foundation else "network"
        yield (), f'the {what} has no layers; give it at least {{ dense = "classes" }}.'
        return
    index, last = len(network.layers) - 1, network.layers[-1]
    if not isinstance(last, Dense):
        yield (index,), f'the last layer is {last}; add {{ dense = "classes" }} after it, one neuron for each class.'
        return
    if last.dense not in {"classes", classes}:
        neurons = f"{last.dense} neurons" if last.dense != 1 else "1 neuron"
        yield (index,), f'the last layer has {neurons} for {classes} classes; say dense = "classes".'
    if last.activation is not None:
        end = "leave it out, the softmax belongs to the loss."
        yield (index,), f"the last layer has activation {last.activation}; {end}"


def training_faults(specification: Specification, images: ImageKind | None) -> Iterator[str]:
    """Yield what is wrong with the settings of training together, and for the number of images, if that is known."""
    training = specification.training
    yield from training.faults()
    if images and images.training_images:
        yield from training.step_faults(share(images.training_images, specification.data.fraction))


def _layer_faults(specification: Specification, images: ImageKind) -> Iterator[tuple[Place, str]]:
    network = specification.network
    placed = placed_layers(network, images.shape, images.classes)
    for place, sentence, _ in _faults_of(placed, network.layers, (), specification.training.batch_size, ""):
        yield place, sentence


def _faults_of(
    placed: Sequence[PlacedLayer], declared: Sequence[Layer], around: Place, batch_size: int, flattened: str
) -> Iterator[tuple[Place, str, bool]]:
    """Yield what is wrong with a list of layers, and whether the sizes of later layers mean nothing because of it."""
    for index, (one, layer) in enumerate(zip(placed, declared, strict=True)):
        place = (*around, index)
        title = f"layer {'.'.join(str(part + 1) for part in place if isinstance(part, int))} ({layer})"
        if layer.takes_images and flattened:
            yield place, f"{title} comes after {flattened}, which leaves no image; move it before.", True
            return
        if layer.holds:
            inner = one.branches[layer.holds]
            for fault in _faults_of(inner, layer.inner, (*place, layer.holds), batch_size, flattened):
                yield fault
                if fault[2]:
                    return
        for own in one.layer.faults(one.before, batch_size):
            yield place, f"{title} {own.sentence}", own.blocks
            if own.blocks:
                return
        for sentence in _own_faults(one, batch_size, flattened):
            yield place, f"{title}: {sentence}", False
        if layer.flattens and not flattened:
            flattened = title


def _own_faults(placed: PlacedLayer, batch_size: int, flattened: str) -> Iterator[str]:
    """Yield what is wrong with the layers that a layer adds of its own, which no place of the file declares."""
    for name, branch in placed.branches.items():
        for one in branch if name != placed.layer.holds else ():
            if one.layer.takes_images and flattened:
                yield f"its {name} ({one.layer}) comes after {flattened}, which leaves no image; use another {name}."
                return
            yield from (f"its {name} ({one.layer}) {own.sentence}" for own in one.layer.faults(one.before, batch_size))


def _backbone_faults(network: BackboneNetwork, training: Training) -> Iterator[tuple[Place, str]]:
    most = BLOCKS[network.backbone]
    if network.trained_blocks > most:
        yield (), f'train = "{network.train}": {network.backbone} has {most}; give fewer, or train = "all".'
    if not network.is_frozen:
        return
    if network.backbone_learning_rate is not None:
        yield (
            (),
            'backbone_learning_rate is for a backbone that is trained, and train = "head"; remove one of the two.',
        )
    if network.batch_norm is Statistics.UPDATED:
        yield (
            (),
            'batch_norm = "updated" is for a backbone that is trained, and train = "head"; remove one of the two.',
        )
    for name in _NEW_IMAGES:
        if value := getattr(training, name):
            end = f"a frozen backbone sees each image once; set training.{name} = 0, or train some of its blocks."
            yield (), f"training.{name} = {value:g} makes new images in every epoch, and {end}"


# Features of mirrored images are computed once too; of these they would be new in every epoch.
_NEW_IMAGES = [name for kind in (*AUGMENTATIONS, *MIXTURES) if kind is not Flip for name in kind.model_fields]
