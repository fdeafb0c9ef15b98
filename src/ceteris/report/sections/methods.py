"""How it was done, in full sentences with the numbers of this study filled in."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.dataset import Scaling
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import IMAGENET, AnyNetwork, BackboneNetwork
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.report.blocks import Look, Paragraph, Section
from ceteris.report.quantities import count, percent, quoted, seed_count, seeds_each
from ceteris.report.scale import Scale
from ceteris.report.sections import factorial
from ceteris.report.sections.warnings import changed_family
from ceteris.report.wording import scope_words
from ceteris.results.record import Status
from ceteris.statistics.interval import Scope
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.statistics.paired import EXACT_PAIRS, RANDOM_PATTERNS
from ceteris.statistics.scores import CHANCE_SIGNIFICANCE
from ceteris.statistics.verdict import Decision
from ceteris.study.seeds import PlannedSeeds
from ceteris.training.training import Training

_RESIZED = "Images were resized to a square, and normalised as the backbone's weights were trained."


def section(analysis: StudyAnalysis) -> Section:
    """Give the section that a paper about this study would have."""
    blocks = tuple(Paragraph(text) for text in methods(analysis))
    return Section(anchor="methods", heading="Methods", blocks=blocks, look=Look.PROSE)


def methods(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Write the methods section of a paper about this study."""
    crossed = map(factorial.method, analysis.factorials) if analysis.done else ()
    return (*_experiment(analysis), *_statistics(analysis), *crossed)


def _experiment(analysis: StudyAnalysis) -> Iterator[str]:
    manifest = analysis.results.manifest
    study, baseline = manifest.study, analysis.arms[0].specification
    data = study.data
    scaling = {
        Scaling.SYMMETRIC: "Grey levels from 0 to 255 were brought to the range from \N{MINUS SIGN}1 to 1.",
        Scaling.UNIT: "Grey levels from 0 to 255 were brought to the range from 0 to 1.",
        Scaling.STANDARD: "Each channel was brought to mean 0 and standard deviation 1 on the training images.",
    }[data.scaling]
    images = training_images(manifest, data)
    share = "" if data.fraction == 1 else f"a share of {100 * data.fraction:g} % of the others, drawn by the seed, "
    trained = f"{share}{images:,} images, for training" if share else f"the other {images:,} for training"
    validation = f"Of the training images used, {100 * data.validation:g} %, stratified by class and the same"
    if data.is_own:  # which may have validation images of its own
        validation = f"{manifest.images.validation_images:,} images, the same"
        trained = f"{trained}; {manifest.images.test_images:,} were kept for the test"
    yield (
        f"The images are {manifest.data_source} ({manifest.data_origin.value}), {len(manifest.class_names)} classes. "
        f"{validation} for every run, served for validation, and {trained}. "
        f"{scaling if isinstance(baseline.network, Network) else _RESIZED}"
    )
    if baseline.train:
        yield (
            f"The baseline is a training function of the user's own, {baseline.train}. It was given these settings, "
            f"and decided what it follows of them: {_training(baseline.training)}."
        )
    else:
        yield (
            f"The baseline {_network(baseline.network)}. It was trained on {baseline.training.chosen_loss.title} with "
            f"{_training(baseline.training)}."
        )
    arms = (
        f"The baseline and {count(len(analysis.comparisons), 'variation')} of it were"
        if analysis.comparisons
        else "The baseline was"
    )
    if crossed := len(analysis.scores.crossed):
        combined = f"{count(crossed, 'further combination')} of the levels of crossed factors were"
        arms = f"{arms.removesuffix(' were').removesuffix(' was')} and {combined}"
    planned = count(len(analysis.results.findings), "run")
    seeds = seeds_each(study) if len(analysis.arms) > 1 else seed_count(study.seeds)
    shared = " Runs with the same seed share its random numbers." if len(analysis.arms) > 1 else ""
    yield (
        f"{arms} to be trained with {seeds}, {planned} in all; {_ended(analysis)}.{shared} The test images are scored "
        "once for each run, after its last epoch."
    )
    yield from _stopped(analysis)


