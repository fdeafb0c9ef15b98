"""Crossed factors: every combination of their levels is trained, which tells effects from interactions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from ceteris.formatting.wording import listed
from ceteris.study.run import BASELINE, Arm
from ceteris.study.variation import LONGEST_NAME, Level, Name, Variation, many
from ceteris.study.vary import vary
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Place

Levels = tuple[int, ...]
"""The level of each factor in a cell: 0 is the baseline's, 1 the first that the factor declares."""


class CrossedFactor(Frozen):
    """What is varied: the level that the baseline has, and others.

    Attributes:
        name: What it is about, for example `optimizer`.
        baseline: What the baseline's level is called.
        levels: One level, or a list of them: a name, and changes as a variation declares them.
    """

    name: Name
    baseline: Name = BASELINE
    levels: Annotated[tuple[Level, ...], Field(strict=False), BeforeValidator(many)]


class Cross(Frozen):
    """Factors whose levels are crossed: each combination of levels is an arm, the baseline among them.

    Attributes:
        name: Unique in the study, for example `optimizer x batch norm`.
        factors: At least two, each a `[[cross.factor]]` in a study file.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: Name
    factors: Annotated[tuple[CrossedFactor, ...], Field(strict=False, alias="factor")]

    def __str__(self) -> str:
        """Name it with the levels of its factors."""
        factors = (
            f"{one.name} ({listed([one.baseline, *(x.name for x in one.levels)], 'or')})" for one in self.factors
        )
        return f"{self.name}: {listed(factors)}"

    def combinations(self) -> Iterator[tuple[Levels, tuple[Level, ...]]]:
        """Give every cell but the baseline's: the level of each factor, and those levels that are not the baseline's.

        Example:
            >>> factors = [CrossedFactor(name=name, levels=[Level(name=f"more {name}")]) for name in ("depth", "width")]
            >>> for levels, chosen in Cross(name="size", factors=factors).combinations():
            ...     print(levels, combined("size", chosen).name)
            (0, 1) more width
            (1, 0) more depth
            (1, 1) more depth, more width
        """
        for levels in product(*(range(len(factor.levels) + 1) for factor in self.factors)):
            if any(levels):
                chosen = zip(self.factors, levels, strict=True)
                yield levels, tuple(factor.levels[level - 1] for factor, level in chosen if level)


def combined(cross: str, levels: Sequence[Level]) -> Variation:
    """Give the variation that makes the changes of several levels at once; its name has theirs in it."""
    changes: dict[str, Any] = {"set": {path: value for level in levels for path, value in level.set.items()}}
    for key in ("insert", "replace", "remove"):
        changes[key] = [change for level in levels for change in getattr(level, key)]
    network = next((level.network for level in levels if level.network is not None), None)
    train = next((level.train for level in levels if level.train is not None), None)
    return Variation(factor=cross, name=combined_name(levels), network=network, train=train, **changes)


def combined_name(levels: Sequence[Level]) -> str:
    """Name the arm of several levels."""
    return ", ".join(level.name for level in levels)


def crossed_arms(arms: Sequence[Arm], crosses: Sequence[Cross]) -> tuple[Arm, ...]:
    """Give the arms that crosses add to the others of a study.

    Args:
        arms: The baseline, then the declared variations; a cell that one of them is already adds no arm.
        crosses: Checked.
    """
    known, baseline = {arm.specification for arm in arms}, arms[0].specification
    added = []
    for cross in crosses:
        for _, levels in cross.combinations():
            variation = combined(cross.name, levels)
            specification = vary(baseline, variation)
            if specification not in known:
                known.add(specification)
                added.append(Arm(factor=cross.name, name=variation.name, specification=specification))
    return tuple(added)


def cells(cross: Cross, arms: Sequence[Arm]) -> Mapping[Levels, Arm]:
    """Find the arm of each cell of a cross.

    Args:
        cross: Of the study.
        arms: All of the study, the baseline first.
    """
    named, baseline = {arm.specification: arm for arm in arms}, arms[0]
    found = {(0,) * len(cross.factors): baseline}
    for levels, chosen in cross.combinations():
        found[levels] = named[vary(baseline.specification, combined(cross.name, chosen))]
    return found


_MOST_CELLS = 256


def factor_mistakes(cross: Cross, place: Place, title: str) -> Iterator[Mistake]:
    """Find what is wrong with the number and the names of factors and levels."""
    if len(cross.factors) < 2:
        has = "1 factor" if cross.factors else "no factor"
        end = "needs two or more. Add a [[cross.factor]], or declare each level as a [[variation]]."
        yield Mistake(place=place, sentence=f"{title} has {has}, and {end}")
    number = 1
    for index, factor in enumerate(cross.factors):
        where = (*place, "factor", index)
        number *= len(factor.levels) + 1
        if factor.name in [one.name for one in cross.factors[:index]]:
            yield Mistake(
                place=(*where, "name"),
                sentence=f"{title}: two factors are called '{factor.name}'; give each a name of its own.",
            )
        if not factor.levels:
            end = "give levels = { name, and what it changes }."
            yield Mistake(place=where, sentence=f"{title}: factor '{factor.name}' has the baseline's level only; {end}")
        names = [factor.baseline, *(level.name for level in factor.levels)]
        for position, name in enumerate(names):
            if name in names[:position]:
                sentence = f"{title}: two levels of '{factor.name}' are called '{name}'; give each a name of its own."
                yield Mistake(place=(*where, "levels", position - 1), sentence=sentence)
    if number > _MOST_CELLS:
        sentence = f"{title}: its levels make {number:,} combinations, and at most {_MOST_CELLS} are trained; leave out"
        yield Mistake(place=place, sentence=f"{sentence} factors or levels.")
    longest = ", ".join(max((level.name for level in one.levels), key=len, default="") for one in cross.factors)
    if len(longest) > LONGEST_NAME:
        sentence = f"{title}: its arm '{longest}' has a name of {len(longest)} characters, more than"
        yield Mistake(place=place, sentence=f"{sentence} {LONGEST_NAME}; give the levels shorter names.")


def clashes(levels: Sequence[Level]) -> Iterator[str]:
    """Find what two levels both change: a combination of them would be one of the two."""
    for index, second in enumerate(levels):
        for first in levels[:index]:
            both = [f'"{path}"' for path in second.set if path in first.set]
            both += ["network"] if first.network is not None and second.network is not None else []
            both += ["train"] if first.train is not None and second.train is not None else []
            if both:
                end = "factors that are crossed change different things."
                yield f"'{first.name}' and '{second.name}' both change {listed(both)}; {end}"
