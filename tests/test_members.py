"""The networks of one fit: scouts first, then all of them on all rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast.forecaster.ensemble import Job, Members, bases_at, predict
from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.frequency import Frequency
from gatecast.panel import Panel
from gatecast.scaling import Scaler
from gatecast.training.split import split
from gatecast.windows import WindowReader

HORIZON = 3


def members_of(*, length: int = 120, newest: float = 0.0, **fields) -> Members:
    """Of a small plan for one wave, its last value moved by `newest`; fields are of `Plan`."""
    y = 10 + np.sin(np.arange(length) * 0.9) + 0.1 * np.random.default_rng(0).normal(size=length)
    y[-1] += newest
    panel = Panel(y[:, None], np.array([0, length]), ("s",), np.arange(length), Frequency("row"))
    shares = split(panel, HORIZON)
    wishes = Wishes(HORIZON, steps=50, network={"hidden": 4}, members=3)
    plan = replace(make_plan(panel, shares, (), wishes), **fields)
    reader = WindowReader(panel, Scaler.fit(panel.values[:, 1:]), plan.network.context, HORIZON, torch.device("cpu"))
    return Members(panel, reader, shares, plan, Job(0, torch.device("cpu")))


def weights_of(network: torch.nn.Module) -> bytes:
    return b"".join(value.numpy().tobytes() for value in network.state_dict().values())


def test_one_scout_trains_first_and_the_others_take_the_steps_that_were_best_for_it() -> None:
    members = members_of(scouts=1)
    members.train()
    before = weights_of(members.networks[0])
    assert len(members.networks) == len(members.histories) == 1
    assert members.histories[0].validation[0] > 0  # judged on held-out windows
    members.finish()
    assert len({weights_of(network) for network in members.networks} | {before}) == 4
    assert [history.steps for history in members.histories[1:]] == [members.histories[0].best_step] * 2
    assert [history.validation for history in members.histories[1:]] == [(), ()]  # nothing was held out


def test_members_that_are_no_scouts_learn_from_the_held_out_rows_too() -> None:
    members, changed = members_of(scouts=1), members_of(scouts=1, newest=1.0)  # the newest row is held out
    for one in (members, changed):
        one.train()
        one.histories[0] = replace(one.histories[0], best_step=50)
        one.finish()
    assert weights_of(members.networks[1]) != weights_of(changed.networks[1])


def test_a_scout_that_learnt_nothing_does_not_keep_the_others_from_their_end() -> None:
    members = members_of(scouts=2, members=2)
    members.train()
    members.histories[0] = replace(members.histories[0], best_step=0)
    before = [weights_of(network) for network in members.networks]
    members.finish()
    after = [weights_of(network) for network in members.networks]
    assert after[0] == before[0] and after[1] != before[1]


def test_the_others_do_not_begin_where_the_scouts_learnt_nothing() -> None:
    members = members_of(scouts=1)
    members.train()
    members.histories[0] = replace(members.histories[0], best_step=0)
    members.finish()
    assert len(members.networks) == 1


@pytest.mark.parametrize(("seconds", "expected"), [(1.0, 3), (40.0, 2), (90.0, 1)])
def test_a_budget_allows_as_many_more_as_fit_into_it(monkeypatch, seconds: float, expected: int) -> None:
    members = members_of(scouts=1, budget=100.0)
    members.train()
    members.histories[0] = replace(members.histories[0], best_step=50, steps=50, seconds=seconds)
    monkeypatch.setattr(Members, "_seconds", lambda self: seconds * len(self.networks))
    members.finish()
    assert len(members.networks) == expected


def test_all_members_share_one_linear_base_and_it_is_fitted_anew_on_all_rows() -> None:
    members = members_of(scouts=2)
    members.plan = replace(members.plan, network=replace(members.plan.network, ridge=4))
    members.train()
    first = [network.bases.ridge.clone() for network in members.networks]
    assert first[0].abs().sum() > 0 and torch.equal(first[0], first[1])
    members.finish()
    last = [network.bases.ridge for network in members.networks]
    assert len(last) == 3 and all(torch.equal(last[0], one) for one in last[1:])
    assert not torch.equal(first[0], last[0])


def test_the_bases_without_the_network_are_those_of_the_forecast() -> None:
    members = members_of()
    members.train()
    origins = members.shares.held_out(20)
    bases, units = bases_at(members.networks[0], members.reader, origins)
    np.testing.assert_allclose(bases, predict(members.networks, members.reader, origins)[2], rtol=1e-6)
    assert (units > 0).all()


def test_what_was_decided_is_said_and_kept(tmp_path) -> None:
    draws = np.random.default_rng(0)
    hours = np.arange(6000)
    y = 50 + 10 * np.sin(hours * 2 * np.pi / 24) + draws.normal(size=(9, 6000))
    model = gc.Forecaster(horizon=4, season=24, steps=1, members=2, network={"hidden": 4, "layers": 1}).fit(y)
    said = " ".join(reason.english for reason in model.plan.reasons)
    assert "1 of 2 networks" in said and "A linear map of the newest" in said and "dropout of 30%" in said
    assert (model.plan.scouts, model.plan.members) == (1, 2)
    model.save(tmp_path / "model")
    assert gc.load(tmp_path / "model").plan == model.plan
    assert json.dumps(model.plan.to_dict())