def _stopped(analysis: StudyAnalysis) -> Iterator[str]:
    """Say how many epochs runs took where training may stop early."""
    taken: dict[str, list[int]] = {}
    for record in analysis.results.records:
        if record.run.specification.training.patience and record.status is Status.FINISHED:
            taken.setdefault(record.run.variation, []).append(record.epochs)
    if not taken:
        return
    most = {arm.name: arm.specification.training.epochs for arm in analysis.arms}
    parts = [
        f"{quoted(name)} {_span(lengths)} of {most[name]} epochs{_mean(lengths)}" for name, lengths in taken.items()
    ]
    yield (
        f"Early stopping ended training by the validation loss: runs took {listed(parts)}. In learning curves a run "
        "that was stopped counts on to the last of these epochs as the network that was scored."
    )


def _span(lengths: Sequence[int]) -> str:
    return f"{min(lengths)}" if min(lengths) == max(lengths) else f"{min(lengths)} to {max(lengths)}"


def _mean(lengths: Sequence[int]) -> str:
    return "" if min(lengths) == max(lengths) else f" (mean {fmean(lengths):.1f})"


def _ended(analysis: StudyAnalysis) -> str:
    planned = len(analysis.results.findings)
    if analysis.done == planned:
        return "it came to its end" if planned == 1 else "all came to their end"
    if not analysis.done:
        return "it has not come to its end" if planned == 1 else "none has come to its end"
    return f"{analysis.done:,} of them came to {'its' if analysis.done == 1 else 'their'} end"


def _network(network: AnyNetwork) -> str:
    if isinstance(network, ModuleNetwork):
        return f"is a PyTorch module of the user's own, {network}"
    layers = "; ".join(str(layer) for layer in network.layers) + network.initialisation.phrase
    if not isinstance(network, BackboneNetwork):
        return f"has the layers {layers}"
    weights = "torchvision's ImageNet weights" if network.weights == IMAGENET else "weights from a file"
    return f"begins with a pretrained {network} ({weights}), whose head has the layers {layers}"


def _training(training: Training) -> str:
    optimizer = training.chosen_optimizer
    parts = [
        f"{optimizer.title} at learning rate {training.learning_rate:g}",
        f"minibatches of {training.batch_size}",
        f"{count(training.epochs, 'epoch')}",
    ]
    for kind in (optimizer, training.chosen_loss):
        declared = {name: value for name, value in kind if value != Training.model_fields[name].default}
        parts += [_setting(name, value) for name, value in declared.items() if name != "learning_rate"]
    others = (
        training.chosen_schedule,
        *training.steadying,
        *training.augmentations,
        *training.mixtures,
        training.stopping,
        training.scoring,
    )
    return ", ".join((*parts, *filter(None, map(str, others))))


def _setting(name: str, value: float) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {value:g}"


