import pytest

from ceteris.networks.backbone import Backbone, BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.shape import Shape

IMAGE = Shape(32, 32, 3)


@pytest.mark.parametrize("backbone", Backbone)
def test_counts_what_torchvision_holds(backbone):
    """As many parameters as the real network, with a head for ImageNet's thousand classes."""
    models = pytest.importorskip("torchvision.models")
    network = getattr(models, backbone.value)()

    counted = network_cost(BackboneNetwork(backbone=backbone), IMAGE, 1000)

    assert counted.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert counted.trainable == sum(parameter.numel() for parameter in [*network.children()][-1].parameters())


@pytest.mark.parametrize(
    ("backbone", "published"),
    [(Backbone.MOBILENET_V2, 0.30e9), (Backbone.RESNET18, 1.81e9), (Backbone.EFFICIENTNET_B0, 0.39e9)],
)
def test_counts_the_multiply_adds_that_were_published(backbone, published):
    """At 224 x 224 the papers' figures, within what batch normalisation adds."""
    counted = network_cost(BackboneNetwork(backbone=backbone, resolution=224), IMAGE, 1000)

    assert counted.multiply_adds == pytest.approx(published, rel=0.03)


def test_a_frozen_backbone_learns_its_head_alone():
    """What is trained grows with the blocks, what there is does not."""
    costs = [
        network_cost(BackboneNetwork(backbone="mobilenet_v2", train=train), IMAGE, 10)
        for train in ("head", "last 1 block", "all")
    ]

    assert [cost.trainable for cost in costs] == [12_810, 12_810 + 320 * 1280 + 2560, costs[0].parameters]
    assert len({cost.parameters for cost in costs}) == 1


def test_layers_learn_all_they_hold(network):
    """Without a backbone there is one number for both."""
    cost = network_cost(network, IMAGE, 10)

    assert cost.parameters == cost.trainable
    assert cost.multiply_adds == cost.head_multiply_adds


@pytest.mark.parametrize("backbone", Backbone)
def test_counts_the_most_that_a_layer_reads_and_writes(backbone):
    """As many numbers as pass through the busiest convolution or pooling of torchvision's network."""
    torch, models = pytest.importorskip("torch"), pytest.importorskip("torchvision.models")
    network, seen = getattr(models, backbone.value)().eval(), []

    def note(_, inputs, output):
        seen.append(inputs[0].numel() + output.numel())

    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.MaxPool2d, torch.nn.Linear)):
            module.register_forward_hook(note)
    with torch.inference_mode():
        network(torch.zeros(1, 3, 96, 96))

    counted = network_cost(BackboneNetwork(backbone=backbone, resolution=96), IMAGE, 1000)

    assert counted.values == max(seen)
    assert counted.memory == 4 * (counted.parameters + max(seen))
