"""The options of every model: dropout, normalisation, the way past, first weights. Without them nothing changes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import gatecast
from gatecast.errors import ArtifactError, OptionError
from gatecast.forecaster.plan import Plan
from gatecast.forecaster.soundness import check_weights
from gatecast.models import build, get, names
from gatecast.models.network import ForecastNetwork, NetworkConfig
from gatecast.nn.cells import Weights, lstm_step
from gatecast.nn.dressed import Dressed, initialise
from gatecast.nn.dressing import INITIALISATIONS, NAMES, Dressing
from gatecast.nn.dropout import seed_dropout
from gatecast.nn.recurrent import GRU, LSTM, RNN
from gatecast.nn.xlstm import SLSTM
from gatecast.training.config import TrainingConfig

BATCH, TIME, INPUTS, HIDDEN = 4, 10, 3, 6
EACH = pytest.mark.parametrize("name", names())
AROUND: dict[str, Any] = {
    "input_dropout": 0.2,
    "output_dropout": 0.3,
    "variational": True,
    "normalisation": "layer",
    "residual": True,
    "weight_init": "xavier-uniform",
}


@pytest.fixture(autouse=True)
def _own_stream():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        yield


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(BATCH, TIME, INPUTS)


def make(name: str, **options: Any) -> Any:
    return build(name, INPUTS, {"hidden": HIDDEN, **options})


def test_every_option_is_documented():
    for name in NAMES:
        assert f"{name}" in (Dressing.__doc__ or "")


@EACH
def test_a_model_that_asks_for_nothing_is_built_as_ever(name):
    torch.manual_seed(1)
    config = get(name).configure({"hidden": HIDDEN})
    bare: Any = get(name).backbone(INPUTS, config)
    torch.manual_seed(1)
    defaults = {field: getattr(Dressing(), field) for field in NAMES if not hasattr(config, field)}
    built = make(name, **defaults)
    assert type(built) is type(bare)
    assert list(built.state_dict()) == list(bare.state_dict())
    assert all(torch.equal(value, bare.state_dict()[key]) for key, value in built.state_dict().items())


@EACH
@pytest.mark.parametrize("normalisation", ["layer", "batch"])
def test_every_model_can_be_dressed(name, normalisation, x):
    module = make(name, **{**AROUND, "normalisation": normalisation})
    seed_dropout(module, 1)
    y, state = module(x)
    assert y.shape == (BATCH, TIME, module.output_size)
    (y * torch.randn_like(y)).sum().backward()
    for parameter_name, parameter in module.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, parameter_name
    module.eval()
    if get(name).streams:
        first, state = module(x[:, :4])
        rest, _ = module(x[:, 4:], state)
        torch.testing.assert_close(torch.cat([first, rest], dim=1), module(x)[0])
    if get(name).causal:
        before = module(x)[0]
        x[:, 5:] = 9
        assert torch.equal(module(x)[0][:, :5], before[:, :5])
    assert torch.equal(copy.deepcopy(module)(x)[0], module(x)[0])


def test_the_order_is_dropout_backbone_norm_dropout_way_past(x):
    module = make("lstm", normalisation="layer", residual=True).eval()
    y = nn.functional.layer_norm(module.backbone(x)[0], (HIDDEN,))
    torch.testing.assert_close(module(x)[0], y + x @ module.past.weight.T)
    deaf = make("lstm", input_dropout=1.0, residual=True)
    torch.testing.assert_close(deaf(x)[0], deaf.backbone(0 * x)[0] + deaf.past(x))
    assert torch.equal(make("lstm", output_dropout=1.0)(x)[0], torch.zeros(BATCH, TIME, HIDDEN))
    halved = make("lstm", output_dropout=0.5, normalisation="layer")(x)[0] == 0
    assert halved.double().mean() > 0.3  # nothing comes after the dropout but the sum
    assert isinstance(make("lstm", hidden=INPUTS, residual=True).past, nn.Identity)


@pytest.mark.parametrize("variational", [False, True])
def test_variational_dropout_has_one_mask_a_sequence(variational, x):
    module = make("lstm", output_dropout=0.5, variational=variational)
    dropped = module(x)[0] == 0
    assert dropped.any() and not dropped.all()
    assert (dropped == dropped[:, :1]).all() == variational
    assert not torch.equal(dropped[0], dropped[1])


def test_dropout_draws_from_the_networks_own_stream(x):
    module = make("lstm", **AROUND, hidden_dropout=0.3)
    before = torch.get_rng_state()
    first = []
    for _ in range(2):
        seed_dropout(module, 5)
        first.append(module(x)[0])
    assert torch.equal(*first) and torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("stack", [LSTM, GRU, RNN])
def test_hidden_dropout_is_one_mask_on_what_the_gates_read(stack, x):
    layer = stack(INPUTS, HIDDEN, batch_first=True)
    dry = layer(x)[0]
    layer.drop_hidden(0.5)
    wet = layer(x)[0]
    torch.testing.assert_close(wet[:, 0], dry[:, 0])  # nothing to thin out before the first step
    assert not torch.allclose(wet[:, 1], dry[:, 1])
    torch.testing.assert_close(layer.eval()(x)[0], dry)


def test_hidden_dropout_by_hand(x):
    layer = LSTM(INPUTS, HIDDEN, batch_first=True)
    layer.drop_hidden(0.5)
    torch.manual_seed(3)
    got = layer(x)[0]
    torch.manual_seed(3)
    mask = torch.empty(BATCH, HIDDEN).bernoulli_(0.5) * 2
    weights = next(iter(layer._names))
    cell = Weights(**{role: getattr(layer, name) for role, name in weights.items()})
    h = c = torch.zeros(BATCH, HIDDEN)
    for t in range(TIME):
        h, c = lstm_step(x[:, t], h * mask, c, cell)
        torch.testing.assert_close(got[:, t], h)


def test_a_gru_keeps_what_its_gates_do_not_see(x):
    layer = GRU(INPUTS, HIDDEN, batch_first=True)
    layer.drop_hidden(1.0)
    with torch.no_grad():
        layer.get_parameter("bias_ih_l0")[HIDDEN : 2 * HIDDEN] = 50.0  # the update gate keeps all
    start = torch.randn(1, BATCH, HIDDEN)
    torch.testing.assert_close(layer(x, start)[0][:, -1], start[0])


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "bilstm", "xlstm"])
def test_hidden_dropout_reaches_every_recurrence(name, x):
    module = make(name, hidden_dropout=0.4, layers=2)
    found = [one for one in module.modules() if hasattr(one, "drop_hidden")]
    assert found and all(one.hidden_dropout.probability == 0.4 for one in found)
    assert not torch.equal(module(x)[0], module(x)[0])
    module.eval()
    assert torch.equal(module(x)[0], module(x)[0])


def test_the_forget_bias_is_the_sum_of_both(x):
    module = make("lstm", layers=2, forget_bias=1.5)
    for layer in range(2):
        first, second = (getattr(module.stack, f"bias_{side}_l{layer}")[HIDDEN : 2 * HIDDEN] for side in ("ih", "hh"))
        assert torch.equal(first + second, torch.full((HIDDEN,), 1.5))
    assert module.stack.bias_ih_l0[:HIDDEN].abs().sum() > 0  # the other gates' are as they were
    both_ways = make("bilstm", forget_bias=2.0)
    assert sum(int((value == 2.0).sum()) for value in both_ways.state_dict().values()) == 2 * HIDDEN
    for block in make("xlstm", forget_bias=-1.0).blocks:
        assert (block.memory._forget_bias() == -1.0).all()


@pytest.mark.parametrize("how", INITIALISATIONS)
def test_each_gates_matrix_is_initialised_by_itself(how):
    module = make("lstm", hidden=40, recurrent_init=how)
    sizes = [matrix.std().item() for kind, matrix in module.stack.matrices() if kind == "recurrent"]
    wanted = {"uniform": 40**-0.5 / 3**0.5, "kaiming-uniform": (2 / 40) ** 0.5}.get(how, 40**-0.5)
    assert sizes == pytest.approx([wanted] * 4, rel=0.1)


def test_initialisation_reaches_its_own_weights_alone():
    torch.manual_seed(2)
    plain = make("gru").state_dict()
    torch.manual_seed(2)
    changed = make("gru", recurrent_init="orthogonal").state_dict()
    assert {name for name in plain if not torch.equal(plain[name], changed[name])} == {"stack.weight_hh_l0"}
    for gate in changed["stack.weight_hh_l0"].chunk(3):
        torch.testing.assert_close(gate @ gate.T, torch.eye(HIDDEN), rtol=0, atol=1e-5)
    torch.manual_seed(2)
    changed = make("gru", weight_init="normal").state_dict()
    assert {name for name in plain if not torch.equal(plain[name], changed[name])} == {"stack.weight_ih_l0"}
    scalar = SLSTM(INPUTS, HIDDEN, 2)
    before = scalar.weight_hh.clone()
    with torch.no_grad():
        for kind, matrix in scalar.matrices():
            if kind == "recurrent":
                initialise(matrix, "orthogonal")
    assert not torch.equal(before, scalar.weight_hh)
    torch.testing.assert_close(scalar.weight_hh[1, :3] @ scalar.weight_hh[1, :3].T, torch.eye(3))


def test_batch_normalisation_uses_running_statistics_after_training(x):
    module = make("lstm", normalisation="batch")
    y = module(x)[0]
    torch.testing.assert_close(y.mean((0, 1)), torch.zeros(HIDDEN), rtol=0, atol=1e-5)
    for _ in range(200):
        module(x)
    module.eval()
    torch.testing.assert_close(module(x)[0], y, rtol=0.05, atol=0.05)
    torch.testing.assert_close(module(x[:1])[0], module(x)[0][:1])  # a batch of one is fine now
    with pytest.raises(OptionError, match="batches of one"):
        module.train()(x[:1])


@pytest.mark.parametrize(
    ("name", "options", "part"),
    [
        ("gru", {"forget_bias": 1.0}, "forget gates"),
        ("mlp", {"forget_bias": 1.0}, "forget gates"),
        ("lstm", {"forget_bias": 1.0, "bias": False}, "biases"),
        ("lstm", {"forget_bias": float("nan")}, "forget_bias must be"),
        ("lstm", {"forget_bias": True}, "forget_bias must be"),
        ("mlp", {"hidden_dropout": 0.1}, "hidden_dropout needs"),
        ("xlstm", {"hidden_dropout": 0.1, "pattern": "m"}, "hidden_dropout needs"),
        ("mlp", {"recurrent_init": "orthogonal"}, "recurrent_init needs"),
        ("lstm", {"recurrent_init": "orthogonl"}, "did you mean 'orthogonal'"),
        ("lstm", {"weight_init": "zeros"}, "weight_init must be"),
        ("lstm", {"normalisation": "group"}, "normalisation must be"),
        ("lstm", {"input_dropout": 1.1}, "input_dropout must be"),
        ("lstm", {"output_dropout": "0.1"}, "output_dropout must be"),
        ("lstm", {"hidden_dropout": -1}, "hidden_dropout must be"),
        ("lstm", {"variational": 1}, "variational must be"),
        ("lstm", {"residual": "yes"}, "residual must be"),
        ("lstm", {"input_droput": 0.1}, "did you mean 'input_dropout'"),
        ("lstm", {"nothing": 1}, "those of every model: input_dropout, output_dropout"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_trained(name, options, part):
    before = torch.get_rng_state()
    with pytest.raises(OptionError) as caught:
        gatecast.Forecaster(horizon=3, model=name, network=options)
    assert part in caught.value.text.english and caught.value.text.chinese
    assert torch.equal(torch.get_rng_state(), before)


def test_an_option_of_its_own_stays_the_models():
    assert get("lstm-cell").configure({"forget_bias": 2.0}).forget_bias == 2.0


def test_what_the_backbone_has_is_found_through_the_dressing(x):
    module = make("lstm", residual=True)
    assert isinstance(module, Dressed) and module.stack is module.backbone.stack
    with pytest.raises(AttributeError):
        module.nothing  # noqa: B018


@pytest.mark.parametrize(
    "network",
    [
        {**AROUND, "hidden_dropout": 0.2, "forget_bias": 1.0, "recurrent_init": "orthogonal"},
        {"normalisation": "batch", "residual": True},
        {"forget_bias": 1.0},
    ],
    ids=["all", "batch", "bias"],
)
def test_a_dressed_forecaster_trains_and_is_saved_and_loaded(network, tmp_path):
    steps = np.arange(90)
    series = 10 + 3 * np.sin(steps * 2 * np.pi / 12)

    def fit() -> gatecast.Forecaster:
        wishes = {"hidden": 8, "layers": 1, **network}
        return gatecast.Forecaster(
            horizon=3, season=12, context=24, steps=30, members=1, device="cpu", network=wishes
        ).fit(series)

    model = fit()
    assert np.array_equal(model.predict().point, fit().predict().point)  # same seed, same bytes
    model.save(tmp_path / "model")
    assert np.array_equal(gatecast.load(tmp_path / "model").predict().point, model.predict().point)
    statistics = [value for name, value in model.fitted.networks[0].state_dict().items() if "running_mean" in name]
    assert all(value.abs().sum() > 0 for value in statistics)  # what serves has learnt them too


def test_a_saved_model_that_lies_about_its_dressing_is_refused():
    def plan(**options: Any) -> Plan:
        config = NetworkConfig("lstm", {"hidden": 4, **options}, 3, 12, 1, (), (80,))
        return Plan(config, TrainingConfig(), members=1, scouts=1, finish=0.0, budget=None, reasons=())

    told = plan(normalisation="batch", residual=True)
    weights = {f"member.0.{name}": value for name, value in ForecastNetwork(told.network).state_dict().items()}
    check_weights(told, weights)
    for lie in (plan(), plan(normalisation="batch"), plan(normalisation="layer", residual=True)):
        with pytest.raises(ArtifactError):
            check_weights(lie, weights)
    variance = "member.0.backbone.norm.running_var"
    with pytest.raises(ArtifactError, match="variance"):
        check_weights(told, {**weights, variance: -weights[variance]})
