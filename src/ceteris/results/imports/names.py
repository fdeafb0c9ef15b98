"""The usual names of columns: what people call the arm of a run, its seed, its value, and what is none of these."""

import re
from collections.abc import Iterable, Mapping

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|%")
_GROUP = re.compile(r"^(?:config|params|parameters|hparams|args|tags|summary|metrics)[./]", re.IGNORECASE)
"""What trackers put before the name of a column."""
_NAMED_RUN = re.compile(r"(?P<variation>.+?)[/_\-. ]+(?:seed|trial|rep|run)[_\-=. ]?(?P<seed>\d+)", re.IGNORECASE)


def words(text: str) -> frozenset[str]:
    """Give the words of a text between its commas."""
    return frozenset(word.strip() for word in text.replace("\n", " ").split(","))


_ARMS = words("""variation, variant, arm, model, method, config, configuration, condition, treatment, algorithm, algo,
    approach, experiment, group, architecture, arch, network""")
VARIATION = _ARMS | {f"{name} {end}" for name in _ARMS for end in ("name", "id")}
SEED = words("""seed, random seed, rng seed, seed id, random state, trial, trial id, trial number, repeat, repetition,
    replicate, replica, rep, fold""")
RUN = words("run, run id, run name, run number, name, id")
"""These name a run or its arm: which of them, the other columns decide."""

STEP = words("step, global step, training step, train step, epoch, iteration, iter, round")
METRIC = words("metric, measure, metric name, variable, tag")
"""These name the metric of a row, beside a column `value`."""

STATUS = words("status, state, run status")
TEST_IMAGES = words("""n eval, n test, num eval, num test, test images, eval images, test samples, num test samples,
    num eval samples, test size, eval size""")

SETTING = words("""lr, learning rate, batch size, batch, bs, epochs, steps, width, depth, layers, num layers,
    hidden size, dim, dropout, weight decay, wd, momentum, optimizer, temperature, alpha, beta, gamma, lambda, params,
    parameters, patience, kernel, kernel size, filters, channels, gpu, gpus, rank""")
"""Of a table with these columns no column is an arm."""

SUMMARY = words("""mean, average, avg, std, std dev, sd, stdev, stddev, standard deviation, standard error, stderr,
    sem, median, min, max, minimum, maximum""")
"""A column with such a name describes several runs: it is no arm and no setting."""

_SHARES = words("""accuracy, acc, f1, auc, auroc, auprc, precision, recall, iou, miou, dice, top1, top5, map,
    sensitivity, specificity""")
_METRICS = _SHARES | words("""loss, error, err, score, perplexity, ppl, bleu, rouge, rmse, mse, mae, r2, reward,
    return, value, metric, result, bpb, bpc, nll, logloss, mcc, kappa, fid, psnr, ssim, wer, cer, elo, brier, ece""")
_TRAINING = words("train, training")
_ASIDE = words("""time, times, seconds, secs, runtime, duration, minutes, hours, timestamp, date, created, updated,
    started, ended, finished, notes, note, comment, comments, user, tags, description, uuid, hash, digest, url, uri,
    path, parent, job, unnamed, index, latency, memory, entity, project, sweep""")


def tokens(name: str) -> tuple[str, ...]:
    """Take the name of a column apart.

    Example:
        >>> tokens("val/acc"), tokens("testAccuracy (%)"), tokens("Top-1 error"), tokens("val_F1")
        (('val', 'acc'), ('test', 'accuracy', '%'), ('top1', 'error'), ('val', 'f1'))
    """
    found: list[str] = []
    for word in (match.group().casefold() for match in _WORDS.finditer(name)):
        if word.isdigit() and found and f"{found[-1]}{word}" in ("f1", "r2", "top1", "top5"):
            found[-1] += word
        else:
            found.append(word)
    return tuple(found)


def spelled(name: str) -> str:
    """Give the name of a column as the lists above have it.

    Example:
        >>> spelled("Random_Seed"), spelled("_step"), spelled("config.run ID")
        ('random seed', 'step', 'run id')
    """
    return " ".join(tokens(_GROUP.sub("", name)))


def named_runs(runs: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Read variation and seed from the names of runs; nothing unless all of them say both.

    Example:
        >>> named_runs(["wide/seed-3", "base_run07"])
        {'wide/seed-3': {'variation': 'wide', 'seed': '3'}, 'base_run07': {'variation': 'base', 'seed': '7'}}
    """
    found = {name: _NAMED_RUN.fullmatch(name) for name in runs}
    parts = {name: {**match.groupdict(), "seed": str(int(match["seed"]))} for name, match in found.items() if match}
    return parts if len(parts) == len(found) else {}


def is_metric(name: tuple[str, ...]) -> bool:
    """Say whether a column with these words may be what runs are judged by: a metric on images not trained on."""
    return not _METRICS.isdisjoint(name) and _TRAINING.isdisjoint(name) and _ASIDE.isdisjoint(name)


def is_aside(name: tuple[str, ...]) -> bool:
    """Say whether a column with these words is a time or a remark, and no setting of a run."""
    return not _ASIDE.isdisjoint(name)


def is_result(name: tuple[str, ...]) -> bool:
    """Say whether a column of numbers with these words is a result, so that it is no setting of a run."""
    return not _METRICS.isdisjoint(name)


def is_share(name: tuple[str, ...]) -> bool:
    """Say whether a metric with these words is at most 1, so that a value above 1 is in per cent."""
    return not _SHARES.isdisjoint(name)


def says_per_cent(name: str) -> bool:
    """Say whether the name of a column says that it is in per cent.

    Example:
        >>> says_per_cent("acc (%)"), says_per_cent("acc_pct"), says_per_cent("acc")
        (True, True, False)
    """
    return not {"%", "pct", "percent", "percentage"}.isdisjoint(tokens(name))
