"""Which runs of a results folder a path on the command line means."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed, nearest
from ceteris.paths import quoted
from ceteris.results.finding import Finding
from ceteris.results.folder import STUDY
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.study.run import arm_folder

_SEED = re.compile(r"seed-(\d+)(?:-([0-9a-f]+))?")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a path on the command line means.

    Attributes:
        arm: What follows it: the name of a variation or of its folder; empty for all variations.
        seed: The seed, if the path is that of a run.
        digest: The beginning of the run's digest, if its folder was named in full.
    """

    folder: Path
    arm: str = ""
    seed: int | None = None
    digest: str = ""


def find_target(path: Path) -> Target:
    """Tell the results folder in a path from the variation and the seed that follow it."""
    for folder in (path, *path.parents):
        if not (folder / STUDY).exists():
            continue
        rest = list(path.relative_to(folder).parts)
        if rest[:1] == ["runs"]:
            rest = rest[1:]
        match = _SEED.fullmatch(rest[-1]) if len(rest) > 1 else None
        if match is not None:
            return Target(folder=folder, arm="/".join(rest[:-1]), seed=int(match[1]), digest=match[2] or "")
        return Target(folder=folder, arm="/".join(rest))
    return Target(folder=path)


def asked_seed(target: Target, seed: int | None) -> int | None:
    """Give the one seed that is asked for, by the path or beside it; None if neither names one.

    Raises:
        ResultsError: If they say two.
    """
    if None not in (seed, target.seed) and seed != target.seed:
        raise ResultsError(f"the path names seed {target.seed}, and --seed asks for {seed}. Leave out one of the two.")
    return target.seed if seed is None else seed


def findings_of(results: Results, target: Target, seed: int | None = None) -> tuple[Finding, ...]:
    """Give what was found of the runs of a variation, in the order of their seeds.

    Raises:
        ResultsError: If there is no such variation, no such seed, or the path names a run that is not counted.
    """
    seed = asked_seed(target, seed)
    names = list(dict.fromkeys(one.run.variation for one in results.findings))
    arm = target.arm
    folders = {arm_folder(name): name for name in names}
    named = arm if arm in names else folders.get(arm, folders.get(arm_folder(arm)))
    if named is None:
        close = nearest(arm, names)
        known = listed(f"'{name}'" for name in names)
        hint = f"did you mean '{close}'?" if close else f"it has {known}."
        raise ResultsError(f"{results.folder.path} has no variation '{arm}'; {hint}")
    findings = [one for one in results.findings if one.run.variation == named]
    if seed is None:
        return tuple(findings)
    found = next((one for one in findings if one.run.seed == seed), None)
    if found is None:
        seeds = listed(str(one.run.seed) for one in findings)
        raise ResultsError(f"{results.folder.path} has no seed {seed}; its seeds are {seeds}.")
    if not found.run.digest.startswith(target.digest):
        raise ResultsError(
            f"the run '{target.digest}' is of another version of the study, and is not counted; its "
            f"'{found.run.variation}', seed {seed}, is now run '{found.run.digest[:8]}'."
        )
    return (found,)


def finished_findings(results: Results, target: Target, seed: int | None = None) -> tuple[Finding, ...]:
    """Give the finished runs that are meant: those that have weights.

    Raises:
        ResultsError: If no variation is named and there are several, there is no such run, or none is finished.
    """
    findings = findings_of(results, target if target.arm else replace(target, arm=_only_arm(results)), seed)
    finished = tuple(one for one in findings if one.status is Status.FINISHED)
    if not finished:
        name = findings[0].run.variation
        what = f"seed {findings[0].run.seed} of '{name}'" if len(findings) == 1 else f"no run of '{name}'"
        verb = "is not finished" if len(findings) == 1 else "is finished"
        states = listed(sorted({became(one) for one in findings}))
        raise ResultsError(
            f"{results.folder.path}: {what} {verb} ({states}), so that it has no weights. "
            f"`ceteris status {quoted(results.folder.path)}` shows which runs have."
        )
    return finished


def became(finding: Finding) -> str:
    """Give the status of a run in a few words, for example `diverged in epoch 2`."""
    if finding.status is Status.DIVERGED and finding.record is not None:
        return f"diverged in epoch {finding.record.diverged_epoch}"
    return "not trained yet" if finding.status is Status.MISSING else finding.status.value


def _only_arm(results: Results) -> str:
    arms = list(dict.fromkeys(one.run.variation for one in results.findings))
    if len(arms) > 1:
        folder = results.folder.path
        raise ResultsError(
            f"{folder} holds {len(arms)} variations. Name one of them: "
            f"{listed((str(folder / arm_folder(arm)) for arm in arms), 'or')}."
        )
    return arms[0]
