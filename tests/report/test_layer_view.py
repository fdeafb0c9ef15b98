import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from ceteris.engines.streams import initial_weights
from ceteris.errors import ResultsError
from ceteris.inference.forward import layer_outputs, network_input
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.report.layer_view import NOT_TRAINED, layer_view, layer_views
from ceteris.results.finding import Finding
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study


def opened(folder):
    """Read a results folder and its first test image."""
    results = read_results(folder)
    return results, results.images()[0]


def test_it_shows_a_layer_before_and_after_training(folders):
    """The initial weights follow from the seed, the trained ones are in the folder; kernels come with them."""
    results, image = opened(folders("one seed"))
    run = results.findings[0].run
    view = layer_view(results, run, image)
    initial = initial_weights(run.specification.network, Shape(32, 32, 3), 10, run.seed)
    inputs = network_input(image[None], results.manifest.scale, results.manifest.offset)

    assert (view.arm, view.seed, view.layer, view.gap) == ("baseline", 0, "layer 1 (conv 4, kernel 3, relu)", "")
    assert view.inputs == ("red", "green", "blue")
    np.testing.assert_array_equal(view.kernels_before, initial["layers.0.weight"])
    np.testing.assert_array_equal(view.kernels_after, results.weights(run)["layers.0.weight"])
    np.testing.assert_allclose(
        view.before, layer_outputs(run.specification.network, initial, inputs)[0][0], rtol=1e-5, atol=1e-6
    )
    assert view.before.shape == (4, 30, 30)
    assert not np.allclose(view.before, view.after)


def test_later_layers_see_what_is_before_them(folders):
    """The second convolution's inputs are the first one's channels; pooling has no kernels and keeps the colours."""
    results, image = opened(folders("one seed"))
    deeper = next(one.run for one in results.findings if one.run.variation == "deeper")

    second = layer_view(results, deeper, image, 1)
    assert (second.layer, second.inputs) == ("layer 2 (conv 3, kernel 1)", ("1", "2", "3", "4"))
    assert second.kernels_after.shape == (3, 4, 1, 1)
    pooling = layer_view(results, results.findings[0].run, image, 1)
    assert (pooling.layer, pooling.kernels_before, pooling.kernels_after) == ("layer 2 (max pool 5)", None, None)


@pytest.mark.parametrize(("groups", "inputs"), [(2, ("1", "2")), (4, ("own",))])
def test_inputs_are_counted_within_a_group(folders, groups, inputs):
    """A kernel has as many pictures as its group has channels; strides make smaller outputs."""
    results, image = opened(folders("one seed"))
    run = results.findings[0].run
    layers = [{"conv": 4, "stride": 2}, {"conv": 4, "kernel": 1, "groups": groups, "bias": False}, {"dense": "classes"}]
    specification = run.specification.model_copy(update={"network": Network(layers=layers)})
    run = replace(run, specification=specification)
    finding = Finding(run=run)
    view = layer_view(replace(results, findings=(finding,)), run, image, 1)

    assert (view.inputs, view.kernels_before.shape[1]) == (inputs, len(inputs))
    assert view.before.shape == (4, 15, 15)


BLOCK = {"residual": [{"conv": 4, "padding": "same"}, {"batch_norm": True}, {"conv": 4, "kernel": 1}]}


@pytest.fixture(scope="module")
def residual(tmp_path_factory):
    """Give the results of one seed of a network whose convolutions are all in blocks, one of them in another."""
    outer = {"residual": [{"conv": 4, "stride": 2, "padding": "same"}, BLOCK], "shortcut": "projection"}
    layers = [{"max_pool": 2}, outer, {"dense": "classes"}]
    baseline = {"network": {"layers": layers}, "training": {"epochs": 5, "learning_rate": 0.01}}
    study = made_up_study(seeds=1, baseline=baseline, variation=())
    return opened(made_up_folder(tmp_path_factory.mktemp("blocks") / "results", study=study))


