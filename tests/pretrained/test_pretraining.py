"""The program that makes the weights: its series, and a training of a few steps."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gatecast.pretrained import PROBABILITIES, PretrainedNetwork, pretrained_network

FOLDER = Path(__file__).parents[2] / "pretraining"


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import pretrain

    yield pretrain
    for name in ("pretrain", "series"):
        sys.modules.pop(name, None)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_series_are_finite_alike_for_a_seed_and_of_many_kinds(program):
    made, again = (program.make(500, 200, draws()) for _ in range(2))
    assert torch.equal(made.values, again.values) and torch.equal(made.seasons, again.seasons)
    assert not torch.equal(made.values, program.make(500, 200, draws(1)).values)
    assert made.values.shape == (500, 200) and torch.isfinite(made.values).all()
    first, second = made.seasons.T
    assert 0.2 < (first == 1).float().mean() < 0.6 and ((second == 1) | (second > first)).all()
    whole = (made.values == made.values.round()).all(1).float().mean()
    positive = (made.values > 0).all(1).float().mean()
    assert 0.05 < whole < 0.4 < positive < 0.9
    assert (made.values.std(1) > 0).float().mean() > 0.95


def test_a_season_that_is_told_of_is_mostly_there(program):
    made = program.make(2000, 300, draws())
    told = made.seasons[:, 0] > 1
    values, period = made.values[told], made.seasons[told, :1]
    index = torch.arange(150, 300)
    back, half = (values.gather(1, index - lag) for lag in (period, period // 2 + 1))
    now = values[:, 150:]
    nearer = (now - back).abs().mean(1) < (now - half).abs().mean(1)
    assert nearer.float().mean() > 0.55  # a walk has its nearest past in the nearer one


def test_cuts_follow_their_windows(program):
    cuts = program.cuts(32, draws())
    lengths = set()
    for _ in range(5):
        cut = next(cuts)
        context = cut.target.shape[1]
        lengths.add(context)
        assert cut.observed[:, -1].all() and (cut.observed.sum(1) >= 4).all()
        begin = (cut.observed == 0).sum(1, keepdim=True).clamp(max=context - 1)
        first = cut.target.gather(1, begin)
        assert ((cut.observed > 0) | (cut.target == first)).all()  # nothing is shown of the time before
        assert cut.ahead.min() >= 1 and (cut.ahead <= 2 * cut.observed.sum(1, keepdim=True)).all()
    assert len(lengths) > 1


def test_answers_are_what_came_so_many_steps_after_a_window(program, monkeypatch):
    ramps = torch.arange(program._LONGEST + program._HORIZON).float().expand(program._BANK * 16, -1)
    seasons = torch.ones(program._BANK * 16, 2, dtype=torch.int64)
    monkeypatch.setattr(program, "make", lambda *_: program.Series(ramps, seasons))
    cut = next(program.cuts(16, draws()))
    assert torch.equal(cut.answer - cut.target[:, -1:], cut.ahead.double())


def test_a_few_steps_learn_and_are_written(program, monkeypatch, tmp_path):
    for name, value in {"_BANK": 2, "_WARM_UP": 1, "_LONGEST": 40, "_HORIZON": 24}.items():
        monkeypatch.setattr(program, name, value)
    clock = iter(range(1000))
    monkeypatch.setattr(program.time, "perf_counter", lambda: next(clock))  # a second a step
    cut = next(program.cuts(256, draws(5)))
    torch.manual_seed(0)

    def loss_of(network: PretrainedNetwork) -> float:
        with torch.no_grad():
            return float(program.loss_of(network, cut))

    fresh = loss_of(PretrainedNetwork())
    path = tmp_path / "weights.safetensors"
    words = ["pretrain.py", str(path), "--seconds", "30", "--batch", "128", "--rate", "0.005", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", words)
    program.main()
    assert loss_of(PretrainedNetwork.of(load_file(path))) < fresh
    assert loss_of(pretrained_network()) < 0.7 * fresh


def test_shipped_quantiles_hold_what_they_promise(program):
    """On series of its own kind that no training saw."""
    inside, total = torch.zeros(2), 0
    cuts = program.cuts(512, draws(10**6))
    for _ in range(6):
        cut = next(cuts)
        with torch.no_grad():
            quantiles, past = pretrained_network()(cut.target, cut.observed, cut.seasons, cut.ahead)
        answer = (cut.answer - past.centre) / torch.where(past.scale > 0, past.scale, torch.inf)
        moves = (past.scale > 0).expand_as(answer)
        for level, tail in enumerate((0.1, 0.025)):
            low, high = (quantiles[..., PROBABILITIES.index(p)] for p in (tail, 1 - tail))
            inside[level] += ((low <= answer) & (answer <= high))[moves].sum()
        total += int(moves.sum())
    share = inside / total
    assert abs(float(share[0]) - 0.8) < 0.03 and abs(float(share[1]) - 0.95) < 0.02


def test_the_program_explains_itself(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", ["pretrain.py", "--help"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(FOLDER / "pretrain.py"), run_name="__main__")
    assert "--seconds" in capsys.readouterr().out
    sys.modules.pop("series", None)
