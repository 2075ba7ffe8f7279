"""The parts of the default that can be left out, one at a time, and how. Knows the fit from inside; measures nothing.

A part is a context: inside it, `gatecast.Forecaster.fit` does without.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeAlias
from unittest.mock import patch

import torch

from gatecast.forecaster import fitting
from gatecast.forecaster.advice import Advisers
from gatecast.forecaster.ensemble import Members
from gatecast.forecaster.gate import Gate
from gatecast.forecaster.plan import Plan
from gatecast.models import network
from gatecast.models.network import ForecastNetwork

Part: TypeAlias = Callable[[], AbstractContextManager[Any]]


class UnaffectedError(Exception):
    """The plan of this table has no such part."""


@contextmanager
def planned(change: Callable[[Plan], Plan]) -> Iterator[None]:
    """Fits go by a changed plan."""
    make = fitting.make_plan

    def changed(*given: Any) -> Plan:
        plan = make(*given)
        if (found := change(plan)) == plan:
            raise UnaffectedError
        return found

    with patch.object(fitting, "make_plan", changed):
        yield


def networks(**fields: Any) -> Part:
    """All members with these fields of their configuration."""
    return lambda: planned(
        lambda plan: replace(
            plan,
            network=replace(plan.network, **fields),
            others=tuple(replace(other, **fields) for other in plan.others),
        )
    )


def trainings(**fields: Any) -> Part:
    """All trainings with these fields of their configuration."""
    return lambda: planned(lambda plan: replace(plan, training=replace(plan.training, **fields)))


def without_dropout(plan: Plan) -> Plan:
    """Neither between layers nor before the head."""
    kinds = [
        replace(
            kind, head_dropout=0.0, options={name: kind.options[name] for name in kind.options if name != "dropout"}
        )
        for kind in plan.kinds
    ]
    return replace(plan, network=kinds[0], others=tuple(kinds[1:]))


def one_base(self: ForecastNetwork, features: torch.Tensor, bases: torch.Tensor, batch: Any) -> torch.Tensor:
    """The shortest season repeated, or the last value, in place of a mixture."""
    del features, batch
    return bases[..., [3 if self.bases.periods else 0]]


@contextmanager
def advised(**fields: Any) -> Iterator[None]:
    """Fits ask fewer advisers."""
    ask = Advisers.of
    with patch.object(Advisers, "of", lambda *given: replace(ask(*given), **fields)):
        yield


def in_fitting(name: str, value: Any) -> Part:
    """With another function or class of this name in `gatecast.forecaster.fitting`."""
    return lambda: patch.object(fitting, name, value)


LEARNING: dict[str, Part] = {
    "mixture of bases": lambda: patch.object(ForecastNetwork, "mix", one_base),
    "linear base": networks(ridge=0),
    "relative errors": lambda: patch.object(network, "_RELATIVE", 0.0),
    "unit of the newer half": lambda: patch.object(network, "_FEWEST", 1_000_000),
    "further quantiles": networks(inner=()),
    "dropout": lambda: planned(without_dropout),
    "weight decay": trainings(l2=0.0),
    "averaged weights": trainings(average=0.0),
    "newer windows more often": trainings(recency=0.0),
    "other kinds of members": lambda: planned(lambda plan: replace(plan, others=())),
    "further members": lambda: planned(lambda plan: replace(plan, others=(), members=1, scouts=1)),
}

JUDGING: dict[str, Part] = {
    "gate": lambda: patch.object(Gate, "fit", lambda *_, **__: Gate()),
    "odds of each series": in_fitting("Odds", SimpleNamespace(learn=lambda gate, *_: (None, gate))),
    "analogues": in_fitting("_beside_analogues", lambda _, before, *__: (before, None)),
    "drift of each series": lambda: advised(drift=False),
    "autoregression": lambda: advised(autoregression=None),
    "pretrained network": lambda: advised(pretrained=None, told=None),
    "long-run volatility": in_fitting("_drawn_to_the_usual", lambda _, gated, *__: (gated, None)),
    "conformal correction": in_fitting(
        "Correction", SimpleNamespace(fit=lambda *_, **__: SimpleNamespace(kept_wide=lambda *_: None))
    ),
    "adaptive intervals": in_fitting("adapted", lambda say, _, origins, *__: say(origins)),
}


@contextmanager
def training_once(store: dict[tuple[str, ...], Any]) -> Iterator[None]:
    """Fits of the same table, seed and plan take over what the first of them has learnt, to judge it otherwise."""

    class Kept(Members):
        def train(self) -> None:
            self._once("train", super().train)

        def finish(self) -> None:
            self._once("finish", super().finish)

        def _once(self, phase: str, work: Callable[[], None]) -> None:
            key = (phase, self.panel.fingerprint(), str(self.job.seed))
            if key not in store:
                work()
                store[key] = copy.deepcopy((self.networks, self.histories))
            self.networks, self.histories = copy.deepcopy(store[key])

    with patch.object(fitting, "Members", Kept):
        yield
