"""Limitations: what the study did not control, and how far its numbers reach; each sentence if it is true."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.analysis import MOST_SHOWN
from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.cifar10 import BATCHES
from ceteris.datasets.dataset import Origin
from ceteris.datasets.near_copies import SIDE
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.dropout import Dropout
from ceteris.report.blocks import Bullets, Look, Section
from ceteris.report.quantities import count, labelled, listed_up_to, quoted
from ceteris.report.scale import Scale
from ceteris.report.sections.warnings import changed_family, foresight, origin_sentence
from ceteris.report.wording import is_of_these_images, is_unconfirmed
from ceteris.statistics.interval import Scope
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import Change, CodeChange, LayerAdded, LayerRemoved, SettingChange, in_words
from ceteris.study.run import Arm
from ceteris.training.augmentation import Crop, Flip

_FILES_OF_CODE = ("network.module", "training_function")


def section(analysis: StudyAnalysis) -> Section:
    """Give the section of what a careful reader would ask."""
    return Section(
        anchor="caveats",
        heading="Limitations",
        blocks=(Bullets(limitations(analysis)),),
        look=Look.PROSE,
    )


def limitations(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Say what a careful reader would ask, as far as the records answer it.

    What must be known before any number is believed is in `warnings`.
    """
    return (
        *_about_images(analysis),
        *_about_seeds(analysis),
        *changed_family(analysis),
        *_about_settings(analysis),
        *_about_length(analysis),
        *_about_spread(analysis),
        *_about_foresight(analysis),
        *_about_circumstances(analysis),
    )


def _about_images(analysis: StudyAnalysis) -> Iterator[str]:
    manifest = analysis.results.manifest
    data = manifest.study.data
    if origin := origin_sentence(analysis):
        yield origin
    if data.batches < BATCHES:
        which = "the first" if data.batches == 1 else f"the first {data.batches}"
        verb = "was" if data.batches == 1 else "were"
        yield (
            f"Only {which} of {BATCHES} training batches {verb} used, so that networks were trained on "
            f"{_image_counts(analysis)} images: what holds for few images need not hold for all of them."
        )
    elif any(arm.specification.data.fraction < 1 for arm in analysis.arms):
        yield (
            f"Networks were trained on {_image_counts(analysis)} images: what holds for few images need not hold for "
            "all of them."
        )
    yield f"One data set, {manifest.data_name}, was used: results may differ on other images."
    if manifest.data_origin is Origin.OWN:
        yield _about_copies(min(manifest.images.shape.height, manifest.images.shape.width))
    is_narrow = analysis.criteria.scope is Scope.SEEDS
    if is_narrow and analysis.comparisons and analysis.predictions is not None and analysis.has_error_bars:
        images = f"Intervals over seeds speak of these {len(analysis.predictions.labels):,} test images"
        if analysis.metric is TEST_ACCURACY:
            yield f"{images}; for a claim about all such images, look at the intervals over images too."
        else:
            yield f"{images}, and none is computed that takes the images as a sample too."
    if analysis.metric is not TEST_ACCURACY and (analysis.costs or analysis.efficiency):
        yield (
            "What is shown of pretrained networks and of fewer training images is about test accuracy; it is left out "
            f"here, because verdicts are about the {analysis.metric.name}."
        )
    if narrow := [quoted(one.variation) for one in analysis.comparisons if is_of_these_images(one)]:
        yield (
            f"What is said of {listed_up_to(narrow, most=5)} is shown on these test images only: with the images taken "
            "as a sample too, it would be undecided."
        )
    apart = _largest_tie(analysis)
    if apart:
        yield (
            "Predictions of single images come from probabilities stored in half precision, where two classes may tie: "
            f"accuracies counted from them differ by up to {100 * apart:.2f} pp from the exact ones, which are shown."
        )


def _about_copies(side: int) -> str:
    """Say how far test images were compared with the training images."""
    begin = "Test images that repeat training images make accuracies too high: those that are the same byte for byte"
    if side < SIDE:
        return (
            f"{begin} are named in the warnings, if there are any; in images of less than {SIDE} pixels changed copies "
            "were not looked for."
        )
    return (
        f"{begin}, or look nearly the same, are named in the warnings, if there are any; copies that were cropped, "
        "turned or drawn over were not looked for."
    )


