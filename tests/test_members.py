"""The networks of one fit: scouts first, then all of them on all rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import gatecast as gc
from gatecast.data import read
from gatecast.errors import ArtifactError
from gatecast.forecast import Origins
from gatecast.forecaster import ensemble
from gatecast.forecaster import plan as planning
from gatecast.forecaster.ensemble import Job, Members
from gatecast.forecaster.persistence import fitted_tensors
from gatecast.forecaster.plan import Wishes, make_plan
from gatecast.forecaster.predicting import bases_at, predict
from gatecast.forecaster.soundness import check_weights
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


def test_members_begin_anew_with_half_as_many_steps_again_as_a_scout_that_was_still_learning() -> None:
    members = members_of(scouts=1)
    members.train()
    scout = weights_of(members.networks[0])
    assert len(members.networks) == len(members.histories) == 1
    assert members.histories[0].validation[0] > 0  # judged on held-out windows
    members.finish()
    assert len({weights_of(network) for network in members.networks} | {scout}) == 4
    assert [history.steps for history in members.histories] == [50, 75, 75]
    assert [history.validation for history in members.histories[1:]] == [(), ()]  # nothing was held out


@pytest.mark.parametrize(
    ("best_step", "stopped", "steps"),
    [(24, "budget", 24), (25, "budget", 75), (40, "steps", 75), (40, "converged", 40)],
)
def test_members_take_the_steps_that_were_best_for_a_scout_that_had_learnt_enough(best_step, stopped, steps) -> None:
    members = members_of(scouts=1)
    members.train()
    members.histories[0] = replace(members.histories[0], best_step=best_step, stopped=stopped)
    members.finish()
    assert [history.steps for history in members.histories[1:]] == [steps, steps]


def test_members_that_begin_anew_learn_from_the_held_out_rows_too() -> None:
    members, changed = members_of(scouts=1), members_of(scouts=1, newest=1.0)  # the newest row is held out
    for one in (members, changed):
        one.train()
        one.histories[0] = replace(one.histories[0], best_step=50)
        one.finish()
    pairs = zip(members.networks, changed.networks, strict=True)
    assert [weights_of(one) != weights_of(other) for one, other in pairs] == [True] * 3


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


def test_ctrl_c_while_members_begin_anew_leaves_those_that_are_done(monkeypatch) -> None:
    members = members_of(scouts=1)
    members.train()
    train = ensemble.train

    def interrupted(network, run, **named):
        history = train(network, run, **named)
        return replace(history, stopped="interrupted") if len(members.networks) == 2 else history

    monkeypatch.setattr(ensemble, "train", interrupted)
    members.finish()
    assert len(members.networks) == len(members.histories) == 2


def test_all_members_share_one_linear_base_and_it_is_fitted_anew_on_all_rows() -> None:
    members = members_of(scouts=2)
    members.plan = replace(members.plan, network=replace(members.plan.network, ridge=4))
    members.train()
    first = [network.bases.get_buffer("ridge").clone() for network in members.networks]
    assert first[0].abs().sum() > 0 and torch.equal(first[0], first[1])
    members.finish()
    last = [network.bases.get_buffer("ridge") for network in members.networks]
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
    model = large(steps=1)
    said = " ".join(reason.english for reason in model.plan.reasons)
    assert "1 of their kind finds out" in said and "A linear map of the newest" in said and "dropout of 30%" in said
    assert (model.plan.scouts, model.plan.members) == (1, 3)
    model.save(tmp_path / "model")
    assert gc.load(tmp_path / "model").plan == model.plan
    assert json.dumps(model.plan.to_dict())


@pytest.mark.parametrize(
    ("series", "horizon", "distribution", "inner"),
    [
        (50, 12, "auto", (20, 40, 60)),
        (1, 12, "auto", ()),  # 1200 rows
        (50, 101, "auto", ()),
        (50, 12, "student-t", ()),
    ],
)
def test_many_rows_are_asked_for_more_levels_than_the_user_wants(
    series: int, horizon: int, distribution: str, inner: tuple[int, ...]
) -> None:
    y = np.random.default_rng(0).normal(size=(series, 1200)).cumsum(1)
    panel = read(y).panel
    plan = make_plan(panel, split(panel, horizon), (), Wishes(horizon, distribution=distribution))
    assert plan.network.inner == inner and plan.network.levels == (80, 95)
    assert plan.network.stride == (2 if series > 1 else 1)  # few windows need all of their positions
    assert any("20, 40, 60 %" in reason.english for reason in plan.reasons) == bool(inner)


@pytest.mark.parametrize(
    ("wishes", "more"), [({"budget": 60}, True), ({"budget": 60, "members": 2}, False), ({}, False)]
)
def test_a_budget_may_add_members_unless_their_number_was_asked_for(wishes, more: bool) -> None:
    y = np.random.default_rng(0).normal(size=(50, 1200)).cumsum(1)
    panel = Panel(
        y.reshape(-1, 1),
        np.arange(51) * 1200,
        tuple(map(str, range(50))),
        np.tile(np.arange(1200), 50),
        Frequency("row"),
    )
    plan = make_plan(panel, split(panel, HORIZON), (), Wishes(HORIZON, **wishes))
    assert plan.more == more


def large(**fields):
    """A fit of so many rows that its members are of several kinds."""
    hours = np.arange(6000)
    y = 50 + 10 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=(9, 6000))
    wishes = {"horizon": 4, "season": 24, "steps": 50, "members": 3, "network": {"hidden": 4, "layers": 1}, **fields}
    return gc.Forecaster(**wishes, device="cpu").fit(y)


@pytest.fixture(scope="module")
def mixed() -> gc.Forecaster:
    return large()


def test_the_members_of_a_large_table_with_a_season_read_by_its_phases_too(mixed) -> None:
    shapes = [(one.config.model, one.config.context, one.config.patch) for one in mixed.fitted.networks]
    assert shapes == [("lstm", 336, 24), ("cycle-lstm", 168, 24), ("cycle-lstm", 336, 24)]
    assert mixed.plan.others[0].ridge == 168 and mixed.fitted.networks[1].bases.get_buffer("ridge").abs().sum() > 0
    assert mixed.plan.trainings == 1 + 1.5 * (1 + 7 / 14 + 1)
    said = " ".join(reason.english for reason in mixed.describe())
    assert "cycle-lstm that reads the last 168 values, 24 at a time, then cycle-lstm of the same size" in said
    assert any("每次 24 个的 cycle-lstm、同样大小的 cycle-lstm。" in reason.chinese for reason in mixed.describe())


@pytest.mark.parametrize(
    ("wishes", "recency"),
    [
        ({}, 1.0),
        ({"training": {"recency": 0.0}}, 0.0),
        ({"training": {"optimiser": "lbfgs"}}, 0.0),  # it trains on the same windows at every step
        ({"season": "none"}, 0.0),
        ({"context": 48}, 0.0),  # two days say nothing of how days change
    ],
)
def test_newer_windows_train_more_often_where_many_seasons_are_read(wishes, recency: float) -> None:
    model = large(**{"members": 1, "steps": 1, **wishes})
    assert model.plan.training.recency == recency
    assert any("Newer windows train more often" in reason.english for reason in model.describe()) == (recency > 0)


def test_the_fourth_member_smooths_exponentially(tmp_path) -> None:
    model = large(members=5, steps=1)
    kinds = [(one.config.model, one.config.context) for one in model.fitted.networks[2:]]
    assert kinds == [("cycle-lstm", 336), ("es-lstm", 336), ("lstm", 336)]
    assert [model.plan.cost_of(member) for member in range(5)] == [1, 0.5, 1, 1.25, 1]
    assert any(
        "cycle-lstm of the same size, then es-lstm of the same size" in reason.english for reason in model.describe()
    )
    assert any("同样大小的 cycle-lstm、同样大小的 es-lstm" in reason.chinese for reason in model.describe())
    assert len(gc.inspect(model, member=1).past) == 168
    model.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model")
    assert loaded.plan == model.plan
    assert loaded.predict().upper.tobytes() == model.predict().upper.tobytes()


def test_without_a_season_the_second_member_reads_half_of_the_past_in_finer_patches() -> None:
    model = large(horizon=6, season="none", steps=1)
    kinds = [(one.config.model, one.config.context, one.config.patch) for one in model.fitted.networks]
    assert kinds == [("lstm", 96, 6), ("lstm", 48, 3), ("es-lstm", 96, 6)]


def test_what_a_budget_trained_is_repeated_by_its_steps_and_members(monkeypatch) -> None:
    with monkeypatch.context() as hurried:  # the clock ends the scout; how many follow does not hang on the machine
        hurried.setattr(planning, "_members", lambda *_: 3)
        hurried.setattr(ensemble, "_MOST_MEMBERS", 4)
        hurried.setattr(Members, "_may_go_on", lambda *_: True)
        hurried.setattr(Members, "_at_most", lambda _: None)
        first = large(budget=2, steps=None, members=None)
    again = large(steps=first.history.steps, members=first.plan.members)
    assert first.plan.members == again.plan.members == 4
    assert [other.model for other in first.plan.others] == ["cycle-lstm", "cycle-lstm", "es-lstm"]
    assert first.plan.others == again.plan.others
    assert first.predict().upper.tobytes() == again.predict().upper.tobytes()


@pytest.mark.parametrize(
    ("wishes", "others"),
    [
        ({"context": 48}, ["es-lstm"]),  # its members all read as much as was asked for, and two days are too few
        ({"context": 96}, ["cycle-lstm", "es-lstm"]),
        ({"model": "lstm"}, ["lstm"]),
        ({"model": "lstm", "context": 48}, []),
        ({"members": 1}, []),
        ({"network": {"hidden": 4, "layers": 1, "projection": 2}}, ["lstm"]),
    ],
)
def test_who_asks_for_something_gets_no_member_that_is_otherwise(wishes, others: list[str]) -> None:
    model = large(**{"members": 3, "steps": 1, **wishes})
    assert [other.model for other in model.plan.others] == others
    wanted = wishes.get("context", 48)
    assert {kind.context == wanted for kind in model.plan.kinds} == {"context" in wishes}


def test_the_forecast_is_the_mean_of_members_that_read_differently(mixed) -> None:
    panel, fitted = mixed.reading.panel, mixed.fitted
    origins = Origins(np.array([0, 3]), np.array([5000, 4321]))
    reader = WindowReader(panel, fitted.scaler, 336, 4, torch.device("cpu"))
    near = WindowReader(panel, fitted.scaler, 168, 4, torch.device("cpu"))
    far = predict([fitted.networks[0], fitted.networks[2]], reader, origins)[0].point
    close = predict([fitted.networks[1]], near, origins)[0].point
    assert np.abs(far - close).max() > 1e-3
    together = (2 * far + close) / 3
    np.testing.assert_allclose(predict(fitted.networks, reader, origins)[0].point, together, rtol=1e-12)


def test_members_that_read_differently_are_saved_and_come_back(mixed, tmp_path) -> None:
    mixed.save(tmp_path / "model")
    loaded = gc.load(tmp_path / "model", device="cpu")
    assert loaded.plan == mixed.plan
    assert loaded.predict().point.tobytes() == mixed.predict().point.tobytes()
    assert [one.config for one in loaded.fitted.networks] == [one.config for one in mixed.fitted.networks]


@pytest.mark.parametrize("change", [{"context": 360}, {"horizon": 3}, {"levels": (80,)}])
def test_a_stored_kind_that_does_not_go_with_the_first_is_refused(mixed, change) -> None:
    weights = fitted_tensors(mixed.fitted)
    check_weights(mixed.plan, weights)
    with pytest.raises(ArtifactError, match="do not go together"):
        check_weights(replace(mixed.plan, others=(replace(mixed.plan.others[0], **change),)), weights)


def test_more_stored_kinds_than_members_are_refused(mixed) -> None:
    with pytest.raises(ArtifactError, match="do not go together"):
        check_weights(replace(mixed.plan, others=2 * mixed.plan.others), fitted_tensors(mixed.fitted))


@pytest.mark.parametrize(
    "others", [lambda plan: (), lambda plan: (replace(plan.others[0], model="gru"), plan.others[1])]
)
def test_the_weights_of_another_kind_are_refused(mixed, others) -> None:
    with pytest.raises(ArtifactError, match="not those of its network"):
        check_weights(replace(mixed.plan, others=others(mixed.plan)), fitted_tensors(mixed.fitted))


def test_every_member_can_be_looked_into(mixed) -> None:
    assert [len(gc.inspect(mixed, member=member).past) for member in range(3)] == [336, 168, 336]


def test_what_ctrl_c_left_is_what_the_plan_says(monkeypatch, tmp_path) -> None:
    train, trainings = ensemble.train, []

    def interrupted(network, run, **named):
        trainings.append(run)
        history = train(network, run, **named)
        return history if len(trainings) == 1 else replace(history, stopped="interrupted")

    monkeypatch.setattr(ensemble, "train", interrupted)
    model = large()
    said = " ".join(reason.english for reason in model.describe())
    assert (model.plan.members, model.plan.others) == (1, ())
    assert said.startswith("1 × lstm") and "take turns" not in said and "of their kind" not in said
    model.save(tmp_path / "model")
    assert gc.load(tmp_path / "model").plan == model.plan