def _statistics(analysis: StudyAnalysis) -> Iterator[str]:
    criteria, family = analysis.criteria, len(analysis.comparisons)
    if not analysis.done:
        return
    if (metric := analysis.metric) is not TEST_ACCURACY:
        yield (
            f"Verdicts are about the {metric.name}: {metric.definition}; "
            f"{'higher' if metric.higher_is_better else 'lower'} is better. It was computed for each run from its "
            "stored probabilities, and stands for accuracy in what follows; whether a run learned is decided by its "
            "test accuracy."
        )
    within = f"\N{PLUS-MINUS SIGN}{Scale.of(analysis).size(criteria.margin)}"
    level, significance = f"{100 * criteria.level:g} %", f"{100 * criteria.significance:g} %"
    yield (
        f"Means over two or more runs have Student's {level} confidence interval. Accuracies are of the runs that "
        "learned: a run collapsed if it finished no better than chance, or if its loss was no longer finite. The rate "
        f"of collapse has Clopper and Pearson's exact {level} interval. A run that failed or is missing counts in "
        "neither."
    )
    yield (
        "The chance level is the share of the largest class among the test images. A finished run is called no better "
        f"than chance unless the one-sided exact binomial test of its correct predictions against that share has p "
        f"\N{LESS-THAN OR EQUAL TO} {CHANCE_SIGNIFICANCE:g}, or all of them are correct."
    )
    if not family:
        return
    pairs = max((one.accuracy.pairs for one in analysis.comparisons if one.accuracy is not None), default=0)
    if any(one.accuracy is not None and one.accuracy.p_value is not None for one in analysis.comparisons):
        tests = f"one family of {2 * family} tests" if family > 1 else "a family of two tests"
        yield (
            "Each variation was compared with the baseline twice: the accuracies of the runs that learned by the "
            "partially overlapping t test (Derrick, Toher and White 2017), which uses the seeds that both arms have "
            "and those that one has, and the rates of collapse by Fisher's exact test. All p-values were adjusted "
            f"together by Holm's method, {tests}, and up to {significance} count as a finding. Simultaneous intervals "
            f"of the differences have level {100 * (1 - criteria.significance / family):.4g} % each, so that all of "
            f"them cover their true values together in at least {level} of studies."
        )
        if analysis.looks is not None:
            seeds = analysis.manifest.study.seeds
            is_planned = isinstance(seeds, PlannedSeeds) and seeds.plan.most is not None
            how = "at levels of its own" if is_planned else "by e-values, which allow for any number of looks"
            yield f"Results were looked at while seeds were added, and tested at each look {how}; see Looks."
        flips = (
            "exactly, over all patterns of signs"
            if pairs <= EXACT_PAIRS
            else f"over {RANDOM_PATTERNS:,} random patterns of signs"
        )
        yield f"The sign-flip test was computed beside it over the seeds that both arms have, {flips}."
        yield (
            "A variation is called equivalent if two one-sided t tests, Holm-adjusted, put the difference inside "
            f"{within}, the margin that the study declared; this comes before better and worse. What more runs may "
            "show of an undecided comparison is the predictive probability that the test finds a difference with them, "
            "given the runs there are, as strictly as Holm's first step asks."
        )
        yield from _over_images(analysis)
    if analysis.target is not None:
        yield (
            "How early and how high the validation accuracy of runs that learned rises is judged by the area under "
            "their curve, with the partially overlapping t test. Convergence is the first of two epochs in a row at "
            f"or above {percent(analysis.target)} validation accuracy, {100 * criteria.target_share:g} % of the "
            "baseline's mean final one. Runs that did not reach it are right-censored at their last epoch, and "
            "included; the sign-flip test and the interval that inverts it compare these times. Seconds are measured "
            "once per packed batch, and not tested."
        )
    decided = {one.verdict.decision for one in analysis.comparisons}
    is_as_declared = not analysis.first_verdicts and not any(changed_family(analysis))
    if is_as_declared and (Decision.BETTER in decided or Decision.WORSE in decided):
        yield (
            f"If accuracies of runs that learned are about normally distributed over seeds, at most {significance} of "
            "studies like this one would hold a false “better”, “worse” or “collapses more often” "
            f"{scope_words(criteria.scope)}, and at most {significance} a false “equivalent”."
        )


def _over_images(analysis: StudyAnalysis) -> Iterator[str]:
    """Say how tests and intervals allow for the test images, and which do not although the study asks for it."""
    if analysis.predictions is None or all(one.over_images is None for one in analysis.comparisons):
        return
    which, is_population = "Intervals over seeds and test images are", analysis.criteria.scope is Scope.SEEDS_AND_IMAGES
    if is_population:
        which = "As the study declares, test images are a sample too: tests and intervals of accuracies are"
    yield (
        f"{which} Student's with the standard error of a two-way table of seeds and images, and Satterthwaite's "
        "degrees of freedom."
    )
