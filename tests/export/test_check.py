import functools
import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pytest

from ceteris.errors import ResultsError
from ceteris.export.check import LARGEST_DIFFERENCE, Check, ExportFormat, check, chosen_places, reference
from ceteris.export.onnx_model import onnx_model
from ceteris.export.safetensors_model import safetensors_loader, safetensors_weights
from ceteris.inference.ensemble import ensemble_probabilities

torch = pytest.importorskip("torch")

from ceteris.export.torch_program import torch_program  # noqa: E402 - needs torch

WRITERS = {
    ExportFormat.ONNX: lambda ensemble: onnx_model(ensemble, {}),
    ExportFormat.TORCH: torch_program,
    ExportFormat.SAFETENSORS: safetensors_weights,
}


@pytest.fixture(scope="session")
def written(trained_network):
    """Write the network in a format, once: exporting is what takes time here."""
    return functools.cache(lambda kind: WRITERS[kind](trained_network[0]))


@pytest.mark.parametrize("kind", ExportFormat)
def test_every_format_says_what_the_engine_said(trained_network, written, kind):
    """Read back by its own library, a file gives the engine's probabilities to 1e-5, whatever the network."""
    if kind is ExportFormat.ONNX:
        pytest.importorskip("onnxruntime")
    ensemble, images, probabilities = trained_network

    found = check(kind, written(kind), ensemble, images, probabilities)

    assert found.difference <= LARGEST_DIFFERENCE == 1e-5
    assert (found.images, found.missing) == (30, "")
    assert found.reader.split()[0] == ("ONNX" if kind is ExportFormat.ONNX else "PyTorch")


def test_numpy_says_what_the_engine_said(trained_network):
    """What exports are compared with is the engine's answer, to 1e-5."""
    ensemble, images, probabilities = trained_network

    found = ensemble_probabilities(ensemble, images)[0]
    np.testing.assert_allclose(found, probabilities, rtol=0, atol=LARGEST_DIFFERENCE)


def test_any_number_of_images_goes_in(trained_network, written):
    """One image, or all of them, into each program: the batch is not fixed."""
    onnxruntime = pytest.importorskip("onnxruntime")
    images = trained_network[1]
    session = onnxruntime.InferenceSession(written(ExportFormat.ONNX), providers=["CPUExecutionProvider"])
    shown = np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    together = session.run(["probabilities"], {"images": shown})[0]

    assert together.shape == (30, 10)
    alone = np.concatenate([session.run(None, {"images": shown[n : n + 1]})[0] for n in range(30)])
    np.testing.assert_allclose(alone, together, rtol=0, atol=LARGEST_DIFFERENCE)


def test_the_loader_needs_nothing_of_ours(trained_network, tmp_path):
    """The Python file beside the weights loads them with torch and safetensors, and is short."""
    ensemble, images, probabilities = trained_network
    loader = safetensors_loader(ensemble).decode()
    (tmp_path / "model.py").write_text(loader)
    (tmp_path / "model.safetensors").write_bytes(safetensors_weights(ensemble))
    specification = importlib.util.spec_from_file_location("exported_model", tmp_path / "model.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    with torch.no_grad():
        found = module.load()(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))).numpy()

    np.testing.assert_allclose(found, probabilities, rtol=0, atol=LARGEST_DIFFERENCE)
    assert ensemble.class_names == module.CLASSES
    assert "ceteris" not in loader
    written = [
        line
        for line in loader.splitlines()
        if line and not line.lstrip().startswith(("nn.", "Residual(", "residual=", "shortcut=", "),"))
    ]
    assert len(written) < 30


def test_a_file_that_says_something_else_is_refused(trained_network):
    """A wrong weight does not pass, and the message says by how much."""
    ensemble, images, probabilities = trained_network
    wrong = probabilities.copy()
    wrong[3, 2] += 0.01

    with pytest.raises(ResultsError) as error:
        check(ExportFormat.SAFETENSORS, safetensors_weights(ensemble), ensemble, images, wrong)

    assert str(error.value).startswith("the exported safetensors file, read with PyTorch ")
    assert str(error.value).endswith(
        "gives probabilities that differ by 0.01 from those of the run, expected at most 1e-05. "
        "Nothing was exported; choose another format."
    )


def test_the_numbers_in_the_file_are_those_that_are_checked(trained_network):
    """Weights that were written wrongly are found, whatever they were made from."""
    ensemble, images, probabilities = trained_network
    doubled = replace(ensemble, weights=({name: 2 * array for name, array in ensemble.weights[0].items()},))

    with pytest.raises(ResultsError):
        check(ExportFormat.SAFETENSORS, safetensors_weights(doubled), ensemble, images, probabilities)


def test_a_run_that_does_not_say_what_it_said_is_refused(trained_network):
    """Where weights and stored predictions do not belong together, there is nothing to compare with."""
    ensemble, images, probabilities = trained_network
    reference(ensemble, images, probabilities.astype(np.float16))

    with pytest.raises(ResultsError) as error:
        reference(ensemble, images, np.zeros_like(probabilities, np.float16) - 1)

    assert "the stored weights give probabilities that differ by " in str(error.value)
    with pytest.raises(ResultsError):
        reference(ensemble, images, np.full_like(probabilities, np.nan, np.float16))


def test_without_its_library_a_file_is_not_checked(trained_network, monkeypatch):
    """Which package is missing is told, and no number is made up."""
    ensemble, images, probabilities = trained_network
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    assert check(ExportFormat.ONNX, b"", ensemble, images, probabilities) == Check(missing="onnxruntime")


def test_a_thousand_images_at_even_distances_are_enough():
    """All of a few; of many the first, the last, and those between."""
    assert chosen_places(3).tolist() == [0, 1, 2]
    places = chosen_places(10_000)
    assert (len(places), places[0], places[-1]) == (1000, 0, 9999)
    assert set(np.diff(places)) == {10, 11}
