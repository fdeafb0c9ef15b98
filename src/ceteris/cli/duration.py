"""Durations in words that fit their precision."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """Say how long something takes, roughly.

    Example:
        >>> duration(8.2), duration(95), duration(3000), duration(9000), duration(400_000)
        ('8 s', '2 min', '50 min', '2.5 h', '4.6 days')
    """
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.1f} days"