def _image_counts(analysis: StudyAnalysis) -> str:
    counts = sorted({training_images(analysis.results.manifest, arm.specification.data) for arm in analysis.arms})
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _about_seeds(analysis: StudyAnalysis) -> Iterator[str]:
    decided = ["the initial weights", "the order of the images"]
    networks = [arm.specification.network for arm in analysis.arms]
    layers = [one for network in networks for layer in network.layers for one in layer.tree()]
    if any(isinstance(layer, Dropout) and layer.dropout for layer in layers):
        decided.append("what dropout leaves out")
    trainings = [arm.specification.training for arm in analysis.arms]
    active = [one for own in trainings for one in (*own.augmentations, *own.mixtures) if one.is_active]
    if active:
        is_moved = all(isinstance(one, Flip | Crop) for one in active)
        decided.append(f"how images are {'mirrored and shifted' if is_moved else 'augmented'}")
    if any(arm.specification.data.fraction < 1 for arm in analysis.arms):
        decided.append("which images are trained on")
    if any(isinstance(network, BackboneNetwork) for network in networks):
        yield ("A pretrained backbone was trained before this study, on images that are not counted here.")
    yield (
        f"A seed decides {listed(decided)}; the split into training and validation images is one for all "
        "runs, so that no interval holds what another split would change."
    )
    few = [arm for arm in analysis.summaries if len(arm.learned) < arm.planned]
    if few and analysis.done:
        names = [f"{quoted(arm.name)} ({len(arm.learned)} of {arm.planned})" for arm in few]
        yield f"Accuracies are of runs that learned, which not every planned run did: {listed_up_to(names, most=5)}."


def _about_settings(analysis: StudyAnalysis) -> Iterator[str]:
    crossed = {arm.name for arm in analysis.scores.crossed}  # which change several things on purpose
    baseline, *variations = (arm for arm in analysis.arms if arm.name not in crossed)
    if not variations:
        return
    rate = baseline.specification.training.learning_rate
    same = [arm for arm in variations if arm.specification.training.learning_rate == rate]
    if same:
        which = "All arms" if len(same) == len(variations) else f"The baseline and {count(len(same), 'variation')}"
        yield f"{which} share the learning rate {rate:g}: a variation may do better with one of its own."
    only_rate = {
        arm.name for arm in variations if [change.name for change in _settings(analysis, arm)] == ["learning_rate"]
    }
    better = [one for one in analysis.with_verdict(Decision.BETTER) if one.variation in only_rate]
    if better and better[0].accuracy is not None and same:
        best = labelled(
            better[0].variation, better[0].factor, Scale.of(analysis).difference(better[0].accuracy.difference.estimate)
        )
        yield (
            f"The baseline's learning rate is not the best of those tried, {best} is better: what the other variations "
            f"do at {rate:g} they need not do there."
        )
    several = [arm for arm in variations if _things(analysis.changes(arm.name)) > 1]
    if several:
        yield (
            f"{count(len(several), 'variation')} {_verb(several)} more than one thing, so that a difference cannot be "
            f"put down to one of them: {_names(several)}."
        )
    records = analysis.results.records  # a training function does not say how many parameters it has
    sizes = {record.run.variation: record.parameters for record in records if record.parameters}
    resized = [arm for arm in variations if arm.name in sizes and sizes[arm.name] != sizes.get(baseline.name)]
    if resized and baseline.name in sizes:
        smallest, largest = min(sizes.values()), max(sizes.values())
        yield (
            f"Networks differ in size, from {smallest:,} to {largest:,} trainable parameters: where size changed too "
            f"({_names(resized)}), a difference may come from it."
        )
    if len(variations) > 1:
        yield "Each variation was tried alone: interactions between variations were not tested."


def _about_length(analysis: StudyAnalysis) -> Iterator[str]:
    lengths = sorted({arm.specification.training.epochs for arm in analysis.arms})
    epochs = count(lengths[0], "epoch") if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]} epochs"
    if any(arm.specification.training.patience for arm in analysis.arms):
        epochs = f"at most {epochs}"
    rising = [arm for arm in analysis.arms if _still_rises(analysis, arm)]
    if not any(arm.finished for arm in analysis.summaries):
        return
    if not rising:
        yield (
            f"Runs were trained for {epochs}; in no arm were most finished runs at their best validation accuracy in "
            "the last one."
        )
        return
    yield (
        f"Runs were trained for {epochs}, and in {_names(rising)} most finished runs were at their best validation "
        "accuracy in the last one: with more epochs they may come out better."
    )