@pytest.mark.parametrize(
    ("number", "layer", "name"),
    [
        (None, "2.1 (conv 4, kernel 3, padding same, stride 2)", "1.residual.0"),
        ("2.2.3", "2.2.3 (conv 4, kernel 1)", "1.residual.1.residual.2"),
        ("2.2.2", "2.2.2 (batch norm)", None),
        (1, "2 (residual, projection shortcut)", None),
        ("2.2", "2.2 (residual)", None),
    ],
)
def test_layers_in_blocks_are_shown(residual, number, layer, name):
    """By their numbers in the blocks around them; the first convolution may be in one."""
    results, image = residual
    run = results.findings[0].run
    view = layer_view(results, run, image, number)

    assert view.layer == f"layer {layer}"
    assert (view.kernels_after is None) == (name is None)
    if name is not None:
        np.testing.assert_array_equal(view.kernels_after, results.weights(run)[f"layers.{name}.weight"])
        initial = initial_weights(run.specification.network, Shape(32, 32, 3), 10, run.seed)
        np.testing.assert_array_equal(view.kernels_before, initial[f"layers.{name}.weight"])


def test_a_block_is_the_sum_of_what_its_layers_and_its_shortcut_make(residual):
    """The picture of its last layer, added to that of the block before it, is the picture of the block itself."""
    results, image = residual
    run = results.findings[0].run
    first, last, block = (layer_view(results, run, image, number).after for number in ("2.1", "2.2.3", "2.2"))

    np.testing.assert_allclose(first + last, block, rtol=1e-5, atol=1e-6)


def test_a_layer_that_no_block_has_is_refused(residual):
    """The message says how layers in blocks are counted."""
    results, image = residual
    with pytest.raises(ResultsError) as error:
        layer_view(results, results.findings[0].run, image, "2.3")
    assert str(error.value) == (
        "'baseline' has no layer '2.3'; its layers are 1 (max pool 2), 2 (residual, projection shortcut) and 3 (dense "
        "classes); those in a block are counted in it, for example 2.1."
    )


@pytest.mark.parametrize(
    ("state", "variation", "seed", "gap"),
    [
        ("a variation diverged", "deeper", 0, "diverged in epoch 2: no weights were kept"),
        ("half", "deeper", 2, "failed: see `ceteris status`"),
        ("half", "deeper", 1, "not finished yet"),
        ("half", "shallow", 0, "not trained yet"),
    ],
)
def test_what_is_missing_after_training_is_said(folders, state, variation, seed, gap):
    """A run without weights shows what it began with, and why there is no more."""
    results, image = opened(folders(state))
    run = next(one.run for one in results.findings if (one.run.variation, one.run.seed) == (variation, seed))
    view = layer_view(results, run, image)

    assert view.gap == gap
    assert view.after is None
    assert view.kernels_after is None
    assert view.before.size


def test_a_damaged_run_is_not_shown(copied):
    """Weights that are not as they were written are not drawn."""
    folder = copied("no variations")
    results, image = opened(folder)
    run = results.findings[0].run
    (folder / "runs" / "baseline" / f"seed-00-{run.digest[:8]}" / "weights.safetensors").write_bytes(b"")

    assert layer_view(read_results(folder), run, image).gap == "damaged: run the study again"


def test_all_arms_are_shown_with_the_seed_that_most_have(folders):
    """Of seeds that are finished equally often the first; a seed that the study lacks is refused."""
    results, image = opened(folders("half"))
    views = layer_views(results, image).views

    assert [(view.arm, view.seed) for view in views] == [("baseline", 0), ("deeper", 0), ("shallow", 0)]
    with pytest.raises(ResultsError) as error:
        layer_views(results, image, seed=3)
    assert str(error.value) == f"{folders('half')} has no seed 3; its seeds are 0, 1 and 2."


def test_arms_without_the_layer_are_left_out(folders):
    """A layer that only some arms have is shown of these; one that none has is refused with the baseline's layers."""
    results, image = opened(folders("one seed"))

    assert [view.arm for view in layer_views(results, image, layer=4).views] == ["deeper"]
    with pytest.raises(
        ResultsError, match=r"^'baseline' has no layer 6; its layers are 1 \(conv 4, kernel 3, relu\), "
    ):
        layer_views(results, image, layer=5)


@pytest.fixture(scope="module")
def pretrained(heads_folder):
    """Give the results of a study with heads on two backbones, and a third one whose last block learns."""
    return read_results(heads_folder)


def run_of(results, arm):
    """Give the run of an arm."""
    return next(one.run for one in results.findings if one.run.variation == arm)


