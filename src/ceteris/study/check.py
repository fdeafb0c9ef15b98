"""Whether a study can be done: everything about it that the type of a single value cannot say."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ceteris.datasets.choice import KNOWN_NAMES, SOURCES, DataChoice, presumed_images, share
from ceteris.datasets.dataset import ImageKind
from ceteris.errors import StudyError
from ceteris.formatting.wording import listed, nearest, written
from ceteris.study.cross import Cross, clashes, combined, combined_name, factor_mistakes
from ceteris.study.faults import network_faults, training_faults
from ceteris.study.run import BASELINE, arm_folder
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.specification import Baseline, Specification
from ceteris.study.variation import Level, Variation
from ceteris.study.vary import vary
from ceteris.training.training import Training
from ceteris.values.mistakes import Mistake, Mistakes, Place, variation_title

if TYPE_CHECKING:
    from ceteris.study.study import Study


def check_study(
    *,
    seeds: Sequence[int],
    baseline_seeds: Sequence[int] | None = None,
    data: DataChoice,
    baseline: Baseline,
    variations: Sequence[Variation | None],
    crosses: Sequence[Cross | None] = (),
) -> tuple[Mistake, ...]:
    """Find what makes a study impossible, or an arm of it pointless.

    Args:
        seeds: One run of each variation per seed.
        baseline_seeds: One run of the baseline per seed; None for the default.
        data: The images.
        baseline: What the variations change.
        variations: The variations, in the order of the file; none in place of one that could not be read.
        crosses: The crossed factors, likewise.

    Returns:
        One entry per mistake; places as in a study file.
    """
    # A name that is nearly right is checked as the one that was meant; of any other, nothing is known.
    meant = (
        data
        if data.source is not None
        else data.model_copy(update={"name": nearest(data.name, KNOWN_NAMES) or data.name})
    )
    images = presumed_images(meant, baseline.network)
    specification = Specification(data=data, network=baseline.network, training=baseline.training, train=baseline.train)
    faults = list(network_faults(specification, images)) if images else []
    mistakes = [
        *_seed_mistakes(seeds, "seeds", is_crossed=bool(crosses)),
        *_data_mistakes(data),
        *_baseline_mistakes(baseline, faults, training_faults(specification, images)),
    ]
    mistakes += () if baseline_seeds is None else _own_seed_mistakes(seeds, baseline_seeds)
    mistakes += _name_mistakes(variations)
    mistakes += _fraction_mistakes(data, images, ("data", "fraction"), "") if images else ()
    arms = _Arms(baseline=specification, meant=meant, faults=faults)
    twins = {specification: "the baseline"}
    for index, variation in enumerate(variations):
        if variation is None:
            continue
        title, place = variation_title(variation, index), ("variation", index)
        mistakes += (replace(one, sentence=f"{title}: {one.sentence}") for one in arms.mistakes(variation, place))
        if (varied := arms.varied(variation)) is not None:
            mistakes += _twin_mistakes(twins.get(varied), title, place)
            twins.setdefault(varied, title)
            arms.names.setdefault(arm_folder(variation.name), (title, varied))
    for index, cross in enumerate(crosses):
        if cross is not None:
            mistakes += _cross_mistakes(cross, ("cross", index), arms)
            if any(other is not None and other.name == cross.name for other in crosses[:index]):
                found = f"cross {index + 1}: name = {written(cross.name)} is already the name of another cross"
                mistakes.append(Mistake(place=("cross", index, "name"), sentence=f"{found}; choose another name."))
    return tuple(mistakes)


@dataclass(frozen=True, kw_only=True)
class _Arms:
    """What is known of the baseline when its variations are checked, and the arms that are there already."""

    baseline: Specification
    meant: DataChoice
    faults: list[tuple[Place, str]]
    names: dict[str, tuple[str, Specification]] = field(default_factory=dict)  # by folder

    def varied(self, level: Level) -> Specification | None:
        """Give the specification with a level's changes; None if they cannot be made."""
        try:
            return vary(self.baseline, level)
        except Mistakes:
            return None

    def mistakes(self, level: Level, place: Place) -> Iterator[Mistake]:
        """Find what is wrong with the changes of a variation or a level, without its title."""
        try:
            varied = vary(self.baseline, level)
        except Mistakes as error:
            yield from (replace(mistake, place=(*place, *mistake.place)) for mistake in error.mistakes)
            return
        images = presumed_images(self.meant, varied.network)
        new = network_faults(varied, images) if images else ()
        # A layer that is wrong in the baseline is reported once, there.
        known = self.faults if level.network is None else []
        known_layers = {layer for layer, _ in known if layer}
        for layer, fault in new:
            if layer not in known_layers and (layer, fault) not in known:
                yield Mistake(place=place, sentence=fault)
        if images and varied.data.fraction != self.baseline.data.fraction:
            yield from _fraction_mistakes(varied.data, images, (*place, "set", "data.fraction"), "")
        told = tuple(training_faults(self.baseline, images))
        new_faults = (fault for fault in training_faults(varied, images) if fault not in told)
        yield from (Mistake(place=place, sentence=fault) for fault in new_faults)
        yield from _ignored_in_variation(level, varied.training, place)