def _about_spread(analysis: StudyAnalysis) -> Iterator[str]:
    mixed = [arm for arm in analysis.summaries if arm.collapsed and arm.learned]
    if mixed:
        names = listed_up_to([quoted(arm.name) for arm in mixed], most=5)
        yield (
            f"Of {names} some runs learned and others did not: accuracies are compared among those that did, and that "
            "the two arms then hold the same kind of runs cannot be tested."
        )
    stable = [arm for arm in analysis.summaries if arm.collapse is not None and not arm.collapsed]
    if stable and analysis.comparisons:
        most = max(arm.collapse.high for arm in stable if arm.collapse is not None)
        yield (
            f"Where no run collapsed the rate is not 0: with so few runs it may be as high as {100 * most:.0f} % "
            f"({100 * analysis.criteria.level:g} % interval)."
        )
    doubtful = [one for one in analysis.comparisons if is_unconfirmed(one, analysis.criteria)]
    if doubtful:
        yield (
            "The sign-flip test, which does not assume that differences are normally distributed, does not confirm "
            f"what Student's test says of {listed_up_to([quoted(one.variation) for one in doubtful], most=5)}."
        )


def _things(found: Sequence[Change]) -> int:
    """Count what changes: a layer in place of another is one thing, and so is other code with the name of its file."""
    gone = {one.path: one.layer for one in found if isinstance(one, LayerRemoved)}
    come = {one.path: one.layer for one in found if isinstance(one, LayerAdded)}
    swapped = {(str(gone[path]), str(come[path])) for path in gone.keys() & come.keys()}
    renamed = any(isinstance(one, SettingChange) and one.path in _FILES_OF_CODE for one in found)
    rest = [
        one
        for one in found
        if not (isinstance(one, LayerRemoved | LayerAdded) and one.path in gone and one.path in come)
        and not (isinstance(one, CodeChange) and renamed and " -> " in one.path)
    ]
    return len(swapped) + len(in_words(rest))


def _about_foresight(analysis: StudyAnalysis) -> Iterator[str]:
    """Say what error rates rest on: decisions made before the results were seen."""
    judged = [one for one in analysis.comparisons if one.equivalence is not None]
    if not judged:
        return
    yield from foresight(analysis)
    if analysis.looks is None and any(one.verdict.decision is Decision.UNDECIDED for one in judged):
        yield (
            "The error rates hold for a number of seeds that was fixed beforehand: adding seeds until a difference "
            "is significant finds one by chance more often."
        )


def _about_circumstances(analysis: StudyAnalysis) -> Iterator[str]:
    found = analysis.environment
    if len(found.hosts) > 1:
        yield f"Runs were trained on {len(found.hosts)} kinds of machines: their seconds cannot be compared."
    if len(found.versions) > 1:
        yield f"Runs were trained with {len(found.versions)} sets of versions."
    for extraction, names in found.shared_extractions.items():
        if extraction.drift:
            yield (
                f"Features of {listed_up_to([quoted(name) for name in names], most=MOST_SHOWN)} were computed in half "
                f"precision: on a sample they differed from those in single precision by "
                f"{100 * extraction.drift:.1f} % of their size."
            )
    if found.together is not None:
        fewest, most = found.together
        if most > 1:
            spread = f"{most}" if fewest == most else f"{fewest} to {most}"
            yield (
                f"Seconds are shares: {spread} runs trained together in a packed batch, and each counts with its part "
                "of the time that they took together."
            )


def _still_rises(analysis: StudyAnalysis, arm: Arm) -> bool:
    """Say whether most of an arm's finished runs had their best validation accuracy, above chance, at the end."""
    at_chance, finished = analysis.summary(arm.name).at_chance, analysis.finished.get(arm.name, {})
    records = [record for seed, record in finished.items() if seed not in at_chance]
    last = [record for record in records if record.best_validation_epoch == record.epochs]
    return bool(records) and len(last) > len(records) / 2


def _largest_tie(analysis: StudyAnalysis) -> float:
    """Give the largest distance between an accuracy as recorded and as counted from the stored predictions."""
    every = [run for arm in analysis.scores.arms for run in arm.runs]
    runs = [run for run in every if run.correct is not None and run.test_accuracy is not None]
    apart = [abs(float(run.correct.each().mean()) - run.test_accuracy) for run in runs]  # type: ignore[union-attr, operator]
    return max((one for one in apart if one > 1e-6), default=0.0)


def _settings(analysis: StudyAnalysis, arm: Arm) -> list[SettingChange]:
    """Give the changes of an arm if all of them are values of settings."""
    found = [change for change in analysis.changes(arm.name) if isinstance(change, SettingChange)]
    return found if len(found) == len(analysis.changes(arm.name)) else []


def _names(arms: list[Arm]) -> str:
    return listed_up_to([quoted(arm.name) for arm in arms], most=5)


def _verb(several: list[Arm]) -> str:
    return "changes" if len(several) == 1 else "change"
