"""What became of each file of an import: counts, and a list of all that is not stored."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeftOut:
    """Something that is not stored. `reason` is the same for all of its kind; `sentence` says more."""

    path: str
    reason: str
    sentence: str = ""


@dataclass
class Report:
    """`stopped` says why the run ended early; `untried` counts the files that it never came to."""

    stored: int = 0
    known: int = 0
    sidecars: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    untried: int = 0
    stopped: str = ""

    @property
    def exit_code(self) -> int:
        """0 when everything that was found is stored, 1 when something is not, 2 when the run ended early."""
        if self.stopped:
            return 2
        return 1 if self.left_out else 0

    def leave_out(self, path: str, reason: str, sentence: str = "") -> None:
        self.left_out.append(LeftOut(path, reason, sentence))

    def counts(self) -> list[str]:
        """Lines for people, after a run."""
        return [
            f"stored: {self.stored}",
            f"there already: {self.known}",
            f"read from sidecars: {self.sidecars}",
            *([f"not tried: {self.untried}"] if self.untried else []),
            *self.counts_beside(),
        ]

    def counts_beside(self) -> list[str]:
        """Of what is not stored, and what is skipped as rubbish."""
        reasons = Counter(one.reason for one in self.left_out)
        return [
            f"not stored: {len(self.left_out)}",
            *(f"  {reason}: {count}" for reason, count in sorted(reasons.items())),
            f"skipped: {self.skipped.total()}",
            *(f"  {kind}: {count}" for kind, count in sorted(self.skipped.items())),
        ]
