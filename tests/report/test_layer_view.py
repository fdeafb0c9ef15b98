import numpy as np
import pytest

from ceteris.engines.initial import initial_weights
from ceteris.errors import ResultsError
from ceteris.networks.shape import Shape
from ceteris.prediction.forward import layer_outputs, network_input
from ceteris.report.layer_view import layer_view, layer_views
from ceteris.runs.results import read_results


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
    views = layer_views(results, image)

    assert [(view.arm, view.seed) for view in views] == [("baseline", 0), ("deeper", 0), ("shallow", 0)]
    with pytest.raises(ResultsError) as error:
        layer_views(results, image, seed=3)
    assert str(error.value) == f"{folders('half')} has no seed 3; its seeds are 0, 1 and 2."


def test_arms_without_the_layer_are_left_out(folders):
    """A layer that only some arms have is shown of these; one that none has is refused with the baseline's layers."""
    results, image = opened(folders("one seed"))

    assert [view.arm for view in layer_views(results, image, layer=4)] == ["deeper"]
    with pytest.raises(
        ResultsError, match=r"^'baseline' has no layer 6; its layers are 1 \(conv 4, kernel 3, relu\), "
    ):
        layer_views(results, image, layer=5)
