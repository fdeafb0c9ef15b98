import hashlib
import json
from pathlib import Path

import pytest

from ceteris.results.results import read_results

torch = pytest.importorskip("torch")


@pytest.fixture
def here(tmp_path, monkeypatch, trained_folder):
    """Work beside the results."""
    monkeypatch.chdir(tmp_path)
    Path("results").symlink_to(trained_folder)


@pytest.mark.usefixtures("here")
def test_a_run_becomes_a_folder(ceteris, trained_folder):
    """The files, the card and the facts of a seed, with what reading them back came to."""
    code, out, err = ceteris("export", "results/kernel-1x1", "--seed", "1")

    place = Path("exports/kernel-1x1-seed-01")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["Kernel 1x1, seed 1", "note: These images are bands of colour."]
    assert lines[2].startswith(f"{place}/model.safetensors: checked with PyTorch ")
    assert " on 30 test images; probabilities differ by at most " in lines[2]
    assert lines[3:] == [f"{place}/README.md: what it is, how well it does, and its limits"]
    assert sorted(path.name for path in place.iterdir()) == ["README.md", "model.json", "model.py", "model.safetensors"]
    facts = json.loads((place / "model.json").read_text())
    record = next(
        one for one in read_results(trained_folder).records if (one.run.variation, one.run.seed) == ("Kernel 1x1", 1)
    )
    assert (facts["variation"], facts["seed"], facts["run"]) == ("Kernel 1x1", 1, record.run.digest)
    assert facts["test_accuracy"] == record.test_accuracy
    assert facts["files"] == {
        name: hashlib.sha256((place / name).read_bytes()).hexdigest()
        for name in ("model.safetensors", "model.py", "README.md")
    }
    assert facts["checks"]["model.safetensors"]["largest_difference"] <= 1e-5


@pytest.mark.usefixtures("here")
def test_several_formats_go_into_one_folder(ceteris):
    """Each named once or more; the first finished seed is taken, and that is said."""
    pytest.importorskip("onnxruntime")

    code, out, _ = ceteris(
        "export", "results/baseline", "--out", "mine", "--format", "onnx", "--format", "torch", "--format", "onnx"
    )

    assert code == 0
    assert out.splitlines()[2] == (
        "note: Seed 0 was taken, the first that finished; --seed names another. To take the one with the best test "
        "accuracy would make that accuracy too good to be true."
    )
    assert sorted(path.name for path in Path("mine").iterdir()) == [
        "README.md", "model.json", "model.onnx", "model.pt2",
    ]  # fmt: skip


@pytest.mark.usefixtures("here")
def test_an_export_is_replaced_with_force_alone(ceteris, monkeypatch):
    """A second export into the same folder is refused before any work, unless it is forced."""
    assert ceteris("export", "results/baseline", "--out", "mine")[0] == 0

    with monkeypatch.context() as patched:
        patched.setattr("ceteris.export.export.gather", None)
        refused = ceteris("export", "results/baseline", "--out", "mine", "--seed", "1")
    assert refused == (
        2, "", "error: mine holds an export already. Replace it with --force, or name another with --out.\n"
    )  # fmt: skip
    assert ceteris("export", "results/baseline", "--out", "mine", "--seed", "1", "--force")[0] == 0
    assert json.loads(Path("mine/model.json").read_text())["seed"] == 1


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("results/baseline", "--format", "keras"), "--format is 'keras', expected onnx, torch or safetensors."),
        (("results",), "results holds 2 variations. Name one of them: results/baseline or results/kernel-1x1."),
        (("results/baseline", "--seed", "9"), "results has no seed 9; its seeds are 0, 1 and 2."),
        (
            ("results/baseline", "--out", "results"),
            "results holds something else; an export goes into a folder of its own. Name a new one with --out.",
        ),
    ],
)
def test_a_mistake_is_answered_in_a_line(ceteris, arguments, says):
    """No traceback: the whole of what is said, and 2 for the shell."""
    assert ceteris("export", *arguments) == (2, "", f"error: {says}\n")


@pytest.mark.usefixtures("here")
def test_a_missing_library_is_named(ceteris, monkeypatch):
    """What to install, or to choose another format; nothing is written."""
    monkeypatch.setattr("ceteris.export.onnx_model.find_spec", lambda name: None if name == "onnxscript" else name)
    monkeypatch.setattr("ceteris.export.export.find_spec", lambda _: None)

    assert ceteris("export", "results/baseline", "--format", "onnx")[2] == (
        "error: --format onnx needs onnxscript, which is not installed. "
        "Install with `pip install torch onnx onnxruntime onnxscript`, or choose another format.\n"
    )
    assert ceteris("export", "results/baseline", "--format", "torch")[2] == (
        "error: --format torch needs PyTorch, which is not installed. "
        "Install it with `pip install torch`, or choose another format.\n"
    )
    assert not Path("exports").exists()
