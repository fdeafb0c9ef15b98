"""The model card of an exported network (Mitchell et al. 2019, arXiv:1810.03993), computed from the records alone."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.weights import OFFICIAL_WEIGHTS
from ceteris.export.check import Check, Rounding
from ceteris.export.onnx_model import INPUT, OPSET, OUTPUT
from ceteris.inference.ensemble import Ensemble
from ceteris.inference.pretrained import Pretrained
from ceteris.networks.backbone import Backbone, BackboneNetwork
from ceteris.networks.cost import network_cost
from ceteris.networks.shape import Shape
from ceteris.report.quantities import NOTHING, count, percent, percent_range, points, points_range, quoted
from ceteris.report.sections.warnings import chance_notes, origin_sentence
from ceteris.report.table import markdown_text
from ceteris.report.wording import run_notes, verdict_words
from ceteris.results.finding import Finding
from ceteris.results.record import RunRecord
from ceteris.statistics.interval import Interval
from ceteris.statistics.scores import Ending
from ceteris.statistics.summary import ArmSummary
from ceteris.study.changes import in_words
from ceteris.study.run import BASELINE

_TRAINERS = {
    Backbone.MOBILENET_V2: "torchvision's maintainers",
    Backbone.RESNET18: "torchvision's maintainers",
    Backbone.EFFICIENTNET_B0: "Ross Wightman, whose weights torchvision offers",
}


def backbone_limits(pretrained: Pretrained) -> Iterator[str]:
    """Say where the pretrained weights come from, and what is not known of them."""
    network = pretrained.network
    official = OFFICIAL_WEIGHTS[network.backbone]
    if network.weights_sha256 == official.sha256:
        yield (
            f"It is built on torchvision's {network.backbone} with the weights {official.name} (SHA-256 "
            f"{network.weights_sha256}), which {_TRAINERS[network.backbone]} trained on ImageNet-1k: 1.28 "
            "million photographs from the web in 1,000 classes. What is amiss in those, "
            "their choice and their labels, may show here too."
        )
        yield (
            "torchvision's code is under the licence BSD-3-Clause; of its pretrained weights it says that terms of "
            "their training data may bind whoever uses them. ImageNet is offered for research "
            "that is not commercial. Find out what holds for you."
        )
    else:
        yield (
            f"It is built on a {network.backbone} with pretrained weights from a file (SHA-256 "
            f"{network.weights_sha256}) that is not torchvision's own. Who trained them, on which images and under "
            "which licence is not known here: find out before you use it or pass it on."
        )


def backbone_inside(pretrained: Pretrained, image: Shape) -> str:
    """Say what the network does to images before its backbone sees them."""
    side = pretrained.network.resolution
    grey = "copying the grey channel to three, " if image.channels == 1 else ""
    kind = "bicubic" if pretrained.network.backbone is Backbone.EFFICIENTNET_B0 else "bilinear"
    return (
        f"From there, {grey}resizing to {side} x {side} pixels ({kind}, antialiased, in whole grey levels, as "
        "torchvision does it) and normalising by ImageNet's means and deviations are parts of the network. Do neither "
        "yourself."
    )


_USES = {
    "model.onnx": f"""\
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
images = np.zeros((5, {{channels}}, {{height}}, {{width}}), np.uint8)
probabilities = session.run(["{OUTPUT}"], {{{{"{INPUT}": images}}}})[0]""",
    "model.pt2": """\
import torch
network = torch.export.load("model.pt2").module()
probabilities = network(torch.zeros(5, {channels}, {height}, {width}, dtype=torch.uint8))""",
    "model.safetensors": """\