def test_a_pretrained_backbone_shows_its_first_convolution(pretrained):
    """With the image as it sees it, and without anything after training where its weights are left as they are."""
    view = layer_view(pretrained, run_of(pretrained, "mobilenet_v2"), pretrained.images()[0])

    assert (view.layer, view.stage, view.gap) == (
        "features.0.0 (conv 32, kernel 3, stride 2)",
        "pretrained",
        NOT_TRAINED,
    )
    assert view.inputs == ("red", "green", "blue")
    assert (view.before.shape, view.after) == ((32, 17, 17), None)
    assert (view.kernels_before.shape, view.kernels_after) == ((32, 3, 3, 3), None)
    assert view.seen.shape == (33, 33, 3)


def test_blocks_are_counted_and_layers_go_by_their_names(pretrained):
    """Number 0 is the first block; a depthwise convolution has one input to each channel, others all of them."""
    run, image = run_of(pretrained, "mobilenet_v2"), pretrained.images()[0]

    assert layer_view(pretrained, run, image, 0).layer == "features.0 (Conv2dNormActivation)"
    assert layer_view(pretrained, run, image, 18).layer == "features.18 (Conv2dNormActivation)"
    assert layer_view(pretrained, run, image, "features.1.conv.0.0").inputs == ("own",)
    assert layer_view(pretrained, run, image, "features.1.conv.1").inputs == tuple(map(str, range(1, 33)))


def test_a_block_that_learnt_is_shown_before_and_after(pretrained):
    """The last block of a fine-tuned network differs from the pretrained one, the one before it does not."""
    run, image = run_of(pretrained, "tuned"), pretrained.images()[0]

    last = layer_view(pretrained, run, image, "layer4.1.conv2")
    assert (last.stage, last.gap) == ("pretrained", "")
    assert np.abs(last.after - last.before).max() > 1e-4
    assert np.abs(last.kernels_after - last.kernels_before).max() > 1e-5
    assert layer_view(pretrained, run, image, "layer4.0").gap == NOT_TRAINED


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (19, "'mobilenet_v2' has no layer 20. "),
        ("features.1.cnov.2", "'mobilenet_v2' has no layer 'features.1.cnov.2'; did you mean features.1.conv.2? "),
        ("-1", "'mobilenet_v2' has no layer '-1'. "),
    ],
)
def test_a_layer_that_a_backbone_lacks_is_refused(pretrained, layer, message):
    """With the nearest name, the blocks that there are, and how layers are named."""
    with pytest.raises(ResultsError) as error:
        layer_view(pretrained, run_of(pretrained, "mobilenet_v2"), pretrained.images()[0], layer)

    assert str(error.value) == message + (
        "The blocks of its mobilenet_v2 are 1 (features.0) to 19 (features.18); the layers in them go by their names "
        "in torchvision, for example features.0.0."
    )


def test_pretrained_networks_stand_beside_the_others(pretrained, monkeypatch):
    """In the order of the study; left out where they are not wanted, and with the reason where they cannot be shown."""
    image = pretrained.images()[0]
    arms = ["baseline", "mobilenet_v2", "resnet18", "tuned"]
    assert [view.arm for view in layer_views(pretrained, image).views] == arms
    assert [view.arm for view in layer_views(pretrained, image, layer="layer4").views] == arms[2:]
    assert [view.arm for view in layer_views(pretrained, image, pretrained=False).views] == arms[:1]

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find_spec(name))
    found = layer_views(pretrained, image)
    assert [view.arm for view in found.views] == ["baseline"]
    assert found.gaps[0] == (
        "Not shown: 'mobilenet_v2' begins with a pretrained mobilenet_v2, which needs PyTorch and torchvision, and "
        "they are not installed. Install them with `pip install torch torchvision`, or name another variation."
    )
    with pytest.raises(ResultsError, match=r"^'mobilenet_v2' begins with a pretrained mobilenet_v2"):
        layer_views(pretrained, image, layer="features.0.0")


def test_a_run_that_is_not_trained_yet_shows_its_pretrained_weights(pretrained):
    """They are known before; only what a block that learns becomes is missing."""
    tuned = run_of(pretrained, "tuned")
    findings = [replace(one, record=None) if one.run == tuned else one for one in pretrained.findings]
    early = replace(pretrained, findings=tuple(findings))

    assert layer_view(early, tuned, pretrained.images()[0], 8).gap == "not trained yet"
    assert layer_view(early, tuned, pretrained.images()[0]).gap == NOT_TRAINED
