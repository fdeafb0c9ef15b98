import numpy as np
import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from torchvision.transforms.v2 import InterpolationMode  # noqa: E402
from torchvision.transforms.v2.functional import normalize, resize  # noqa: E402

from ceteris.engines.transfer.backbone import load_backbone  # noqa: E402
from ceteris.inference.backbone import (  # noqa: E402
    describe_layer,
    image_seen,
    is_trained,
    layer_names,
    layer_output,
)
from ceteris.networks.backbone import Backbone, BackboneNetwork, block_names, first_convolution  # noqa: E402
from tests.inference.pretrained import write_weights  # noqa: E402 - needs torch

RESOLUTION = 40
IMAGE = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.fixture(scope="module", params=Backbone)
def loaded(request, tmp_path_factory):
    """Give a backbone of random weights, and the whole network as torchvision builds it."""
    file = write_weights(tmp_path_factory.mktemp("weights"), request.param)
    whole = getattr(torchvision.models, request.param)()
    whole.load_state_dict(torch.load(file, weights_only=True))
    network = BackboneNetwork(backbone=request.param, resolution=RESOLUTION, train="last 2 blocks")
    return network, load_backbone(file, request.param), whole.eval()


def prepared_by_hand(backbone):
    """Resize and normalise as torchvision documents it for its weights. Shape (1, 3, 40, 40)."""
    kind = InterpolationMode.BICUBIC if backbone == "efficientnet_b0" else InterpolationMode.BILINEAR
    pixels = torch.from_numpy(IMAGE).permute(2, 0, 1)[None]
    resized = resize(pixels, [RESOLUTION, RESOLUTION], kind, antialias=True)
    return resized, normalize(resized.float() / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def outputs_by_hand(whole, backbone, values):
    """Follow an image through torchvision's network; gives what comes out of some of its layers."""
    if backbone != "resnet18":
        first = whole.features[0][0](values)
        found = {"features.0.0": first, "features.0.1": whole.features[0][1](first)}
        for number, block in enumerate(whole.features):
            values = block(values)
            found[f"features.{number}"] = values
        return found
    found = {"conv1": whole.conv1(values)}
    found["bn1"] = whole.bn1(found["conv1"])
    found["maxpool"] = values = whole.maxpool(whole.relu(found["bn1"].clone()))
    for number in range(1, 5):
        for place, block in enumerate(getattr(whole, f"layer{number}")):
            found[f"layer{number}.{place}"] = values = block(values)
        found[f"layer{number}"] = values
    return found


def test_every_layer_gives_what_torchvision_gives(loaded):
    """Under torchvision's names and to 1e-4, also where the activation that follows overwrites what it is given."""
    network, blocks, whole = loaded
    resized, values = prepared_by_hand(network.backbone)
    with torch.inference_mode():
        expected = outputs_by_hand(whole, network.backbone, values)

    for name, output in expected.items():
        found = layer_output(network, blocks, IMAGE, name)[0]
        scale = float(output.abs().max())
        np.testing.assert_allclose(found, output[0].numpy(), atol=1e-4 * scale, err_msg=name)
    assert set(block_names(network.backbone)) <= set(expected)
    np.testing.assert_array_equal(image_seen(network, IMAGE), resized[0].permute(1, 2, 0).numpy())


def test_kernels_are_those_of_the_convolution(loaded):
    """Of the first layer as torchvision holds them; a layer that is no convolution has none."""
    network, blocks, whole = loaded
    _, kernels = layer_output(network, blocks, IMAGE, first_convolution(network.backbone))
    expected = whole.conv1 if network.backbone == "resnet18" else whole.features[0][0]

    np.testing.assert_array_equal(kernels, expected.weight.detach().numpy())
    assert layer_output(network, blocks, IMAGE, block_names(network.backbone)[1])[1] is None


def test_layers_are_named_and_described_as_torchvision_builds_them(loaded):
    """Every module of the backbone has its own name, and a convolution says how it is made."""
    network, blocks, whole = loaded
    theirs = {
        name for name, _ in whole.named_modules() if name and not name.startswith(("classifier", "fc", "avgpool"))
    }
    assert set(layer_names(blocks, network.backbone)) == theirs - {"features"}

    described = describe_layer(blocks, network.backbone, first_convolution(network.backbone))
    assert (
        described
        == {
            "mobilenet_v2": "features.0.0 (conv 32, kernel 3, stride 2)",
            "resnet18": "conv1 (conv 64, kernel 7, stride 2)",
            "efficientnet_b0": "features.0.0 (conv 32, kernel 3, stride 2)",
        }[network.backbone]
    )
    if network.backbone == "mobilenet_v2":
        depthwise = describe_layer(blocks, network.backbone, "features.1.conv.0.0")
        assert depthwise == "features.1.conv.0.0 (conv 32, kernel 3, depthwise)"
        assert describe_layer(blocks, network.backbone, "features.1") == "features.1 (InvertedResidual)"


def test_training_changes_what_comes_after_it_begins(loaded):
    """Layers of the trained blocks, and no layer before them."""
    network, blocks, _ = loaded
    names = block_names(network.backbone)

    assert [name for name in names if is_trained(blocks, network, name)] == list(names[-2:])
    assert not is_trained(blocks, network, first_convolution(network.backbone))
