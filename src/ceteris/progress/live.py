"""Shows a study while it runs: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ceteris.execution.events import Event, Note, RunDamaged, RunFailed, RunsHeld, StudyStarted
from ceteris.formatting.console import arm_table, duration, print_line
from ceteris.formatting.wording import count
from ceteris.progress.board import Board, Measuring, Row

Clock = Callable[[], float]

_LINE_SECONDS = 15.0
"""How long plain output may be silent about progress, so that a log stays readable."""


def show(events: Iterable[Event | Measuring], console: Console, clock: Clock) -> Board:
    """Take events to their end, and show what they tell."""
    board = Board()
    if not console.is_terminal:
        _show_lines(events, board, console, clock)
        return board
    with Live(
        console=console, transient=True, refresh_per_second=4, get_renderable=lambda: board_table(board, clock())
    ) as live:
        for event in events:
            board.take(event, clock())
            if line := told(event):
                live.console.print(line)
    return board


def told(event: Event | Measuring) -> Text | None:
    """Put into a line what must not scroll by unseen: notes, failures, damage, runs that others train."""
    match event:
        case Note():
            return Text(f"note: {event.text}", style="yellow")
        case RunFailed():
            run = event.failure.run
            text = f"failed: '{run.variation}', seed {run.seed}: {event.failure.error}; the other runs go on."
            return Text(text, style="red")
        case RunDamaged():
            found = "; ".join(str(damage) for damage in event.damage)
            run = event.run
            text = f"damaged: '{run.variation}', seed {run.seed}: {found}. Moved to {event.aside}"
            return Text(f"{text}; the run is trained again.", style="red")
        case RunsHeld():
            names = ", ".join(f"'{run.variation}' seed {run.seed}" for run in event.runs)
            return Text(f"note: another process is training {names}; left to it.", style="yellow")
        case _:
            return None


def board_table(board: Board, now: float) -> Group:
    """Draw the board: how much is done, how fast and how long still, then a row for each variation."""
    table = arm_table()
    table.add_column("seeds done", justify="right")
    table.add_column("epoch", justify="right", no_wrap=True)
    table.add_column("validation accuracy", justify="right", no_wrap=True)
    for row in board.rows.values():
        table.add_row(
            Text("" if row.factor == row.variation else row.factor),
            Text(row.variation),
            Text(f"{row.finished} of {row.planned}{mishaps(row)}"),
            Text("" if row.epoch is None else f"{row.epoch} of {row.epochs}"),
            Text("" if row.accuracy is None else f"{100 * row.accuracy:.1f} %"),
            style="bold" if row.epoch is not None else "",
        )
    return Group(Text(summary(board, now)), Text(), table) if board.rows else Group(Text(summary(board, now)))


def summary(board: Board, now: float) -> str:
    """Say in a line how far the study is."""
    if not board.rows:
        return f"{board.before} ..."
    parts = [f"{board.finished} of {count(board.planned, 'run')} done"]
    if board.preparation is not None:
        step = board.preparation
        parts.append(f"{step.what}: {step.done:,} of {step.total:,} images")
    if board.failed:
        parts.append(f"{board.failed} failed")
    if speed := board.speed(now):
        parts.append(f"{speed:,.0f} images x models per second")
    left = board.seconds_left(now)
    if left is not None and board.finished + board.failed < board.planned:
        parts.append(f"{'at most' if board.may_stop else 'about'} {duration(left)} left")
    return ", ".join(parts)


def ending(board: Board, now: float) -> str:
    """Say in a line what was trained, or why nothing was."""
    held = sum(row.held for row in board.rows.values())
    nothing = "Everything was there already: nothing was left to train."
    if held:
        nothing = f"Nothing was left to train here: other processes train {count(held, 'run')}."
    return achievement(board, now) or nothing


def achievement(board: Board, now: float) -> str | None:
    """Say in a line what was trained, if anything was."""
    runs, seconds, speed = board.achieved(now)
    if not runs:
        return None
    before = f", after {duration(board.preparation_seconds)} for {board.prepared}" if board.prepared else ""
    trained = f"{runs} {'run' if runs == 1 else 'runs'} in {duration(seconds)}{before}"
    return f"{trained}, {speed:,.0f} images x models per second."


def _show_lines(events: Iterable[Event | Measuring], board: Board, console: Console, clock: Clock) -> None:
    """Print a line when a variation is at an end, and now and then one for the whole."""
    last = clock()
    ended: set[str] = set()
    for event in events:
        now = clock()
        board.take(event, now)
        if line := told(event):
            print_line(line.plain, console)
        if isinstance(event, StudyStarted):
            ended = {name for name, row in board.rows.items() if row.is_at_an_end}
            print_line(summary(board, now), console)
        for name, row in board.rows.items():
            if name not in ended and row.is_at_an_end:
                ended.add(name)
                print_line(f"{name}: {_outcome(row)}; {summary(board, now)}", console)
                last = now
        if now - last >= _LINE_SECONDS:
            last = now
            print_line(summary(board, now), console)


def _outcome(row: Row) -> str:
    accuracy = "" if row.accuracy is None else f", validation accuracy {100 * row.accuracy:.1f} %"
    return f"{row.finished} of {count(row.planned, 'seed')} done{mishaps(row)}{accuracy}"


def mishaps(row: Row) -> str:
    """Say how many runs of a variation diverged, failed or are left to others; empty where none is."""
    kinds = (("diverged", row.diverged), ("failed", row.failed), ("trained elsewhere", row.held))
    return "".join(f", {count} {kind}" for kind, count in kinds if count)
