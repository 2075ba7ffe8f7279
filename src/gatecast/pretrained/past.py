"""What windows of different length and season know of their past: values by index, means by age, lines."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_NEWEST = 24  # values at least, or all that there are, say the unit of a window
_LEAST_UNIT = 0.2  # of the mean change from step to step
_FARTHEST = 1e3  # units; what is farther off is read as no farther


@dataclass(frozen=True)
class Past:
    """Windows in units of their own, each observed from some step on until its end.

    x: (batch, context), 0 before the series began. observed: (batch, context), 1 where it had. age: (batch, context),
    1 for the newest value, 2 for the one before, 0 before the series began. count: (batch, 1), values observed.
    centre, scale: (batch, 1) float64; scale is 0 where a window is constant, and centre then its value.
    """

    x: Tensor
    observed: Tensor
    age: Tensor
    count: Tensor
    centre: Tensor
    scale: Tensor

    @classmethod
    def of(cls, target: Tensor, observed: Tensor) -> Past:
        """target: (batch, context) float64. The unit is that of the newer half, mean and mean absolute deviation."""
        age = observed.flip(1).cumsum(1).flip(1) * observed
        count = observed.sum(1, keepdim=True)
        near = (age > 0) & (age <= torch.maximum(count / 2, count.clamp(max=_NEWEST)))
        number = near.sum(1, keepdim=True)
        centre = torch.where(near, target, 0).sum(1, keepdim=True) / number
        scale = torch.where(near, (target - centre).abs(), 0).sum(1, keepdim=True) / number
        changes = (target.diff(dim=1).abs() * observed[:, :-1]).sum(1, keepdim=True) / (count - 1).clamp(min=1)
        scale = torch.maximum(scale, _LEAST_UNIT * changes)
        moves = scale > 1e-9 * centre.abs()
        centre, scale = torch.where(moves, centre, target[:, -1:]), torch.where(moves, scale, 0.0)
        x = ((target - centre) / torch.where(moves, scale, torch.inf)).float() * observed
        return cls(x.clamp(-_FARTHEST, _FARTHEST), observed, age, count, centre, scale)

    @property
    def context(self) -> int:
        return self.x.shape[1]

    @property
    def last(self) -> Tensor:
        """The newest value: (batch, 1)."""
        return self.x[:, -1:]

    @property
    def begin(self) -> Tensor:
        """The index of the first value: (batch, 1)."""
        return self.context - self.count.long()

    @property
    def zero(self) -> Tensor:
        """How far above zero the centre lies, in units: (batch, 1)."""
        return (self.centre / torch.where(self.scale > 0, self.scale, torch.inf)).float()

    def at(self, index: Tensor) -> Tensor:
        """Values by their index: (batch or 1, n) → (batch, n); the nearest one where there is none."""
        return self.x.gather(1, index.clamp(0, self.context - 1).expand(len(self.x), -1))

    def knows(self, index: Tensor) -> Tensor:
        """Whether there is a value of this index: (batch, n)."""
        return (index >= self.begin) & (index < self.context)

    def since(self, back: Tensor | int, there: Tensor | bool = True) -> tuple[Tensor, Tensor]:
        """Changes over so many steps, 0 where they are not known or not there, and where they are known.

        back, there: (batch, 1), or the same of all → two of (batch, context).
        """
        index = torch.arange(self.context, device=self.x.device)[None] - back
        known = (self.knows(index) & there).float() * self.observed
        return (self.x - self.at(index)) * known, known

    def mean_change(self, back: Tensor | int, there: Tensor | bool = True) -> Tensor:
        """Absolute, over so many steps: (batch, 1)."""
        change, known = self.since(back, there)
        return change.abs().sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp(min=1)

    def mean(self, after: Tensor, until: Tensor) -> Tensor:
        """Of the values older than `after` and no older than `until`, both (batch, 1); 0 where there are none."""
        inside = (self.age > after) & (self.age <= until)
        return (self.x * inside).sum(1, keepdim=True) / inside.sum(1, keepdim=True).clamp(min=1)

    def smoothed(self, share: float) -> Tensor:
        """Exponentially, the newest value weighing this share: (batch, 1)."""
        weights = self.observed * (1 - share) ** (self.age - 1)
        return (self.x * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True)

    def line(self, values: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Least squares through so many newest values: its value one step ahead, and its slope; all (batch, 1)."""
        weights = self.observed * (self.age <= length)
        number, time = weights.sum(1, keepdim=True), -self.age * weights
        mean, middle = (values * weights).sum(1, keepdim=True) / number, time.sum(1, keepdim=True) / number
        spread = ((time - middle) ** 2 * weights).sum(1, keepdim=True).clamp(min=1e-6)
        slope = ((time - middle) * (values - mean) * weights).sum(1, keepdim=True) / spread
        return mean - slope * middle, slope
