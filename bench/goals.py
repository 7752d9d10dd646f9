"""One row of the table that `make bench` ends with: our figure beside a peer's, and the goal of their ratio."""

from collections.abc import Iterable
from dataclasses import dataclass

_HEAD = "| figure | ours | peer | ratio | goal | |\n| --- | --- | --- | --- | --- | --- |"


@dataclass(frozen=True)
class Goal:
    """`ours` and `peer` are in `unit`; the goal is a bound of ours ÷ peer, or of ours where there is no peer."""

    what: str
    ours: float
    unit: str
    bound: float
    peer: float | None = None
    at_least: bool = False
    """Whether the ratio must reach `bound` (a rate, say) or stay under it (a time, memory)."""

    @property
    def figure(self) -> float:
        return self.ours if self.peer is None else self.ours / self.peer

    @property
    def is_met(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        peer = "–" if self.peer is None else _number(self.peer, self.unit)
        ratio = "–" if self.peer is None else f"{self.figure:.2f}"
        goal = f"{'≥' if self.at_least else '≤'} {self.bound:g}{'' if self.peer else f' {self.unit}'}"
        met = "met" if self.is_met else "**not met**"
        return f"| {self.what} | {_number(self.ours, self.unit)} | {peer} | {ratio} | {goal} | {met} |"


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def table(goals: Iterable[Goal]) -> str:
    return "\n".join([_HEAD, *map(str, goals)])
