"""What a reader must know before believing a number: said above everything else."""

from collections.abc import Iterator, Sequence

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.datasets.dataset import Origin
from ceteris.report.chance import chance_notes
from ceteris.report.declarations import changed_analysis
from ceteris.report.naming import listed_up_to, quoted
from ceteris.report.quantities import count, duration
from ceteris.results.finding import Finding
from ceteris.results.manifest import skipping
from ceteris.results.record import Status
from ceteris.statistics.summary import seed_list


def reservations(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Say what would embarrass us if it were found out later, the gravest first.

    The images come first if they are not the official ones; then what the run noted, for example a fallback engine or
    a changed study, and what was declared otherwise before the results; then what is missing, failed, damaged or
    diverged. What was skipped is in `omissions`.
    """
    return tuple(dict.fromkeys(_reservations(analysis)))


def omissions(analysis: StudyAnalysis) -> tuple[str, ...]:
    """Say which variations were skipped, why, and what to do; a sentence or two each."""
    left_out: dict[tuple[str, str], int] = {}
    for finding in analysis.findings[Status.SKIPPED]:
        which = (finding.run.variation, finding.skipped)
        left_out[which] = left_out.get(which, 0) + 1
    planned = len(analysis.results.manifest.study.seeds)
    return tuple(_omission(name, runs, planned, reason) for (name, reason), runs in left_out.items())


def origin_sentence(analysis: StudyAnalysis) -> str | None:
    """Say what the images are, unless they are the official ones."""
    match analysis.results.manifest.data_origin:
        case Origin.BUILT_IN:
            return "The images were drawn by the program: no number here is about photographs, or about CIFAR-10."
        case Origin.MODIFIED:
            return (
                "The images are a modified copy of the official ones: accuracies can be compared with each other, not "
                "with published ones."
            )
        case _:
            return None


def _reservations(analysis: StudyAnalysis) -> Iterator[str]:
    skipped = {skipping(*entry) for entry in analysis.results.manifest.skipped.items()}
    notes = [note for note in analysis.results.notes if note not in skipped]
    # Images that are not official bring a note of their own, the first one.
    if not notes and (origin := origin_sentence(analysis)):
        yield origin
    yield from notes
    yield from changed_analysis(analysis)
    if analysis.answers is None and analysis.findings[Status.FINISHED]:
        yield "The labels of the test images cannot be read, so that nothing is said about single images."
    yield from _not_at_an_end(analysis)
    for arm in analysis.summaries:
        runs = len(arm.finished) + len(arm.diverged)
        if arm.diverged:
            which = "The only run" if runs == 1 else f"{len(arm.diverged)} of {runs} runs"
            chance = f"{100 * analysis.scores.chance:.3g} %"
            which += f" of {quoted(arm.name)}"
            yield f"{which} diverged ({seed_list(arm.diverged)}): counted at the chance level, {chance}."
    for arm_name, extraction in analysis.circumstances.extractions.items():
        yield (
            f"Seconds of {quoted(arm_name)} are those of its head alone: the features of its images took "
            f"{duration(extraction.seconds)} more, once for all its runs, and its backbone was trained before this "
            "study began."
        )
    yield from chance_notes(analysis.results, analysis.summaries)


def _not_at_an_end(analysis: StudyAnalysis) -> Iterator[str]:
    held = {run.digest for run in analysis.results.held}
    training = [one for one in analysis.results.findings if one.run.digest in held]
    planned = count(len(analysis.results.findings), "run")
    if training:
        verb = "is" if len(training) == 1 else "are"
        yield f"{len(training):,} of {planned} {verb} in training now: this report shows how far it was when made."
    for status, became in (
        (Status.FAILED, "failed"),
        (Status.DAMAGED, "damaged, and not counted"),
        (Status.UNFINISHED, "not at an end"),
        (Status.MISSING, "missing"),
    ):
        found = analysis.findings[status]
        if found:
            verb = "" if status is Status.FAILED else ("is " if len(found) == 1 else "are ")
            reasons = f" The first: {_reason(found[0])}." if _reason(found[0]) else ""
            yield f"{len(found):,} of {planned} {verb}{became}: {_where(found)}.{reasons}"


def _omission(name: str, runs: int, planned: int, reason: str) -> str:
    which = f"{runs} of {planned} runs" if runs < planned else "The only run" if runs == 1 else f"All {runs} runs"
    return f"{which} of {quoted(name)} {'was' if runs == 1 else 'were'} skipped: {reason}."


def _where(found: Sequence[Finding]) -> str:
    seeds: dict[str, list[int]] = {}
    for finding in found:
        seeds.setdefault(finding.run.variation, []).append(finding.run.seed)
    names = [f"{quoted(name)} ({seed_list(tuple(sorted(ones)))})" for name, ones in seeds.items()]
    return listed_up_to(names, most=4)


def _reason(finding: Finding) -> str:
    if finding.failure is not None and not finding.damage:
        return finding.failure.error.rstrip(".")
    return "; ".join(str(damage) for damage in finding.damage)
