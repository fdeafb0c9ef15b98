"""Splits a study into shards, the same everywhere: by the study alone, and by nothing that a machine has or has not."""

import json
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ceteris.errors import StudyError
from ceteris.execution.packing import PackedBatch, pack
from ceteris.formatting.wording import count
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.run import Run
from ceteris.study.seeds import PlannedSeeds
from ceteris.study.shard import Shard
from ceteris.study.specification import Specification
from ceteris.study.study import Study

if TYPE_CHECKING:
    from ceteris.engines.engine import Engine

_LANES = 16


def read_shard(text: str | None, study: Study) -> tuple[int, int] | None:
    """Read `2/4`, the second of four shards of a study; None if none was asked for.

    Raises:
        StudyError: If it is no such text, or the study cannot be split.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None:
        raise StudyError(f"shard {text} is not of the form i/n. Write 1/4 for the first of four shards.")
    number, total = int(found[1]), int(found[2])
    if not 1 <= number <= total:
        raise StudyError(
            f"shard {text}: there is no shard {number} of {total}; they are counted from 1. Give a number from 1 to "
            f"{total}; a job array of Slurm then has --array=1-{total}."
        )
    if isinstance(study.seeds, PlannedSeeds):
        raise StudyError(
            f"shard {text}: this study adds seeds, and each look needs the results of all runs, which a shard does not "
            "have. Train no shards and let the machines share one folder, or give seeds as a number."
        )
    return number, total


def split_study(study: Study, data_digest: str, number: int, total: int) -> Shard:
    """Give one shard of a study.

    Runs that can share a packed batch on the lanes engine stay together, sixteen at a time in the order of the study.
    These parts are dealt out by the work in them, the largest first, each to the shard that has the least by then.

    Args:
        study: All of it.
        data_digest: Of its images, as for `Study.runs`.
        number: Which shard, from 1.
        total: How many shards there are, at least 1.

    Raises:
        StudyError: If there are more shards than parts.
    """
    runs = study.runs(data_digest)
    together = [run for run in runs if _is_packed(run.specification)]
    alone = [run for run in runs if not _is_packed(run.specification)]
    # Only what `pack` asks of an engine.
    batches = [*pack(together, cast("Engine", _Packing(_LANES))), *pack(alone, cast("Engine", _Packing(1)))]
    if total > len(batches):
        raise StudyError(
            f"the study has {count(len(batches), 'packed batch', 'packed batches')}, too few for {total} shards: "
            f"runs that train together are not torn apart. Use at most {len(batches)}."
        )
    loads = [0.0] * total
    mine: list[str] = []
    for batch in sorted(batches, key=lambda one: -_weight(one)):
        place = loads.index(min(loads))
        loads[place] += _weight(batch)
        if place == number - 1:
            mine += [run.digest[:16] for run in batch.runs]
    return Shard(number=number, total=total, digests=tuple(sorted(mine)))


@dataclass(frozen=True)
class _Packing:
    """What may train together, whatever engines a machine has."""

    packed_runs: int

    def packing_key(self, specification: Specification) -> Hashable:
        """Leave out what lanes of a packed batch may differ in."""
        facts = specification.model_dump(mode="json")
        training = {name: facts["training"][name] for name in ("batch_size", "epochs", "optimizer")}
        return json.dumps([facts["data"], _without_dropout(facts["network"]), training], sort_keys=True)


def _is_packed(specification: Specification) -> bool:
    """Tell layers and heads from what trains one run at a time: code of the user's own, and backbones that learn."""
    network = specification.network
    return not specification.runs_own_code and (not isinstance(network, BackboneNetwork) or network.is_frozen)


def _weight(batch: PackedBatch) -> float:
    """Estimate the work of a packed batch: on lanes, few runs take as long as sixteen."""
    is_lanes = _is_packed(batch.runs[0].specification) and not isinstance(
        batch.runs[0].specification.network, BackboneNetwork
    )
    return batch.work * (_LANES if is_lanes else len(batch.runs))


def _without_dropout(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: 0 if name == "dropout" else _without_dropout(value) for name, value in facts.items()}
    return [_without_dropout(one) for one in facts] if isinstance(facts, list) else facts


def shard_of(study: Study, data_digest: str, shard: tuple[int, int] | None) -> Shard | None:
    """Give the shard that was asked for, if one was."""
    return None if shard is None else split_study(study, data_digest, *shard)


def part_of(runs: tuple[Run, ...], shard: Shard | None) -> tuple[Run, ...]:
    """Give the runs of a shard, or all."""
    return runs if shard is None else shard.part(runs)
