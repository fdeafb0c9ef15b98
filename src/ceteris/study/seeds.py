"""The seeds of a study: a count, a list, or a plan that adds seeds where the verdict is open."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapSerializer, WrapValidator

from ceteris.formatting.wording import written
from ceteris.statistics.sequential import FEWEST_SEEDS, LookPlan
from ceteris.values.mistakes import Mistake, Mistakes

MOST_SEEDS = 10_000
MOST_LOOKS = 100

_EXAMPLE = "seeds = { first = 8, step = 8, most = 32 }"
_SIZE = {"type": "integer", "maximum": MOST_SEEDS}
_FIRST = "Seeds of every arm before the first look at the results."
_STEP = "Seeds that arms with an open verdict get before the next look."


class PlannedSeeds(tuple[int, ...]):  # noqa: SLOT001 - a tuple may hold no slots
    """All seeds that an arm may get, of a study that adds seeds where the verdict is open.

    Attributes:
        plan: When the results are looked at.
    """

    plan: LookPlan

    def __new__(cls, plan: LookPlan) -> Self:
        """Give the seeds of a plan, from 0."""
        seeds = super().__new__(cls, range(plan.most or MOST_SEEDS))
        seeds.plan = plan
        return seeds

    def __getnewargs__(self) -> tuple[LookPlan]:
        return (self.plan,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlannedSeeds) and self.plan == other.plan

    def __ne__(self, other: object) -> bool:  # a tuple has its own
        return not self == other

    def __hash__(self) -> int:
        return hash(self.plan)

    @property
    def table(self) -> dict[str, Any]:
        """The plan as a study file has it."""
        end: dict[str, Any] = {"until": "stopped"} if self.plan.most is None else {"most": self.plan.most}
        return {"first": self.plan.first, "step": self.plan.step, **end}


def _validated(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, PlannedSeeds):
        return value
    if isinstance(value, Mapping):
        return _planned(value)
    return handler(_counted(value))


def _counted(value: Any) -> Any:
    """Take a count of seeds for that many seeds from 0."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SEEDS:
        return tuple(range(value))
    return tuple(value) if isinstance(value, range) else value


def _planned(table: Mapping[str, Any]) -> PlannedSeeds:
    """Read a plan, or say all that is wrong with it."""
    known = ("first", "step", "most", "until")
    wrong = [
        f"seeds: unknown key '{key}'; the keys here are first, step, most and until." for key in table.keys() - {*known}
    ]
    wrong += [f"seeds has no '{key}'; write for example {_EXAMPLE}." for key in ("first", "step") if key not in table]
    wrong += [
        f"seeds.{key} = {written(table[key])} must be an integer from 1 to {MOST_SEEDS}."
        for key in known[:3]
        if key in table and not (type(table[key]) is int and 1 <= table[key] <= MOST_SEEDS)
    ]
    if "until" in table and table["until"] != "stopped":
        wrong.append(
            f'seeds.until = {written(table["until"])} must be "stopped"; or give most, the seeds at the last look.'
        )
    if ("most" in table) == ("until" in table):
        found = "both most and until; remove one" if "most" in table else "neither most nor until; add most"
        wrong.append(f"seeds has {found}, for example {_EXAMPLE}.")
    if not wrong:
        wrong += _impossible(**{key: table[key] for key in known[:3] if key in table})
    if wrong:
        raise Mistakes(*(Mistake(place=("seeds",), sentence=sentence) for sentence in wrong))
    return PlannedSeeds(LookPlan(**{key: table[key] for key in known[:3] if key in table}))


def _impossible(first: int, step: int, most: int | None = None) -> list[str]:
    wrong = []
    if first < FEWEST_SEEDS:
        wrong.append(
            f"seeds.first = {first} must be at least {FEWEST_SEEDS}: the tests do not hold their error rate at a look "
            f"with fewer seeds; write for example {_EXAMPLE}."
        )
    if most is not None and most <= first:
        wrong.append(f"seeds.most = {most} adds nothing to first = {first}; give more, or write seeds = {first}.")
    elif most is not None and (most - first) / step > MOST_LOOKS - 1:
        wrong.append(f"seeds plans more than {MOST_LOOKS} looks; give a larger step than {step}.")
    return wrong


def _written(seeds: tuple[int, ...], handler: Any) -> Any:
    return seeds.table if isinstance(seeds, PlannedSeeds) else handler(seeds)


def _plan_schema(**end: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a plan that ends in one of two ways."""
    first = {**_SIZE, "minimum": FEWEST_SEEDS, "description": _FIRST}
    properties = {"first": first, "step": {**_SIZE, "minimum": 1, "description": _STEP}, **end}
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


_COUNT = {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS}
_LIST = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": True}

FixedSeeds = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...],
    BeforeValidator(_counted),
    Field(strict=False),
    WithJsonSchema({"anyOf": [_COUNT, _LIST]}),
]

Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...],
    WrapValidator(_validated),
    WrapSerializer(_written),
    Field(strict=False),
    WithJsonSchema(
        {
            "anyOf": [
                _COUNT,
                _plan_schema(
                    most={**_SIZE, "minimum": FEWEST_SEEDS + 1, "description": "Seeds of an arm at the last look."}
                ),
                _plan_schema(
                    until={"const": "stopped", "description": "Seeds are added until the program is stopped."}
                ),
                _LIST,
            ]
        }
    ),
]
