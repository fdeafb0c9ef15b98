"""The settings of runs from elsewhere: what each arm changes, computed, and what changes together with it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ceteris.formatting.wording import listed
from ceteris.results.imports.imported_runs import ImportedRun
from ceteris.results.imports.names import spelled, tokens
from ceteris.results.warning import CodedWarning, WarningCode
from ceteris.study.changes import SettingChange

_FACTOR = "factor"
_NUMBERED = re.compile(r"/\d+(/.*)?")
"""Entries of a list, such as the layers of a network, are one setting."""
_FOLLOWING = frozenset(("parameters", "params", "num params", "n params", "num parameters", "flops", "macs"))
"""What follows from other settings: told, and not counted as a change of its own."""
_RESULTS = frozenset(("best", "final", "val", "validation"))
"""Words of columns that came out of training, whatever else they are."""
_MIXED = 0.5
"""Of the runs of an arm: where values of a setting are not the same in all, this share has to differ to be told."""


@dataclass(frozen=True, kw_only=True)
class ArmSettings:
    """What tells an arm from the baseline.

    Attributes:
        factor: What the arm is about, where the source has a column for that; else its name.
        changes: Settings that all its runs have in common and the baseline's too, with other values.
        notes: What is confounded, a sentence each.
    """

    factor: str
    changes: tuple[SettingChange, ...]
    notes: tuple[str, ...]


def arm_settings(name: str, baseline: Sequence[ImportedRun], arm: Sequence[ImportedRun]) -> ArmSettings:
    """Compare the settings of an arm's runs with those of the baseline's.

    Args:
        name: Of the arm.
        baseline: Runs of the baseline.
        arm: Runs of the arm.
    """
    keys = dict.fromkeys(key for one in (*baseline, *arm) for key in one.settings)
    factors = {one.settings[key] for one in arm for key in keys if spelled(key) == _FACTOR and key in one.settings}
    changes, mixed = [], []
    for key in keys:
        if spelled(key) == _FACTOR or not _RESULTS.isdisjoint(tokens(key)):
            continue
        before, after = _values(baseline, key), _values(arm, key)
        if len(before) == 1 and len(after) == 1:
            if before.keys() != after.keys():
                changes.append(
                    SettingChange(path=key.replace(".", "/"), before=next(iter(before)), after=next(iter(after)))
                )
        elif _is_told(before, after):
            mixed.append(key)
    return ArmSettings(
        factor=factors.pop() if len(factors) == 1 else name,
        changes=tuple(changes),
        notes=tuple(_notes(name, changes, mixed)),
    )


def _values(runs: Sequence[ImportedRun], key: str) -> Mapping[str, int]:
    return Counter(one.settings.get(key, "") for one in runs)


def _is_told(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Say whether a setting that varies within an arm also differs between arms; one that names runs does not."""
    runs = sum(before.values()), sum(after.values())
    if any(2 * len(values) > total and len(values) > 1 for values, total in zip((before, after), runs, strict=True)):
        return False
    apart = sum(abs(before.get(key, 0) / runs[0] - after.get(key, 0) / runs[1]) for key in {*before, *after})
    return apart / 2 >= _MIXED


def _notes(name: str, changes: Sequence[SettingChange], mixed: Sequence[str]) -> Iterator[str]:
    own = [change for change in changes if spelled(change.path) not in _FOLLOWING]
    if len({_NUMBERED.sub("", change.path) for change in own}) > 1:
        text = (
            f"'{name}' differs from the baseline in {len(own)} settings, {listed(map(str, own))}: they are confounded, "
            "and its difference is that of all together."
        )
        yield CodedWarning(text, code=WarningCode.CONFOUNDED, arms=(name,))
    if mixed:
        which = listed(f"'{key}'" for key in mixed)
        text = (
            f"The runs of '{name}' and of the baseline differ in {which}, which varies within an arm too: its "
            "difference may come from there."
        )
        yield CodedWarning(text, code=WarningCode.CONFOUNDED, arms=(name,))