def _cross_mistakes(cross: Cross, place: Place, arms: _Arms) -> Iterator[Mistake]:
    """Check the names of factors and levels, each level by itself, and then what only their combination has."""
    title = f"cross '{cross.name}'"
    wrong = list(factor_mistakes(cross, place, title))
    yield from wrong
    if wrong:
        return
    told: set[str] = set()
    twins = {arms.baseline: "the baseline"}
    for levels, chosen in cross.combinations():
        alone = [index for index, level in enumerate(levels) if level]
        where, what = place, f"{title}: '{combined_name(chosen)}'"
        if len(alone) == 1:
            where = (*place, "factor", alone[0], "levels", levels[alone[0]] - 1)
            what = f"{title}: level '{chosen[0].name}'"
        new = [Mistake(place=where, sentence=sentence) for sentence in clashes(chosen)] or [
            *(arms.mistakes(chosen[0], where) if len(chosen) == 1 else _of_all(cross, chosen, where, arms))
        ]
        for mistake in new:
            if mistake.sentence not in told:  # what a level has is not said again of all its combinations
                told.add(mistake.sentence)
                yield replace(mistake, sentence=f"{what}: {mistake.sentence}")
        if new or (varied := arms.varied(combined(cross.name, chosen))) is None:
            continue
        if len(chosen) == 1:
            yield from _twin_mistakes(twins.get(varied), what, where)
            twins.setdefault(varied, what)
        yield from _cell_name_mistakes(combined_name(chosen), varied, what, where, arms)


def _of_all(cross: Cross, levels: Sequence[Level], place: Place, arms: _Arms) -> Iterator[Mistake]:
    """Say of a combination what no key of the file says."""
    variation = combined(cross.name, levels)
    yield from (replace(mistake, place=place) for mistake in arms.mistakes(variation, place))


def _cell_name_mistakes(name: str, varied: Specification, title: str, place: Place, arms: _Arms) -> Iterator[Mistake]:
    """Refuse the name of another arm; a combination that an arm is already is that arm, whatever its name."""
    if any(varied == specification for _, specification in arms.names.values()):
        return
    folder = arm_folder(name)
    other = "the baseline" if folder == arm_folder(BASELINE) else arms.names.get(folder, ("", varied))[0]
    if other:
        found = f"is an arm whose results folder '{folder}' is that of {other}, which changes something else"
        yield Mistake(place=place, sentence=f"{title} {found}; give one of them another name.")
    arms.names.setdefault(folder, (title, varied))


def check_images(study: "Study", images: ImageKind) -> None:
    """Refuse a study whose networks do not fit the images, which only a look at them could tell.

    Raises:
        StudyError: If the layers of an arm do not fit; every fault of the baseline, and what variations add.
    """
    faults: dict[str, str] = {}
    for arm in study.arms():
        for _, fault in network_faults(arm.specification, images):
            faults.setdefault(fault, arm.name)
        for mistake in _fraction_mistakes(arm.specification.data, images, (), ""):
            faults.setdefault(mistake.sentence, arm.name)
        for fault in training_faults(arm.specification, images):
            faults.setdefault(fault, arm.name)
    if faults:
        owners = {name: "baseline" if name == BASELINE else f"variation '{name}'" for name in faults.values()}
        raise StudyError(*(f"{owners[name]}: {fault}" for fault, name in faults.items()))


def _baseline_mistakes(
    baseline: Baseline, faults: Sequence[tuple[Place, str]], of_training: Iterable[str]
) -> Iterator[Mistake]:
    for layer, fault in faults:
        place: Place = ("baseline", "network", baseline.network.declared, *layer)
        yield Mistake(place=place, sentence=f"baseline: {fault}")
    for fault in of_training:
        yield Mistake(place=("baseline", "training"), sentence=f"baseline: {fault}")
    for name, reason in _ignored_settings(baseline.training):
        sentence = f"baseline.training.{name} {reason}"
        yield Mistake(place=("baseline", "training", name), sentence=sentence, compares=True)


def _ignored_in_variation(variation: Level, training: Training, place: Place) -> Iterator[Mistake]:
    """Only what the variation sets itself: settings of the baseline may lose their meaning with its optimizer."""
    for name, reason in _ignored_settings(training):
        if (path := f"training.{name}") in variation.set:
            yield Mistake(place=(*place, "set", path), sentence=f"{path} {reason}", compares=True)


