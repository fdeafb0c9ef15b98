"""How sentences name the arms of a study."""

from collections.abc import Sequence

from ceteris.formatting.wording import listed


def quoted(name: str) -> str:
    """Set a name off from the sentence around it, whatever is in it.

    Example:
        >>> quoted("5x5")
        '“5x5”'
    """
    return f"“{name}”"


def labelled(name: str, factor: str, *more: str) -> str:
    """Name a variation with its factor, and with numbers about it; the factor is left out if it is the same word.

    Example:
        >>> labelled("5x5", "first kernel", "+1.20 pp"), labelled("SGD", "SGD")
        ('“5x5” (first kernel, +1.20 pp)', '“SGD”')
    """
    inside = ", ".join((*(() if factor == name else (factor,)), *more))
    return f"{quoted(name)} ({inside})" if inside else quoted(name)


def listed_up_to(labels: Sequence[str], most: int = 3) -> str:
    """Name the first few and count the others.

    Example:
        >>> listed_up_to(["a", "b", "c", "d", "e"]), listed_up_to(["a", "b", "c", "d"], most=3)
        ('a, b, c and 2 more', 'a, b, c and 1 more')
    """
    shown = list(labels[:most])
    rest = len(labels) - len(shown)
    return listed([*shown, f"{rest} more"] if rest else shown)
