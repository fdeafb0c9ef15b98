"""What there is to train of a study: how many runs, and what each arm changes."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from ceteris.datasets.choice import share, source_of
from ceteris.datasets.dataset import ImageKind
from ceteris.execution.packing import PackedBatch
from ceteris.formatting.console import arm_table
from ceteris.formatting.wording import listed
from ceteris.networks.cost import network_cost
from ceteris.report.quantities import count, seeds_each
from ceteris.study.changes import CodeChange, changes, in_words
from ceteris.study.run import Arm
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.study import Study


def size(study: Study, images: ImageKind, batches: Sequence[PackedBatch]) -> str:
    """Say how much there is to train."""
    source = source_of(study.data)
    name, some = source.title(study.data, images.classes), "" if source.is_exact else "up to "
    crossed = len(study.arms()) - 1 - len(study.variations)
    variations = [count(len(study.variations), "variation")] if study.variations else []
    combinations = [f"{count(crossed, 'combination')} of crossed factors"] if crossed else []
    arms = listed(["the baseline", *variations, *combinations])
    shares = sorted({share(images.training_images, arm.specification.data.fraction) for arm in study.arms()})
    ends = (shares[0], shares[-1]) if source.is_exact else shares[-1:]  # no "up to 40 to 80"
    trained = " to ".join(f"{one:,}" for one in dict.fromkeys(ends))
    runs_of_images = (
        f"{_runs(study)}: {arms}, {seeds_each(study)}, on {some}"
        f"{trained} training and {images.validation_images:,} validation images of {name}; tested on "
        f"{images.test_images:,}."
    )
    if not batches:
        return runs_of_images
    return "\n".join([runs_of_images, *_packing(batches)])


def _runs(study: Study) -> str:
    """Say how many runs there are; of a study that adds seeds, how many there may be."""
    arms = len(study.arms())
    if not isinstance(study.seeds, PlannedSeeds):
        return count(sum(len(study.seeds_of(arm.name)) for arm in study.arms()), "run")
    least, most = study.seeds.plan.first * arms, len(study.seeds) * arms
    return f"At least {count(least, 'run')}" if study.seeds.plan.most is None else f"{least:,} to {most:,} runs"


def planned_looks(seeds: Sequence[int]) -> str | None:
    """Say what decides how many seeds there are; None where the study gives their number."""
    if not isinstance(seeds, PlannedSeeds):
        return None
    plan = seeds.plan
    if plan.sizes is None:
        return (
            f"Looks at {plan.first} seeds and after every {plan.step} more, until the program is stopped: variations "
            "with an open verdict get more seeds. The tests hold their error rate at any look, and find fewer "
            "differences than those of a declared maximum."
        )
    sizes = listed(f"{size:,}" for size in plan.sizes[:6]) if len(plan.sizes) <= 6 else f"{len(plan.sizes)} sizes"
    return (
        f"Looks at {sizes} seeds: variations with an open verdict get more seeds, and the baseline with them. The "
        f"tests hold their error rate over all looks together. The time below is that of the first look; all arms to "
        f"the last one take {plan.sizes[-1] / plan.first:.1f} times as long."
    )


def _packing(batches: Sequence[PackedBatch]) -> Iterator[str]:
    """Say what each engine trains at a time, a line each."""
    for name in sorted({batch.engine.name for batch in batches}):
        own = [batch for batch in batches if batch.engine.name == name]
        most = max(len(batch.runs) for batch in own)
        if most == 1:
            yield f"The {name} engine trains {count(len(own), 'run')}, one at a time per core."
        else:
            number = f"{len(own)} packed batch{'' if len(own) == 1 else 'es'}"
            yield f"The {name} engine trains {number} of up to {most} runs, one packed batch at a time per core."


def code_diffs(arms: Sequence[Arm]) -> Iterator[str]:
    """Give the lines in which the user's own code of variations differs from the baseline's, each diff once."""
    told: set[CodeChange] = set()
    for arm in arms[1:]:
        for change in changes(arms[0].specification, arm.specification):
            if isinstance(change, CodeChange) and change not in told:
                told.add(change)
                yield f"'{arm.name}', code of {change.path}:"
                yield from (f"  {line}" for line in change.short_diff)


def plan_table(arms: Sequence[Arm], images: ImageKind, own: Mapping[str, int] = MappingProxyType({})) -> Table:
    """Draw a row for each variation: what it changes, and how large its network is.

    Of code of the user's own, `own` has how many numbers it trains, by name of the arm, 0 if that is not known.
    """
    table = arm_table()
    table.add_column("what it changes")
    table.add_column("para-\nmeters", justify="right", no_wrap=True)
    table.add_column("multiply-\nadds", justify="right", no_wrap=True)
    baseline = arms[0].specification
    for before, arm in zip((None, *arms), arms, strict=False):
        cost = network_cost(arm.specification.network, images.shape, images.classes)
        table.add_row(
            Text("" if arm is arms[0] or (before and before.factor == arm.factor) else arm.factor),
            Text(arm.name, style="bold" if arm is arms[0] else ""),
            Text("\n".join(in_words(changes(baseline, arm.specification)))),
            Text(_unless_unknown(own.get(arm.name, cost.parameters))),
            Text(_unless_unknown(0 if arm.specification.train else cost.multiply_adds)),
        )
    return table


def _unless_unknown(number: int) -> str:
    return f"{number:,}" if number else ""
