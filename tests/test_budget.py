"""The clock of a fit: what it leaves time for, how many networks fit into it, and what a slow machine leaves out."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from test_members import members_of, weights_of

from gatecast.forecaster import ensemble
from gatecast.forecaster.ensemble import Members


def test_a_budget_is_counted_from_the_call_and_leaves_time_for_judging(monkeypatch) -> None:
    members = members_of(scouts=1, budget=100.0)
    members.job = replace(members.job, started=time.perf_counter() - 10)
    assert members._seconds() >= 10
    monkeypatch.setattr(Members, "_seconds", lambda _: 10.0)
    monkeypatch.setattr(Members, "_foresee_judging", lambda _: None)
    members.judging, members.searching = 20.0, 10.0
    given: list[float] = []
    train = ensemble.train

    def noted(network, run, **named):
        given.append(run.budget)
        return train(network, replace(run, budget=None), **named)

    monkeypatch.setattr(ensemble, "train", noted)
    members.train()
    assert given == [pytest.approx((87 - 10 - 30) / members.plan.trainings)]
    assert members._may_go_on(60) and not members._may_go_on(70)
    members.finish()
    assert members._may_go_on(70) and not members._may_go_on(80)  # by then the search for analogues is over


def test_how_long_judging_takes_is_told_by_a_few_windows(monkeypatch) -> None:
    members = members_of(length=1500, scouts=1, budget=20.0)
    clock = iter(range(100))
    asked: list[int] = []
    monkeypatch.setattr(ensemble, "predict", lambda networks, _, origins: asked.append(len(origins.series)))
    monkeypatch.setattr(ensemble.time, "perf_counter", lambda: next(clock))
    windows = len(members.judged().series)
    members._foresee_judging()
    assert members.judging == windows / asked[0] * (2 + 3 + 2)  # a forecast takes a tick of this clock
    assert asked == 2 * [min(128, windows)] and members.searching == 0


@pytest.mark.parametrize(
    ("seconds", "more", "steps"),
    [
        (10.0, False, [50, 75, 75]),  # the work is 1.5 of the scout's for each of them
        (10.0, True, [50, 75, 75, 75, 75, 75]),  # 10 for the scout and 15 for each of six
        (5.0, True, [50] + 7 * [75]),  # enough are enough
        (20.0, True, [50, 75]),
        (30.0, True, [50]),  # no time for two: the scout goes on
    ],
)
def test_a_budget_allows_as_many_as_fit_into_it(monkeypatch, seconds: float, more: bool, steps: list[int]) -> None:
    members = members_of(scouts=1, budget=100.0, more=more)
    members.train()
    scout = weights_of(members.networks[0])
    members.histories[0] = replace(members.histories[0], best_step=50, steps=50, seconds=seconds)
    begun: list[float] = [seconds]
    monkeypatch.setattr(Members, "_seconds", lambda _: sum(begun))
    train = ensemble.train

    def timed(*arguments, **named):
        begun.append(1.5 * seconds)
        return replace(train(*arguments, **named), seconds=begun[-1])

    monkeypatch.setattr(ensemble, "train", timed)
    members.finish()
    assert [history.steps for history in members.histories] == steps
    assert weights_of(members.networks[0]) != scout


@pytest.mark.parametrize("scouts", [1, 3])
def test_a_member_that_a_slow_machine_does_not_finish_is_left_out(monkeypatch, scouts: int) -> None:
    members = members_of(scouts=scouts, budget=100.0)
    monkeypatch.setattr(Members, "_foresee_judging", lambda _: None)
    given: list[float | None] = []
    train = ensemble.train

    def slow(network, run, **named):
        given.append(run.budget)
        done = sum(budget is not None for budget in given)
        return train(network, replace(run, budget=0.0 if done == 3 else None), **named)

    monkeypatch.setattr(Members, "_seconds", lambda _: 40.0)
    monkeypatch.setattr(ensemble, "train", slow)
    members.train()
    if scouts == 1:
        members.finish()
    assert [budget for budget in given if budget is not None][1:] == [pytest.approx(65)] * 2
    assert len(members.networks) == len(members.histories) == 2
    assert all(history.stopped == "steps" for history in members.histories)
