"""A study: one question, a baseline, and what is changed to answer it."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from ceteris.datasets.choice import DataChoice
from ceteris.formatting.notebook import in_notebook
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.analysis import AnalysisSettings
from ceteris.study.check import check_study
from ceteris.study.cross import Cross, crossed_arms
from ceteris.study.run import BASELINE, Arm, Run
from ceteris.study.seeds import FixedSeeds, PlannedSeeds, Seeds
from ceteris.study.specification import Baseline, Specification
from ceteris.study.variation import Level, Variation
from ceteris.study.vary import vary
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Mistakes, Place, explain


class Study(Frozen):
    """A question, and all that is needed to answer it by experiment.

    Attributes:
        title: What the study is called.
        question: What it asks, in a sentence for the report.
        seeds: Each arm is trained once per seed; a count is taken for that many seeds from 0, a table for a plan that
            adds seeds where the verdict is open.
        baseline_seeds: Those of the baseline, which every comparison needs; if not given, and seeds is no plan, the
            root of the number of variations times as many, rounded.
        data: The images, the same for all arms.
        baseline: What every variation is compared with.
        variations: The baseline with declared changes, each a `[[variation]]` in a study file.
        crosses: Factors whose levels are crossed, each a `[[cross]]` in a study file.
        analysis: What is decided before results are seen.

    Raises:
        StudyError: If anything in it cannot be; all mistakes at once.
    """

    model_config = ConfigDict(populate_by_name=True)
    later: ClassVar[frozenset[str]] = frozenset({"crosses"})

    title: Annotated[str, Field(min_length=1, max_length=200)]
    question: str = ""
    seeds: Seeds
    baseline_seeds: FixedSeeds | None = None
    data: DataChoice = DataChoice()
    baseline: Baseline
    variations: Annotated[tuple[Variation, ...], Field(strict=False, alias="variation")] = ()
    crosses: Annotated[tuple[Cross, ...], Field(strict=False, alias="cross")] = ()
    analysis: AnalysisSettings = AnalysisSettings()

    def _repr_html_(self) -> str:
        return in_notebook(self)

    def arms(self) -> tuple[Arm, ...]:
        """Give everything that is trained once per seed: the baseline, the variations, what crosses add to them."""
        return self._arms

    @cached_property
    def _arms(self) -> tuple[Arm, ...]:  # asked for 29 times between a study file and its report
        baseline = Specification(
            data=self.data, network=self.baseline.network, training=self.baseline.training, train=self.baseline.train
        )
        declared = (
            Arm(factor=BASELINE, name=BASELINE, specification=baseline),
            *(
                Arm(factor=variation.factor, name=variation.name, specification=vary(baseline, variation))
                for variation in self.variations
            ),
        )
        return (*declared, *crossed_arms(declared, self.crosses))

    def seeds_of(self, arm: str, asked: Mapping[str, int] = MappingProxyType({})) -> tuple[int, ...]:
        """Give the seeds that an arm is trained with.

        The baseline enters every difference, so that it deserves the root of the number of variations times their
        runs: with 46 baseline runs and 14 of each of 15 variations, more is found than with 16 of each, and both are
        256 runs.

        Args:
            arm: Its name.
            asked: Of a study that adds seeds: how many each arm has been given so far; those of the first look for an
                arm that is absent.
        """
        if isinstance(self.seeds, PlannedSeeds):
            return self.seeds[: asked.get(arm, self.seeds.plan.first)]
        if arm != BASELINE:
            return self.seeds
        if self.baseline_seeds is not None:
            return self.baseline_seeds
        more = (max(1, round(math.sqrt(len(self.variations)))) - 1) * len(self.seeds)
        first = max(self.seeds, default=0) + 1
        return (*self.seeds, *range(first, first + more))

    def with_baseline_seeds(self, seeds: tuple[int, ...] | None = None) -> Self:
        """Give the same study with the seeds of the baseline written out, where it has a fixed number.

        Args:
            seeds: Those to write; those that it has, if not given.
        """
        if isinstance(self.seeds, PlannedSeeds):
            return self
        return self.model_copy(update={"baseline_seeds": seeds or self.seeds_of(BASELINE)})

    def runs(self, data_digest: str, asked: Mapping[str, int] = MappingProxyType({})) -> tuple[Run, ...]:
        """Give every network to train, arm by arm.

        Args:
            data_digest: SHA-256 of the records the runs may look at, as `Dataset.digest` gives it.
            asked: As for `seeds_of`.
        """
        return tuple(
            Run(
                factor=arm.factor,
                variation=arm.name,
                seed=seed,
                specification=arm.specification,
                data_digest=data_digest,
            )
            for arm in self.arms()
            for seed in self.seeds_of(arm.name, asked)
        )

    def on_own(self, name: str) -> Self:
        """Give the same study with only the name of the user's own images, whose place is nobody's business."""
        return self.model_copy(update={"data": self.data.model_copy(update={"name": f"./{name}"})})

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all_mistakes(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Check what types cannot say, also when a type is wrong elsewhere, so that nobody mends a file in rounds."""
        try:
            study = handler(value)
        except ValidationError as error:
            mistakes = explain(error, cls, value)
            raise Mistakes(*mistakes, *_mistakes_in_the_rest(value, mistakes)) from None
        mistakes = check_study(
            seeds=study.seeds,
            baseline_seeds=study.baseline_seeds,
            data=study.data,
            baseline=study.baseline,
            variations=study.variations,
            crosses=study.crosses,
        )
        if mistakes:
            raise Mistakes(*mistakes)
        return study


