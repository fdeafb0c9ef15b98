"""What a study declared about its evaluation, and when: kept for good, so that a change after the results is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ceteris.study.analysis import Analysis
from ceteris.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What was declared from some moment on.

    Attributes:
        analysis: Margin and target.
        seeds: How many seeds each arm was to have.
        variations: Names of what was to be compared with the baseline, one family of tests.
        since: When a run was first started with it, in UTC, ISO 8601; nothing where an earlier ceteris kept no record.
        results: How many runs in the folder had come to their end by then.
    """

    analysis: Analysis
    seeds: int
    variations: tuple[str, ...]
    since: str | None
    results: int

    def says_the_same(self, other: "Declaration") -> bool:
        """Say whether two declarations differ in their time alone."""
        return (self.analysis, self.seeds, self.variations) == (other.analysis, other.seeds, other.variations)


def declaration(study: Study, *, since: str | None, results: int) -> Declaration:
    """Give what a study declares.

    Args:
        study: The study.
        since: As in `Declaration`.
        results: As in `Declaration`.
    """
    names = tuple(variation.name for variation in study.variations)
    return Declaration(analysis=study.analysis, seeds=len(study.seeds), variations=names, since=since, results=results)


def declared(before: Sequence[Declaration], new: Declaration) -> tuple[Declaration, ...]:
    """Add a declaration at the end, if it says anything else than the last one; none is ever taken away."""
    if before and before[-1].says_the_same(new):
        return tuple(before)
    return (*before, new)


def binding(declarations: Sequence[Declaration]) -> tuple[Declaration, ...]:
    """Leave out what was replaced before there was any result: nobody can have been led by what nobody had seen."""
    last = len(declarations) - 1
    return tuple(one for place, one in enumerate(declarations) if place == last or declarations[place + 1].results)


def encode_declaration(one: Declaration) -> dict[str, object]:
    """Give what JSON can hold."""
    return {
        "analysis": one.analysis.model_dump(mode="json"),
        "seeds": one.seeds,
        "variations": list(one.variations),
        "since": one.since,
        "results": one.results,
    }


def decode_declaration(facts: dict[str, Any]) -> Declaration:
    """Read what `encode_declaration` wrote."""
    return Declaration(
        analysis=Analysis(**facts["analysis"]),
        seeds=facts["seeds"],
        variations=tuple(facts["variations"]),
        since=facts["since"],
        results=facts["results"],
    )
