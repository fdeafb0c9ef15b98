"""From cells to numbers: per cent or fractions, decimal commas, and what stands for a run without a value."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count, listed
from ceteris.results.imports.names import is_share, says_per_cent, tokens, words
from ceteris.statistics.scores import Ending

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_SPREAD = re.compile(r"±|\+/-|\\pm")
_MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "none", "null", "missing", "-", "--", "?"})
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "∞": math.inf, "#num!": math.nan,
               "#div/0!": math.nan, "diverged": math.nan}  # fmt: skip
_FINISHED = words("finished, completed, complete, done, success, succeeded, ok, keep, kept, discard, discarded")
_DIVERGED = words("diverged, nan")
_FAILED = words("""failed, failure, crashed, crash, error, killed, oom, timeout, preempted, canceled, cancelled,
    running, pending, queued, scheduled, unfinished, missing, skipped, damaged""")
_SHOWN = 3


def is_missing(text: str) -> bool:
    """Say whether a cell is empty, or says in words that it is."""
    return text.casefold() in _MISSING


def ending(text: str) -> Ending | None:
    """Give how a run ended by the word of a column with its status; None for a word that says nothing of it.

    Example:
        >>> ending("FINISHED"), ending("crashed"), ending("green")
        (<Ending.FINISHED: 'finished'>, <Ending.FAILED: 'failed'>, None)
    """
    word = text.casefold()
    if word in _FAILED:
        return Ending.FAILED
    return Ending.FINISHED if word in _FINISHED else Ending.DIVERGED if word in _DIVERGED else None


def number(text: str) -> float | None:
    """Give the finite number that a cell says, if it says one."""
    plain = _plain(text)
    return None if plain is None or plain.endswith("%") else float(plain)


def looks_numeric(cells: Sequence[str]) -> bool:
    """Say whether a column holds numbers: at least half of its distinct cells that are not empty do."""
    filled = [text for text in set(cells) if not is_missing(text)]
    numbers = sum(_plain(text.replace(",", "")) is not None or _not_finite(text) is not None for text in filled)
    return 2 * numbers >= len(filled) > 0


@dataclass(frozen=True, kw_only=True)
class Values:
    """What the cells of a metric say.

    Attributes:
        values: One per cell; not a number where there is none.
        endings: One per cell, as far as the cell itself says it.
        percent: Whether they were in per cent.
        taken: How they were read, where that needs a word.
    """

    values: tuple[float, ...]
    endings: tuple[Ending, ...]
    percent: bool
    taken: tuple[str, ...]


def read_values(metric: str, cells: Sequence[str], places: Sequence[str], source: str) -> Values:
    """Read the values of a metric.

    Args:
        metric: Its name, which may say that it is in per cent, or a share of something.
        cells: As written.
        places: Where each of them stands, for messages.
        source: What was read.

    Raises:
        ResultsError: If a cell is text, or the cells are not written alike.
    """
    has_commas = _has_decimal_commas(metric, cells, places, source)
    values, endings, numbers = [], [], {}
    for index, (text, place) in enumerate(zip(cells, places, strict=True)):
        plain = _plain(text.replace(",", ".") if has_commas else text)
        if plain is not None:
            numbers[index] = plain
            values.append(float(plain.rstrip("%")))
            endings.append(Ending.FINISHED)
            continue
        value, status = _not_finite(text), ending(text)
        if value is None and status is None and not is_missing(text):
            raise ResultsError(_text_among_numbers(f"{source}, {place}: {metric} = '{text}'", text))
        values.append(math.nan if value is None else value)
        endings.append(Ending.FAILED if value is None else Ending.DIVERGED)
    if not numbers:
        raise ResultsError(
            f"{source}: '{metric}' has no number in any of {count(len(cells), 'cell')}. Name another column with "
            "--metric."
        )
    percent = _is_per_cent(metric, numbers, places, source)
    if percent:
        for index, plain in numbers.items():
            values[index] = float(Decimal(plain.rstrip("%")).scaleb(-2))
    infinite = [place for value, status, place in zip(values, endings, places, strict=True)
                if status is Ending.FINISHED and not math.isfinite(value)]  # fmt: skip
    if infinite:
        raise ResultsError(f"{source}, {infinite[0]}: {metric} is too large for a number. Write inf if it diverged.")
    taken = ["Numbers are written with decimal commas."] if has_commas else []
    if percent:
        taken.append(f"The values of '{metric}' are in per cent, and become fractions.")
    return Values(values=tuple(values), endings=tuple(endings), percent=percent, taken=tuple(taken))


def some(places: Sequence[str]) -> str:
    """Name the first places of many.

    Example:
        >>> some(["line 2", "line 5"]), some(["line 2", "line 3", "line 4", "line 9", "line 12"])
        ('line 2 and line 5', 'line 2, line 3, line 4 and 2 more')
    """
    shown = list(places[:_SHOWN])
    return listed([*shown, f"{len(places) - _SHOWN:,} more"] if len(places) > _SHOWN else shown)


def _plain(text: str) -> str | None:
    """Give a number as Python reads it, with its percent sign if it has one; None for anything else."""
    bare = text.replace("\N{MINUS SIGN}", "-").removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(bare):
        return None
    return f"{bare}%" if text.endswith("%") else bare


def _not_finite(text: str) -> float | None:
    word = text.casefold()
    sign = -1 if word.startswith(("-", "\N{MINUS SIGN}")) else 1
    value = _NOT_FINITE.get(word.lstrip("+-\N{MINUS SIGN}"))
    return None if value is None else sign * value


def _text_among_numbers(where: str, text: str) -> str:
    if _SPREAD.search(text):
        return f"{where} is a mean with a spread, expected the value of one run. Give one row per run."
    if text.count(",") and _plain(text.replace(",", "")) is not None:
        return f"{where} has a comma beside a point. Write numbers without separators of thousands."
    return (
        f"{where} is not a number. Write a number, nan for a run that diverged, or nothing for one that has no result."
    )


def _has_decimal_commas(metric: str, cells: Sequence[str], places: Sequence[str], source: str) -> bool:
    found = [(text, place) for text, place in zip(cells, places, strict=True)
             if "," in text and _plain(text.replace(",", "")) is not None]  # fmt: skip
    if not found or any("." in text for text in cells):
        return False
    if all(_THOUSANDS.fullmatch(text.rstrip("% ")) for text, _ in found):
        text, place = found[0]
        raise ResultsError(
            f"{source}, {place}: {metric} = '{text}' is {text.replace(',', '')} or {text.replace(',', '.', 1)}: the "
            "comma may group thousands or begin decimals. Write numbers with a decimal point."
        )
    return True


def _is_per_cent(metric: str, numbers: dict[int, str], places: Sequence[str], source: str) -> bool:
    amounts = {index: abs(float(plain.rstrip("%"))) for index, plain in numbers.items()}
    signed = [index for index, plain in numbers.items() if plain.endswith("%")]
    if signed:
        bare = [index for index, amount in amounts.items() if amount and index not in set(signed)]
        if bare:
            raise ResultsError(
                f"{source}: {metric} = {numbers[signed[0]]} ({places[signed[0]]}) has a percent sign, and "
                f"{numbers[bare[0]]} ({places[bare[0]]}) has none. Write all values alike."
            )
        return True
    small = [index for index, amount in amounts.items() if 0 < amount <= 1]
    large = [index for index, amount in amounts.items() if amount > 1]
    if says_per_cent(metric):
        if small and not large:
            raise ResultsError(
                f"{source}: '{metric}' is in per cent by its name, and no value is above 1. Rename the column if it "
                "holds fractions, or write the values with percent signs."
            )
        return True
    if not is_share(tokens(metric)) or not large:
        return False
    if small:
        raise ResultsError(
            f"{source}: {metric} = {numbers[small[0]]} ({places[small[0]]}) is a fraction, and {numbers[large[0]]} "
            f"({places[large[0]]}) is in per cent. Write all values as fractions, or all with percent signs."
        )
    beyond = [index for index, amount in amounts.items() if amount > 100]
    if beyond:
        raise ResultsError(
            f"{source}, {places[beyond[0]]}: {metric} = {numbers[beyond[0]]} is above 100 %. Correct it, or rename the "
            "column if it is not a share."
        )
    return True
