"""Which column of a table is what: recognised by its usual name, named by an option, or asked about."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ceteris.errors import ResultsError
from ceteris.formatting.wording import count
from ceteris.results.imports import names
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.names import spelled, tokens
from ceteris.results.imports.table import Table, columns_listed
from ceteris.results.imports.values import ending, is_missing, looks_numeric

_FOLDS = (
    "The runs of an arm are folds, which share training images: their differences are not independent, and confidence "
    "intervals are too narrow (Bengio and Grandvalet 2004)."
)


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What each column is.

    Attributes:
        metric: The values.
        variation: The arm of a run.
        seed: What tells runs of an arm apart; None where runs are numbered.
        step: The step of a row, where a run has several rows.
        pair: What runs of different arms share.
        status: How a run ended.
        test_images: How many images a value is computed on.
        settings: What else is said of a run, with the index of each column.
        taken: All of this, a sentence each.
        notes: What a reader of any result must know.
    """

    metric: str
    variation: str
    seed: str | None
    step: str | None
    pair: str | None
    status: str | None
    test_images: str | None
    settings: Mapping[str, int]
    taken: tuple[str, ...]
    notes: tuple[str, ...]


def recognised(table: Table, columns: Columns) -> Roles:
    """Say what each column of a table with one row per run, or per run and step, is.

    Raises:
        ResultsError: If a column is missing, or several fit: the message names the option that decides.
    """
    named = {role: table.named(f"--{role}", name) for role, name in vars(columns).items() if name is not None}
    pair = named.pop("pair", None)  # which may be the seed too
    chosen = {**table.known, **named}
    for role, name in named.items():
        if list(chosen.values()).count(name) > 1:
            raise ResultsError(f"{table.source}: column '{name}' is named twice. Name another one with --{role}.")
    free = [name for name in table.columns if name not in chosen.values()]
    metric = chosen.get("metric") or _metric(table, free)
    free = [name for name in free if name != metric and name not in (table.metrics or ())]
    variation = chosen.get("variation") or _variation(table, free)
    free = [name for name in free if name != variation]
    seed = chosen.get("seed") or _seed(table, free, variation)
    free = [name for name in free if name != seed]
    step = chosen.get("step") or _step(table, free, variation, seed)
    status = next((name for name in free if _is_status(table, name)), None)
    test_images = next((name for name in free if spelled(name) in names.TEST_IMAGES), None)
    arms = table.cells(variation)
    left = [name for name in free if name not in (step, status, test_images, pair)]
    settings = {name: table.columns.index(name) for name in left if _is_setting(table, name, arms)}
    roles = {"variation": variation, "metric": metric, "seed": seed, "step": step, "pair": pair,
             "status": status, "test images": test_images}  # fmt: skip
    unused = [name for name in left if name not in settings and _kinds(table, name)]
    return Roles(
        metric=metric,
        variation=variation,
        seed=seed,
        step=step,
        pair=pair,
        status=status,
        test_images=test_images,
        settings=settings,
        taken=tuple(_sentences(table, roles, list(settings), unused)),
        notes=(_FOLDS,) if seed is not None and spelled(seed) == "fold" else (),
    )


def _metric(table: Table, free: Sequence[str]) -> str:
    others = (names.VARIATION, names.SEED, names.RUN, names.STEP, names.STATUS, names.TEST_IMAGES)
    if table.metrics is not None:
        numeric = [name for name in table.columns if name in table.metrics]
        fits = [name for name in numeric if "train" not in tokens(name) and "training" not in tokens(name)] or numeric
    else:
        unclaimed = [name for name in free if not any(spelled(name) in known for known in others)]
        numeric = [name for name in unclaimed if looks_numeric(table.cells(name))]
        fits = [name for name in numeric if names.is_metric(tokens(name))]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise _several(table, "the metric", "--metric", fits)
    if numeric:
        raise ResultsError(
            f"{table.source}: no column has the usual name of a metric (accuracy, loss, score, value, ...). Name it "
            f"with --metric; columns of numbers are {columns_listed(numeric)}."
        )
    raise ResultsError(f"{table.source}: no column holds the values of a metric. {table.listing}")


