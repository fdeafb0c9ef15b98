"""Predictions as a table for people, and as CSV and JSON lines for programs."""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.inference.ensemble import RankedClass

COLUMNS = ("image", "rank", "class", "probability", "standard_deviation", "lowest", "highest", "votes", "seeds")


class PredictionFormat(StrEnum):
    """How predictions are written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What networks say of an image, or why they say nothing.

    Attributes:
        image: What it is called.
        classes: The most probable first; empty if there is trouble.
        notes: What was done to the image, one sentence each.
        trouble: In a sentence or two.
    """

    image: str
    classes: tuple[RankedClass, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


def write_csv(answers: Iterable[Answer], seeds: Sequence[int]) -> None:
    """Write one row an image and class to standard output, as the answers come."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for answer in answers:
        for place, one in enumerate(answer.classes, start=1):
            deviation = "" if one.deviation is None else _short(one.deviation)
            numbers = (_short(one.probability), deviation, _short(one.lowest), _short(one.highest))
            writer.writerow((answer.image, place, one.name, *numbers, one.votes, len(seeds)))
        sys.stdout.flush()


def write_jsonl(answers: Iterable[Answer], arm: str, seeds: Sequence[int]) -> None:
    """Write one object an image to standard output, as the answers come; those that cannot be read are among them."""
    for answer in answers:
        facts: dict[str, Any] = {"image": answer.image, "variation": arm, "seeds": list(seeds)}
        if answer.trouble:
            facts["error"] = answer.trouble
        else:
            facts["classes"] = [_facts(one) for one in answer.classes]
            facts["notes"] = list(answer.notes)
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def write_table(answers: Iterable[Answer], seeds: Sequence[int], console: Console) -> None:
    """Draw a table when all answers are there; nothing if no image could be read."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("image", overflow="fold")
    table.add_column("class", overflow="fold")
    table.add_column("probability", justify="right", no_wrap=True)
    if len(seeds) > 1:
        table.add_column("lowest to highest", justify="right", no_wrap=True)
        table.add_column("votes", justify="right", no_wrap=True)
    for answer in answers:
        for place, one in enumerate(answer.classes):
            cells = [f"{100 * one.probability:.1f} %"]
            if len(seeds) > 1:
                cells += [f"{100 * one.lowest:.1f} to {100 * one.highest:.1f} %", f"{one.votes} of {len(seeds)}"]
            style = "" if place == 0 else "dim"
            table.add_row(Text("" if place else answer.image), Text(one.name), *cells, style=style)
    if table.row_count:
        console.print(table)


def _facts(one: RankedClass) -> dict[str, Any]:
    return {
        "class": one.name,
        "probability": float(_short(one.probability)),
        "standard_deviation": None if one.deviation is None else float(_short(one.deviation)),
        "lowest": float(_short(one.lowest)),
        "highest": float(_short(one.highest)),
        "votes": one.votes,
    }


def _short(number: float) -> str:
    """Write what float32 is sure of."""
    return f"{number:.6g}"
