"""What predicting takes, variation by variation."""

from collections.abc import Sequence

from ceteris.analysis.costs import VariationCost, has_backbone
from ceteris.report.quantities import file_size, milliseconds
from ceteris.report.table import Cell, Column, Table

_NOT_MEASURED = "not measured"


def cost_table(costs: Sequence[VariationCost]) -> Table | None:
    """Draw up what a prediction takes; nothing where there are no costs.

    Args:
        costs: From `variation_costs`.
    """
    if not costs:
        return None
    return Table(
        name="costs",
        title="What a prediction takes",
        columns=(
            Column(title="variation"),
            Column(title="parameters", is_number=True, meaning="Numbers that decide the answer; below it, the learnt."),
            Column(
                title="multiply-adds",
                is_number=True,
                meaning="Multiplications with addition for one image, through the whole network.",
            ),
            Column(
                title="memory",
                is_number=True,
                meaning="Counted for one image in float32: all parameters, and the largest input and output of a layer "
                "together. What PyTorch itself takes comes on top.",
            ),
            Column(
                title="files",
                is_number=True,
                meaning="The weights of one run; with a pretrained backbone the file that it came in too, including a "
                "classifier that is not used.",
            ),
            Column(
                title="time an image (ms)",
                is_number=True,
                meaning="Median, below it the quartiles and how many images they rest on.",
            ),
        ),
        rows=tuple(_row(cost) for cost in costs),
        pinned=1,
        notes=tuple(_notes(costs)),
    )


def _notes(costs: Sequence[VariationCost]) -> list[str]:
    timed = [cost.time for cost in costs if cost.time is not None]
    notes = []
    if timed:
        hosts = dict.fromkeys(time.host for time in timed)
        notes.append(
            "Times are of one trained network after the study, whichever engine trained it: PyTorch in float32, one "
            "core, one image at a time, from pixels to class probabilities; of a pretrained network, with resizing and "
            f"all of its backbone. Measured on {'; and on '.join(hosts)}."
        )
    if len(timed) < sum(cost.own_bytes is not None for cost in costs):
        notes.append(
            "What was not measured is measured when `ceteris run` is called again for this study, with PyTorch "
            "installed, on the machine that trained it."
        )
    return notes


def _row(cost: VariationCost) -> tuple[Cell, ...]:
    counted, time = cost.counted, cost.time
    learnt = "" if counted.learnt == counted.parameters else f"{counted.learnt:,} learnt"
    return (
        Cell(cost.arm.name),
        Cell(f"{counted.parameters:,}", key=counted.parameters, detail=learnt),
        Cell(f"{counted.multiply_adds:,}", key=counted.multiply_adds),
        Cell(file_size(counted.memory), key=counted.memory),
        _files(cost),
        Cell(_NOT_MEASURED)
        if time is None
        else Cell(
            milliseconds(time.median),
            key=time.median,
            detail=f"{milliseconds(time.first_quartile)} to {milliseconds(time.third_quartile)}; n = {time.images}",
        ),
    )


def _files(cost: VariationCost) -> Cell:
    if cost.own_bytes is None:
        return Cell("")
    own = f"{file_size(cost.own_bytes)} of the run"
    if cost.file_bytes is None:
        return Cell(_NOT_MEASURED, detail=f"{own}, and the pretrained file")
    if not has_backbone(cost.arm):
        return Cell(file_size(cost.own_bytes), key=cost.own_bytes)
    assert cost.pretrained_bytes is not None
    return Cell(
        file_size(cost.file_bytes), key=cost.file_bytes, detail=f"{file_size(cost.pretrained_bytes)} pretrained, {own}"
    )