import torch, model  # model.py beside it; needs {packages}
probabilities = model.load()(torch.zeros(5, {channels}, {height}, {width}, dtype=torch.uint8))""",
}

_WHAT = {
    "model.onnx": f"ONNX, operators of version {OPSET}",
    "model.pt2": "PyTorch program (`torch.export`)",
    "model.safetensors": "weights, with the loader `model.py`",
}


def model_card(
    analysis: StudyAnalysis,
    finding: Finding,
    ensemble: Ensemble,
    checks: Mapping[str, Check],
    rounding: Rounding | None = None,
) -> str:
    """Write `README.md`: what a network was trained on, how well it does, with what interval, and its limits."""
    record = finding.record
    assert record is not None, "a finished run has a record"
    return "\n\n".join(_blocks(analysis, finding, record, ensemble, checks, rounding)) + "\n"


def _blocks(
    analysis: StudyAnalysis,
    finding: Finding,
    record: RunRecord,
    ensemble: Ensemble,
    checks: Mapping[str, Check],
    rounding: Rounding | None,
) -> Iterator[str]:
    run, manifest = finding.run, analysis.results.manifest
    yield f"# {markdown_text(f'{run.variation}, seed {run.seed}: {manifest.study.title}')}"
    classes = len(ensemble.class_names)
    size = f"{ensemble.image.width} x {ensemble.image.height} pixels"
    yield (
        f"An image classifier of {record.parameters:,} trainable parameters{_before(ensemble)}, for images of {size} "
        f"and {classes} classes. Everything here is computed from the records of the run; nobody wrote it by hand."
    )
    yield "## Before you use it"
    yield _list(_limits(analysis, record, ensemble))
    yield "## How well it does"
    yield _list(_quality(analysis, finding, record))
    yield from _per_class(analysis, finding, ensemble)
    yield "## What goes in and what comes out"
    yield _list(_interface(ensemble))
    for name in checks:
        code = _USES[name].format(
            channels=ensemble.image.channels,
            height=ensemble.image.height,
            width=ensemble.image.width,
            packages=f"torch{'' if ensemble.pretrained is None else ', torchvision'} and safetensors",
        )
        yield f"```python\n{code}\n```"
    yield "## Does the export say what the run says?"
    if rounding is not None:
        yield _rounded(rounding)
    yield _table(("file", "what it is", "read back with", "test images", "largest difference"), _checked(checks))
    yield "## What it was trained on, and how"
    yield _list(_training(analysis, record))
    yield "## Where it comes from"
    yield _list(_provenance(analysis, record))


def _before(ensemble: Ensemble) -> str:
    if ensemble.pretrained is None:
        return ""
    network, classes = ensemble.pretrained.network, len(ensemble.class_names)
    cost = network_cost(network, ensemble.image, classes)
    return f" on a pretrained {network.backbone}, {cost.parameters:,} numbers in all"


def _limits(analysis: StudyAnalysis, record: RunRecord, ensemble: Ensemble) -> Iterator[str]:
    # Images that are not official bring a note of their own.
    if not analysis.results.manifest.notes and (origin := origin_sentence(analysis)):
        yield origin
    yield from analysis.results.notes_about(record.run.variation)
    yield from chance_notes(analysis.chance)
    yield (
        f"It names one of {len(ensemble.class_names)} classes for any image whatever, also for one that shows none of "
        "them. Its probabilities were not calibrated: 0.9 need not mean that it is right nine times of ten."
    )
    yield (
        "It was scored on test images from the same source as its training images. How it does on other images, "
        "cameras or circumstances is not known, and its fairness between groups of people was not looked at."
    )
    if ensemble.pretrained is not None:
        yield from backbone_limits(ensemble.pretrained)
    summary = _summary(analysis, record)
    if record.run.seed in summary.at_chance:
        yield f"This very network does no better than chance ({percent(analysis.scores.chance)})."
    yield (
        "The records do not say under which licence the training images are, nor what that means for the weights: "
        "find out before you pass them on."
    )


def _quality(analysis: StudyAnalysis, finding: Finding, record: RunRecord) -> Iterator[str]:
    summary, run = _summary(analysis, record), finding.run
    images = "" if analysis.predictions is None else f" of {len(analysis.predictions.labels):,} test images"
    if record.test_accuracy is not None:
        yield f"This network: {percent(record.test_accuracy)}{images} right."
    runs = len(summary.learned)
    if summary.accuracy is not None:
        mean = f"{percent(summary.accuracy.estimate)} on average"
        text = f"{count(runs, 'run')} that learned of {quoted(run.variation)}: {mean}"
        if isinstance(summary.accuracy, Interval):
            level = f"{100 * summary.accuracy.level:g} %"
            text += f", {level} interval of this mean {percent_range(summary.accuracy)} (Student's t over seeds)"
            scores = _scores(analysis, record)
            text += f"; single seeds lie between {percent(min(scores))} and {percent(max(scores))}" if scores else ""
        yield f"{text}."
        yield (
            "The mean says what to expect of this recipe; this network is one draw from it."
            if isinstance(summary.accuracy, Interval)
            else "One seed has no error bars: how much of this is luck is not known."
            if runs == 1
            else "These seeds show no spread, which is not to say that there is none."
        )
    yield from run_notes(summary, analysis.scores.chance)
    for one in analysis.comparisons:
        if one.variation == run.variation and one.accuracy is not None:
            difference = one.accuracy.simultaneous
            text = f"Compared with the baseline: {points(difference.estimate)}"
            if isinstance(difference, Interval):
                text += f" (simultaneous interval {points_range(difference)})"
            yield f"{text}; {verdict_words(one)}."


def _per_class(analysis: StudyAnalysis, finding: Finding, ensemble: Ensemble) -> Iterator[str]:
    """Give the share of each class that was recognised, with how many test images it has."""
    if analysis.predictions is None:
        return
    labels = analysis.predictions.labels
    answers = analysis.results.predictions(finding.run).argmax(axis=1)
    rows = []
    for label, name in enumerate(ensemble.class_names):
        shown, named = labels == label, answers == label
        found = int((shown & named).sum())
        of_shown = f"{100 * found / shown.sum():.1f} %" if shown.any() else NOTHING
        of_named = f"{100 * found / named.sum():.1f} %" if named.any() else NOTHING
        rows.append((markdown_text(name), f"{int(np.sum(shown)):,}", of_shown, of_named))
    yield _table(("class", "test images", "recall", "precision"), rows)


def _interface(ensemble: Ensemble) -> Iterator[str]:
    image = ensemble.image
    colours = "red, green, blue" if image.channels == 3 else "grey" if image.channels == 1 else "as in training"
    yield (
        f"In: uint8, shape (batch, {image.channels}, {image.height}, {image.width}), any batch; grey levels from 0 to "
        f"255, channels in the order {colours}. Cut and resize images to {image.width} x {image.height} pixels "
        "yourself, without changing their proportions."
    )
    if ensemble.pretrained is not None:
        yield backbone_inside(ensemble.pretrained, image)
    else:
        pairs = (ensemble.scale, ensemble.offset)
        scale, offset = (", ".join(f"{number:.9g}" for number in numbers) for numbers in pairs)
        yield (
            f"Scaling is a part of the network: level times ({scale}) plus ({offset}), by channel. Do not scale "
            "yourself."
        )
    names, classes = ", ".join(ensemble.class_names), len(ensemble.class_names)
    yield f"Out: float32, shape (batch, {classes}): the probability of each class, in the order {names}."


def _rounded(rounding: Rounding) -> str:
    predictions = "no prediction" if not rounding.changed else f"the predictions of {count(rounding.changed, 'image')}"
    causes = []
    if rounding.precision != "float32":
        causes.append(
            f"In training the backbone computed in {rounding.precision}; these files compute in float32, as any "
            "machine can."
        )
    if rounding.levels:
        causes.append(
            "Where these files were made, torchvision resizes images in float32, because the processor has no AVX2; "
            f"these files resize in whole grey levels, as it does elsewhere, and a pixel is off by {rounding.levels}."
        )
    return (
        f"{' '.join(causes)} On {rounding.images:,} test images that moves a probability by up to "
        f"{rounding.largest:.2g} and changes {predictions}. The accuracies above are those of the training; the "
        "differences below are to the same network computed as these files compute."
    )


def _checked(checks: Mapping[str, Check]) -> Iterator[tuple[str, ...]]:
    for name, one in checks.items():
        if one.difference is None:
            yield f"`{name}`", _WHAT[name], f"not checked: {one.missing} was not installed", NOTHING, NOTHING
        else:
            yield f"`{name}`", _WHAT[name], one.reader, f"{one.images:,}", f"{one.difference:.1e}"


def _training(analysis: StudyAnalysis, record: RunRecord) -> Iterator[str]:
    run, manifest = record.run, analysis.results.manifest
    data, training = run.specification.data, run.specification.training
    yield (
        f"Images: {manifest.data_source} ({manifest.data_origin.value}); {training_images(manifest, data):,} were "
        f"trained on, {manifest.images.validation_images:,} others watched the training."
    )
    if data.fraction < 1:
        yield f"These are {100 * data.fraction:g} % of the images there were to learn from, drawn by the run's seed."
    network = run.specification.network
    layers = "; ".join(map(str, network.layers)) + network.initialisation.phrase
    yield f"Network: {network}; head: {layers}." if isinstance(network, BackboneNetwork) else f"Layers: {layers}."
    settings = training.model_dump(mode="json", exclude={name for name, _, _ in training.idle()})
    loss = training.chosen_loss.title
    yield f"Training: {', '.join(f'{name} {value}' for name, value in settings.items())}; on {loss}."
    changed = next(arm for arm in analysis.arms if arm.name == run.variation)
    if run.variation != BASELINE:
        yield f"Changed from the baseline: {'; '.join(in_words(analysis.changes(changed.name)))}."
    if record.final_validation_accuracy is not None:
        epochs, accuracy = count(record.epochs, "epoch"), percent(record.final_validation_accuracy)
        yield f"Validation accuracy after the last of {epochs}: {accuracy}."
    which = "the last epoch"
    if record.scored_epoch is not None:
        which = f"epoch {record.scored_epoch}, which had the lowest validation loss"
    if training.average_decay:
        which = f"{which}, averaged over steps with decay {training.average_decay:g}"
    if training.test_time_flip:
        yield "Class probabilities are the mean of those of an image and of its mirror image, in the files here too."
    yield f"The weights are those after {which}. The test images were scored once, at the end, and chose nothing."


def _provenance(analysis: StudyAnalysis, record: RunRecord) -> Iterator[str]:
    run = record.run
    yield f"Study: {analysis.results.manifest.study.title}."
    yield f"Run: {run.digest} (specification, seed and images)."
    yield f"Images: {run.data_digest} (SHA-256)."
    if (source := run.specification.data.source) is not None and source.credit:
        yield source.credit
    yield f"Weights as trained: {record.weights_sha256} (SHA-256)."
    if isinstance(network := run.specification.network, BackboneNetwork):
        yield f"Pretrained weights: {network.weights_sha256} (SHA-256)."
    yield f"Engine: {record.engine} ({record.arithmetic})."
    for versions in analysis.environment.versions:
        yield f"Versions when trained: {versions}."


def _summary(analysis: StudyAnalysis, record: RunRecord) -> ArmSummary:
    return next(one for one in analysis.summaries if one.name == record.run.variation)


def _scores(analysis: StudyAnalysis, record: RunRecord) -> list[float]:
    runs = analysis.arm_scores[record.run.variation].runs
    return [run.test_accuracy for run in runs if run.status is Ending.FINISHED and run.test_accuracy is not None]


def _list(sentences: Iterator[str]) -> str:
    return "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
