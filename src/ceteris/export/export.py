"""From a finished run to a folder that other software reads; it appears whole or not at all."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ceteris.analysis.study_analysis import analyze
from ceteris.errors import ResultsError
from ceteris.export.card import model_card
from ceteris.export.check import Check, ExportFormat, as_exported, check, chosen_places, reference
from ceteris.export.onnx_model import onnx_model
from ceteris.export.safetensors_model import LOADER, WEIGHTS, safetensors_loader, safetensors_weights
from ceteris.inference.ensemble import Ensemble, gather
from ceteris.results.atomic import PARTIAL, explained, make_folder, move, write_together
from ceteris.results.finding import Finding
from ceteris.results.results import Results
from ceteris.statistics.metrics import TEST_ACCURACY

CARD, FACTS = "README.md", "model.json"


def check_place(folder: Path, *, is_replacing: bool) -> None:
    """See whether an export may be written here, before any work is done for it."""
    with explained(folder, "look into it", needed=0):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    if not _is_export(folder):
        what = "holds something else" if folder.is_dir() else "is a file"
        raise ResultsError(f"{folder} {what}; an export goes into a folder of its own. Name a new one with --out.")
    if not is_replacing:
        raise ResultsError(f"{folder} holds an export already. Replace it with --force, or name another with --out.")


def publish(folder: Path, contents: Mapping[str, bytes], *, is_replacing: bool) -> None:
    """Write all files into a new folder beside the place, then put it there."""
    make_folder(folder.parent)
    fresh = folder.parent / f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}"
    try:
        make_folder(fresh)
        write_together(fresh, contents)
        check_place(folder, is_replacing=is_replacing)
        if not folder.exists():
            move(fresh, folder)
            return
        old = folder.parent / f".{folder.name}.{secrets.token_hex(4)}{PARTIAL}"
        move(folder, old)
        move(fresh, folder)
        with suppress(OSError):
            shutil.rmtree(old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _is_export(folder: Path) -> bool:
    try:
        facts = json.loads((folder / FACTS).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get("made_by") == "ceteris"


FILES = {ExportFormat.ONNX: "model.onnx", ExportFormat.TORCH: "model.pt2", ExportFormat.SAFETENSORS: WEIGHTS}


@dataclass(frozen=True, kw_only=True)
class Export:
    """The folder that was written, and the check of each file with a network in it."""

    folder: Path
    checks: dict[str, Check]


def export_run(
    results: Results, finding: Finding, *, formats: Sequence[ExportFormat], out: Path, is_replacing: bool = False
) -> Export:
    """Write a finished run as files for other software, with a card that says what it is and how well it does.

    Every file is read back and compared on test images before anything is written, where its library is installed. The
    folder appears at once with all that is in it; an earlier export in its place is replaced only if that is asked for.

    Raises:
        ResultsError: If a library is missing, something is in the way, or a file does not say what the run says.
    """
    check_place(out, is_replacing=is_replacing)
    ensemble = gather(results, [finding])
    contents: dict[str, bytes] = {}
    checks: dict[str, Check] = {}
    images = results.images()
    places = chosen_places(len(images))
    shown = images[places]
    stored = reference(ensemble, shown, results.predictions(finding.run)[places])
    expected, rounding = as_exported(ensemble, shown, stored)
    for kind in dict.fromkeys(formats):
        content = _content(kind, ensemble, finding)
        contents[FILES[kind]] = content
        checks[FILES[kind]] = check(kind, content, ensemble, shown, expected)
        if kind is ExportFormat.SAFETENSORS:
            contents[LOADER] = safetensors_loader(ensemble)
    analysis = analyze(results, metric=TEST_ACCURACY)
    contents[CARD] = model_card(analysis, finding, ensemble, checks, rounding).encode()
    contents[FACTS] = _facts(results, finding, ensemble, contents, checks)
    publish(out, contents, is_replacing=is_replacing)
    return Export(folder=out, checks=checks)


def _content(kind: ExportFormat, ensemble: Ensemble, finding: Finding) -> bytes:
    match kind:
        case ExportFormat.ONNX:
            return onnx_model(ensemble, {"run": finding.run.digest, "data": finding.run.data_digest})
        case ExportFormat.SAFETENSORS:
            return safetensors_weights(ensemble)
        case ExportFormat.TORCH:
            if find_spec("torch") is None:
                raise ResultsError(
                    "--format torch needs PyTorch, which is not installed. "
                    "Install it with `pip install torch`, or choose another format."
                )
            from ceteris.export.torch_program import torch_program  # noqa: PLC0415 - an extra

            return torch_program(ensemble)


def _facts(
    results: Results, finding: Finding, ensemble: Ensemble, contents: dict[str, bytes], checks: dict[str, Check]
) -> bytes:
    """Write what a program needs to know about the export."""
    image, record = ensemble.image, finding.record
    assert record is not None, "a finished run has a record"
    facts = {
        "made_by": "ceteris",
        "study": results.manifest.study.title,
        "variation": ensemble.arm,
        "seed": ensemble.seeds[0],
        "run": finding.run.digest,
        "data": finding.run.data_digest,
        "test_accuracy": record.test_accuracy,
        "input": {"type": "uint8", "shape": ["batch", image.channels, image.height, image.width]},
        "output": {"type": "float32", "shape": ["batch", len(ensemble.class_names)]},
        **_inside(ensemble),
        "classes": list(ensemble.class_names),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "checks": {
            name: {"reader": one.reader or None, "images": one.images, "largest_difference": one.difference}
            for name, one in checks.items()
        },
    }
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()


def _inside(ensemble: Ensemble) -> dict[str, object]:
    """Say what the network does to grey levels before its first layer."""
    if ensemble.pretrained is None:
        return {"scale": list(ensemble.scale), "offset": list(ensemble.offset)}
    network = ensemble.pretrained.network
    return {
        "backbone": {
            "name": network.backbone.value,
            "pretrained_weights": network.weights_sha256,
            "resolution": network.resolution,
            "trained": network.train,
        }
    }
