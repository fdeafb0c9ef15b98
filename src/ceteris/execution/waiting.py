"""Waits for other processes that hold runs of a study, as long as it is not known whether they still live."""

import threading
from collections.abc import Generator, Iterator, Sequence

from ceteris.execution.events import Event, Note
from ceteris.formatting.wording import count
from ceteris.locks.holder import Holder
from ceteris.locks.lock import LOOK_SECONDS, Watch
from ceteris.results.atomic import explained
from ceteris.results.folder import STUDY, ResultsFolder
from ceteris.study.run import Run


def look(place: ResultsFolder, runs: Sequence[Run], watch: Watch) -> dict[Holder | None, tuple[bool | None, list[Run]]]:
    """Look at those who hold runs: whether each lives, None if that is not known yet, and what it holds."""
    held: dict[Holder | None, list[Run]] = {}
    for run in runs:
        held.setdefault(place.holder(run), []).append(run)
    with explained(place.path, "see who holds the locks", needed=0):
        return {
            holder: (False if holder is None else watch.look(holder, [run.digest for run in its]), its)
            for holder, its in held.items()
        }


def let_go(
    place: ResultsFolder, held: Sequence[Run], watch: Watch, stop: threading.Event
) -> Generator[Event, None, list[Run]]:
    """Give the runs that others have let go of; who gives no sign of life is waited for until it is taken for dead."""
    free: list[Run] = []
    told: set[Holder] = set()
    seconds = f"{place.locks.stale_seconds:.0f} seconds"
    while held and not stop.is_set():
        left: list[Run] = []
        for holder, (lives, runs) in look(place, held, watch).items():
            its = count(len(runs), "run")
            if lives is False:
                free += runs
                if holder in told:
                    yield Note(
                        text=f"{holder} has given no sign of life for {seconds}: this process goes on with its {its}."
                    )
            elif lives is None and holder is not None:
                left += runs
                if holder not in told:
                    told.add(holder)
                    yield Note(
                        text=f"Waiting for {holder}, which holds {its}: if it gives no sign of life for {seconds}, "
                        f"this process goes on with {'it' if len(runs) == 1 else 'them'}."
                    )
        held = left
        if held:
            stop.wait(LOOK_SECONDS)
    return free


def writing(place: ResultsFolder) -> Iterator[Note]:
    """Say who on another machine is writing what belongs to no run: it is waited for."""
    holder = place.holder()
    if holder is not None and not holder.is_here():
        yield Note(
            text=f"{holder} is writing {place.path / STUDY}: waiting for it, for {place.locks.stale_seconds:.0f} "
            "seconds if it gives no sign of life."
        )
