"""What counts as what: decided by the study before it sees any result."""

from dataclasses import dataclass

from ceteris.errors import StatisticsError


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The numbers that turn measurements into findings.

    Attributes:
        margin: Differences in test accuracy smaller than this are practically none; a fraction, 0.005 is half a
            percentage point.
        target_share: Convergence is the first epoch whose validation accuracy reaches this share of the baseline's mean
            final one.
        significance: Adjusted p-values up to this are findings, and intervals cover 1 - significance.
        power: The probability with which a detectable difference would have been found, and with which the seeds that
            an undecided verdict asks for would decide it.

    Raises:
        StatisticsError: If a number is outside its range.
    """

    margin: float = 0.005
    target_share: float = 0.9
    significance: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        ranges = {
            "margin": (0 < self.margin <= 1, "a fraction in (0, 1]", "Write 0.005 for half a percentage point."),
            "target_share": (0 < self.target_share <= 1, "a share in (0, 1]", "Write 0.9 for 90 %."),
            "significance": (0 < self.significance < 0.5, "a probability in (0, 0.5)", "Write 0.05 for 5 %."),
            "power": (0 < self.power < 1, "a probability in (0, 1)", "Write 0.8 for 80 %."),
        }
        for name, (fits, expected, advice) in ranges.items():
            if not fits:
                raise StatisticsError(f"{name} is {getattr(self, name)}, expected {expected}. {advice}")

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.significance


USUAL = Criteria()
"""Half a percentage point, 90 %, 5 % and 80 %."""