def _variation(table: Table, free: Sequence[str]) -> str:
    usual = [name for name in free if spelled(name) in names.VARIATION]
    fits = _without_copies(table, [name for name in usual if _kinds(table, name) > 1])
    if not usual:
        runs = [name for name in free if spelled(name) in names.RUN]
        fits = [name for name in runs if 1 < _kinds(table, name) < len(table.rows)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise _several(table, "the variation", "--variation", fits)
    if usual:
        raise ResultsError(
            f"{table.source}: column '{usual[0]}' has the same value in every row, and a comparison needs at least two "
            f"arms. Name the column of the variation with --variation. {table.listing}"
        )
    raise ResultsError(
        f"{table.source}: no column has the usual name of a variation (variation, model, method, config, ...). Name it "
        f"with --variation. {table.listing}"
    )


def _seed(table: Table, free: Sequence[str], variation: str) -> str | None:
    usual = [name for name in free if spelled(name) in names.SEED]
    fits = [name for name in usual if _kinds(table, name) > 1] if len(usual) > 1 else usual
    if len(fits) > 1:
        raise _several(table, "the seed", "--seed", fits)
    if fits:
        return fits[0]
    runs = [name for name in free if spelled(name) in names.RUN and _is_distinct(table, (variation, name))]
    return runs[0] if len(runs) == 1 else None


def _step(table: Table, free: Sequence[str], variation: str, seed: str | None) -> str | None:
    usual = [name for name in free if spelled(name) in names.STEP and looks_numeric(table.cells(name))]
    if seed is None:
        repeated = [name for name in usual if not _is_function(table, name, of=variation)]
        if repeated:
            raise ResultsError(
                f"{table.source}: runs have no seed, and column '{repeated[0]}' may be the steps of one run. Name the "
                f"column that tells runs apart with --seed, or, if each variation is one run, --step '{repeated[0]}'."
            )
        return None
    if _is_distinct(table, (variation, seed)):
        return None
    fits = [name for name in usual if _is_distinct(table, (variation, seed, name))]
    if len(fits) > 1:
        raise _several(table, "the step", "--step", fits)
    return fits[0] if fits else None


def _is_status(table: Table, name: str) -> bool:
    return spelled(name) in names.STATUS and any(ending(text) is not None for text in table.cells(name))


def _is_setting(table: Table, name: str, arms: Sequence[str]) -> bool:
    words, cells = tokens(name), table.cells(name)
    if cells == arms or all(is_missing(text) for text in cells) or names.is_aside(words):
        return False
    if any(spelled(name) in known for known in (names.SEED, names.RUN, names.STEP)) or name.startswith("column "):
        return False
    return not ((names.is_result(words) or spelled(name) in names.SUMMARY) and looks_numeric(cells))


def _without_copies(table: Table, columns: Sequence[str]) -> list[str]:
    """Leave out columns that say the same as one before: then it does not matter which is meant."""
    return list({table.cells(name): name for name in reversed(columns)}.values())[::-1]


def _kinds(table: Table, name: str) -> int:
    return len({text for text in table.cells(name) if not is_missing(text)})


def _is_distinct(table: Table, columns: Iterable[str]) -> bool:
    rows = list(zip(*(table.cells(name) for name in columns), strict=True))
    return len(set(rows)) == len(rows)


def _is_function(table: Table, name: str, *, of: str) -> bool:
    pairs = set(zip(table.cells(of), table.cells(name), strict=True))
    return max(Counter(argument for argument, _ in pairs).values()) == 1


def _several(table: Table, what: str, option: str, fits: Sequence[str]) -> ResultsError:
    return ResultsError(
        f"{table.source}: {columns_listed(fits)} may each be {what}. Choose one with {option}, for example {option} "
        f"'{fits[0]}'."
    )


def _sentences(
    table: Table, roles: dict[str, str | None], settings: Sequence[str], unused: Sequence[str]
) -> Iterable[str]:
    for role, name in roles.items():
        if name is not None and table.known.get(role) != name:
            arms = f" ({count(_kinds(table, name), 'arm')})" if role == "variation" else ""
            last = "; the value of a run is that of its last step" if role == "step" else ""
            yield f"{role.capitalize()}: column '{name}'{arms}{last}."
    if roles["seed"] is None:
        yield "No column is a seed: the runs of each variation are numbered in the order of the rows."
    if settings:
        yield f"Settings: {columns_listed(settings)}."
    if unused:
        yield f"Not used: {columns_listed(unused)}."