def _twin_mistakes(twin: str | None, title: str, place: Place) -> Iterator[Mistake]:
    if twin == "the baseline":
        sentence = f"{title} changes nothing; give it set, insert, replace, remove or network, or delete it."
        yield Mistake(place=place, sentence=sentence, compares=True)
    elif twin is not None:
        sentence = f"{title} is the same as {twin}, and would train equal networks twice; delete one of them."
        yield Mistake(place=place, sentence=sentence, compares=True)


def _ignored_settings(training: Training) -> Iterator[tuple[str, str]]:
    for name, choice, owners in training.idle():
        value, chosen = getattr(training, name), getattr(training, choice)
        if value != Training.model_fields[name].default:
            end = f"and the {choice} is {chosen}; choose another {choice}, or remove {name}."
            yield name, f"= {written(value)} is for {listed(owners, 'or')}, {end}"


def _own_seed_mistakes(seeds: Sequence[int], own: Sequence[int]) -> Iterator[Mistake]:
    """Check the seeds of the baseline."""
    place = ("baseline_seeds",)
    if isinstance(seeds, PlannedSeeds):
        yield Mistake(
            place=place,
            sentence="baseline_seeds is for a fixed number of seeds, and seeds adds some where the verdict is open; "
            f"give a count, for example seeds = {seeds.plan.most or 16}, or remove baseline_seeds.",
        )
        return
    yield from _seed_mistakes(own, "baseline_seeds", is_crossed=False)
    lacking = [seed for seed in seeds if seed not in own]
    if own and lacking:
        yield Mistake(
            place=place,
            sentence=f"baseline_seeds lacks seed {lacking[0]} of seeds; give the baseline every seed that variations "
            f"have, for example baseline_seeds = {3 * len(seeds)}.",
        )


def _seed_mistakes(seeds: Sequence[int], key: str, *, is_crossed: bool) -> Iterator[Mistake]:
    if is_crossed and isinstance(seeds, PlannedSeeds):
        sentence = (
            "seeds adds seeds where the verdict on a variation is open, and a combination of crossed factors has none; "
            f"give a count, for example seeds = {seeds.plan.most or 16}, or remove [[cross]]."
        )
        yield Mistake(place=("seeds",), sentence=sentence)
    if not seeds:
        yield Mistake(place=(key,), sentence=f"{key} is an empty list; give a count, for example {key} = 16.")
    for seed, count in Counter(seeds).items():
        if count > 1:
            times = "twice" if count == 2 else f"{count} times"
            sentence = (
                f"{key} names {seed} {times}; give distinct seeds, or a count, for example {key} = {len(set(seeds))}."
            )
            yield Mistake(place=(key,), sentence=sentence)


def _data_mistakes(data: DataChoice) -> Iterator[Mistake]:
    if data.source is None:
        close = nearest(data.name, KNOWN_NAMES)
        own = listed((source.called for source in SOURCES if source.is_own), "or")
        choices = listed(f'"{name}"' for name in KNOWN_NAMES)
        end = f'did you mean "{close}"?' if close else f'a folder is named by its path, such as "./{data.name}".'
        sentence = f"data.name = {written(data.name)} must be one of {choices}, or {own}; {end}"
        yield Mistake(place=("data", "name"), sentence=sentence)
        return
    for key in data.idle:
        if key in data.model_fields_set and getattr(data, key) is not None:
            owners = listed(source.several for source in SOURCES if key in source.keys)
            sentence = f"data.{key} is for {owners}, and data.name is {data.source.called}; remove one of the two."
            yield Mistake(place=("data", key), sentence=sentence)


def _fraction_mistakes(data: DataChoice, images: ImageKind, place: Place, title: str) -> Iterator[Mistake]:
    training = share(images.training_images, data.fraction)
    if images.training_images and training < images.classes:
        found = f"data.fraction = {data.fraction:g} leaves {training} training images for {images.classes} classes"
        yield Mistake(place=place, sentence=f"{title}{found}; give a larger one.")


def _name_mistakes(variations: Sequence[Variation | None]) -> Iterator[Mistake]:
    folders: dict[str, tuple[str, str]] = {arm_folder(BASELINE): (BASELINE, "the baseline")}
    for index, variation in enumerate(variations):
        if variation is None:
            continue
        title = variation_title(variation, index)
        folder = arm_folder(variation.name)
        if folder not in folders:
            folders[folder] = (variation.name, title)
            continue
        other, other_title = folders[folder]
        if other == variation.name:
            found = f"is already the name of {'the baseline' if other == BASELINE else 'another variation'}"
        else:
            found = f"would share its results folder '{folder}' with {other_title}"
        sentence = f"variation {index + 1}: name = {written(variation.name)} {found}; choose another name."
        yield Mistake(place=("variation", index, "name"), sentence=sentence)