class _Rest(Frozen):
    """What a study must have for its variations to be checked."""

    seeds: Seeds = (0,)
    baseline_seeds: FixedSeeds | None = None
    data: DataChoice = DataChoice()
    baseline: Baseline


def _mistakes_in_the_rest(value: Any, told: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """Check what can be checked without the parts that were mistaken."""
    sound = _without(value, {mistake.place for mistake in told})
    if not isinstance(sound, Mapping):
        return ()
    variations = value.get("variation", value.get("variations", ()))
    crosses = value.get("cross", value.get("crosses", ()))
    try:
        rest = _Rest.model_validate({key: sound[key] for key in _Rest.model_fields if key in sound})
    except ValidationError:
        return ()
    found = check_study(
        seeds=rest.seeds,
        baseline_seeds=rest.baseline_seeds,
        data=rest.data,
        baseline=rest.baseline,
        variations=_readable(Variation, variations),
        crosses=_readable(Cross, crosses),
    )
    is_same_baseline = not any(mistake.place[:1] == ("baseline",) for mistake in told)
    return tuple(mistake for mistake in found if is_same_baseline or not mistake.compares)


def _without(node: Any, places: set[Place]) -> Any:
    """Copy tables without the entries at some places; an entry of a list cannot be left out, and becomes nothing."""
    inner = {
        key: {place[1:] for place in places if place[:1] == (key,)} for key in {place[0] for place in places if place}
    }
    if isinstance(node, Mapping):
        kept = (key for key in node if () not in inner.get(key, set()))
        return {key: _without(node[key], inner.get(key, set())) for key in kept}
    if isinstance(node, list | tuple):
        return [None if () in inner.get(i, set()) else _without(v, inner.get(i, set())) for i, v in enumerate(node)]
    return node


_Entry = TypeVar("_Entry", bound=Frozen)
_Changes = TypeVar("_Changes", bound=Level)


def _readable(kind: type[_Entry], entries: Any) -> list[_Entry | None]:
    return [_read(kind, entry) for entry in entries] if isinstance(entries, list | tuple) else []


def _read(kind: type[_Entry], entry: Any) -> _Entry | None:
    try:
        return kind.model_validate(entry)
    except ValidationError:
        return None


_PATH = "network.weights_sha256"


def pinned(study: Study, digest_of: Callable[[BackboneNetwork], str]) -> Study:
    """Write into each network with a backbone what the file of its weights has.

    Args:
        study: As it was asked.
        digest_of: Gives the SHA-256 of a network's weights in hexadecimal; empty where they are not available.

    Returns:
        The study itself if none of its networks has a backbone.
    """
    arms = {arm.name: arm.specification.network for arm in study.arms()}
    digests = {name: digest_of(network) for name, network in arms.items() if isinstance(network, BackboneNetwork)}
    if not digests:
        return study
    fields = {name: getattr(study, name) for name in Study.model_fields}
    network = study.baseline.network
    if isinstance(network, BackboneNetwork):
        fields["baseline"] = study.baseline.model_copy(update={"network": _with(network, digests[BASELINE])})
    of_baseline = digests.get(BASELINE)
    fields["variations"] = tuple(_pinned(one, digests.get(one.name), of_baseline) for one in study.variations)
    fields["crosses"] = tuple(_pinned_cross(study, cross, digest_of, of_baseline) for cross in study.crosses)
    return Study(**fields)


def _pinned_cross(
    study: Study, cross: Cross, digest_of: Callable[[BackboneNetwork], str], of_baseline: str | None
) -> Cross:
    baseline = study.arms()[0].specification

    def digest(level: Level) -> str | None:
        network = vary(baseline, level).network
        return digest_of(network) if isinstance(network, BackboneNetwork) else None

    factors = tuple(
        one.model_copy(update={"levels": tuple(_pinned(level, digest(level), of_baseline) for level in one.levels)})
        for one in cross.factors
    )
    return cross.model_copy(update={"factors": factors})


def _pinned(variation: _Changes, digest: str | None, of_baseline: str | None) -> _Changes:
    if digest is None:
        return variation
    if isinstance(variation.network, BackboneNetwork):
        return variation.model_copy(update={"network": _with(variation.network, digest)})
    if digest == of_baseline:
        return variation
    return variation.model_copy(update={"set": {**variation.set, _PATH: digest}})


def _with(network: BackboneNetwork, digest: str) -> BackboneNetwork:
    return network.model_copy(update={"weights_sha256": digest})
