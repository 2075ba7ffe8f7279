"""Distributions against scipy's: quantiles, likelihoods, draws; and what holds whatever a network says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special
from scipy import stats

from gatecast.nn import special
from gatecast.nn.distributions import DISTRIBUTIONS, Distribution, Empirical, NegativeBinomial, Unit

PROBABILITIES = (0.025, 0.1, 0.5, 0.9, 0.975)
CENTRE, SCALE = 30.0, 4.0  # of the window, in the unit of the data
DENSE = ("normal", "student-t", "log-normal")
SPREAD = (*DENSE, "negative-binomial")


def unit(centre: float = CENTRE, scale: float = SCALE) -> Unit:
    return Unit(torch.full((1, 1), centre, dtype=torch.float64), torch.full((1, 1), scale, dtype=torch.float64))


def made(name: str, location: float, raw: list[float], of: Unit | None = None) -> Distribution:
    """One distribution, of one step. raw: before softplus."""
    place = torch.tensor([[location]])
    return DISTRIBUTIONS[name](place, torch.tensor([raw]), of or unit(), PROBABILITIES)


def law(name: str, one: Any) -> Any:
    """The same as scipy knows it, in the unit of the data."""
    if name == "normal":
        return stats.norm(CENTRE + SCALE * one.location.item(), SCALE * one.scale.item())
    if name == "student-t":
        return stats.t(one.freedom.item(), CENTRE + SCALE * one.location.item(), SCALE * one.scale.item())
    if name == "log-normal":
        return stats.lognorm(one.sigma.item(), 0, SCALE * one.median.item())
    return stats.nbinom(one.shape.item(), one.shape.item() / (one.shape.item() + one.mean.item()))


RAW = {"normal": [0.3], "student-t": [-0.5, 1.0], "log-normal": [2.0], "negative-binomial": [-1.0]}


# what torch does not have


def test_the_incomplete_beta_function_is_that_of_scipy() -> None:
    draws = np.random.default_rng(0)
    a, b = 10 ** draws.uniform(-2, 4, (2, 3000))
    x = np.concatenate([draws.uniform(size=1500), (a / (a + b))[:1500]])
    ours = special.incomplete_beta(*(torch.tensor(v) for v in (a, b, x, 1 - x)))
    np.testing.assert_allclose(ours.numpy(), scipy_special.betainc(a, b, x), atol=1e-9)


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.025, 0.9995, 1 - 1e-9])
def test_quantiles_of_student_t_are_those_of_scipy(probability: float) -> None:
    freedom = 10 ** np.random.default_rng(1).uniform(0.301, 4, 300)
    ours = special.student_t_quantile(probability, torch.tensor(freedom))
    np.testing.assert_allclose(ours.numpy(), stats.t.ppf(probability, freedom), rtol=1e-8, atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(
    probability=st.floats(0.001, 0.999),
    mean=st.floats(-3, 3.5).map(lambda x: 10.0**x),
    shape=st.floats(-1, 4).map(lambda x: 10.0**x),
)
def test_quantiles_of_counts_are_those_of_scipy(probability: float, mean: float, shape: float) -> None:
    ours = special.negative_binomial_quantile(*(torch.tensor(v) for v in (probability, mean, shape))).item()
    probability, mean, shape = (torch.tensor(v).double().item() for v in (probability, mean, shape))  # as float32
    theirs = stats.nbinom(shape, shape / (shape + mean))
    assert theirs.cdf(ours) >= probability - 1e-9
    assert ours == 0 or theirs.cdf(ours - 1) < probability + 1e-9


def test_log_masses_of_counts_are_those_of_scipy() -> None:
    count = torch.arange(0, 200, 7).double()
    ours = special.negative_binomial_log_mass(count, torch.tensor(20.0).double(), torch.tensor(3.0).double())
    np.testing.assert_allclose(ours.numpy(), stats.nbinom.logpmf(count.numpy(), 3, 3 / 23), rtol=1e-10)


# each distribution


@pytest.mark.parametrize("location", [0.7, -2.0, 30.0])
@pytest.mark.parametrize("name", SPREAD)
def test_quantiles_are_those_of_scipy(name: str, location: float) -> None:
    one = made(name, location, RAW[name])
    ours = CENTRE + SCALE * one.quantiles(PROBABILITIES).numpy().ravel()
    np.testing.assert_allclose(ours, law(name, one).ppf(PROBABILITIES), rtol=1e-5)


def test_the_loss_of_quantiles_is_the_pinball_loss_and_its_derivative_is_right() -> None:
    draws = torch.Generator().manual_seed(0)
    location, raw = (torch.randn(3, 2, size, generator=draws, dtype=torch.float64) for size in (1, 4))
    answer = torch.randn(3, 2, generator=draws, dtype=torch.float64)

    def loss(location: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
        return DISTRIBUTIONS["quantile"](location, raw, unit(), PROBABILITIES).loss(answer)

    error = (answer[..., None] - DISTRIBUTIONS["quantile"](location, raw, unit(), PROBABILITIES).values).numpy()
    share = np.array(PROBABILITIES)
    np.testing.assert_allclose(loss(location, raw), np.maximum(share * error, (share - 1) * error))
    assert torch.autograd.gradcheck(loss, (location.requires_grad_(), raw.requires_grad_()))


@pytest.mark.parametrize("name", SPREAD)
def test_losses_are_likelihoods_but_for_a_constant(name: str) -> None:
    one = made(name, 0.7, RAW[name])
    values = np.array([12.0, 25.0, 30.0, 37.0, 60.0])
    ours = one.loss(torch.tensor((values - CENTRE) / SCALE).float()).numpy().ravel()
    theirs = law(name, one)
    score = -(theirs.logpmf(values) if name == "negative-binomial" else theirs.logpdf(values))
    if name == "log-normal":
        score = score - np.log(values)  # the density is that of log(value)
    np.testing.assert_allclose(ours - ours[0], score - score[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SPREAD)
def test_the_constant_is_that_of_the_unit_whatever_the_spread(name: str) -> None:
    """Likelihoods of two spreads differ as scipy's do: else the spread would not be found."""
    answer = torch.tensor([(36.0 - CENTRE) / SCALE])
    losses, scores = [], []
    for raw in (-1.0, 2.0):
        one = made(name, 0.7, [raw, *RAW[name][1:]])
        losses.append(one.loss(answer).item())
        theirs = law(name, one)
        scores.append(-(theirs.logpmf(36.0) if name == "negative-binomial" else theirs.logpdf(36.0)))
    assert losses[1] - losses[0] == pytest.approx(scores[1] - scores[0], rel=1e-3)


@pytest.mark.parametrize("name", SPREAD)
def test_the_least_loss_is_at_the_law_itself(name: str) -> None:
    """From where a network starts, gradients lead to the parameters that the values were drawn from."""
    truth = law(name, made(name, 0.7, RAW[name]))
    values = torch.tensor((truth.ppf((np.arange(2000) + 0.5) / 2000) - CENTRE) / SCALE).float()
    start = DISTRIBUTIONS[name].start((80, 95))
    location, raw = torch.zeros(1, 1, requires_grad=True), start[None].clone().requires_grad_()
    optimiser = torch.optim.LBFGS([location, raw], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = DISTRIBUTIONS[name](location, raw, unit(), PROBABILITIES).loss(values[:, None]).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    found = law(name, DISTRIBUTIONS[name](location, raw, unit(), PROBABILITIES)).ppf(PROBABILITIES)
    spread = np.diff(truth.ppf([0.1, 0.9])).item()
    np.testing.assert_allclose(found, truth.ppf(PROBABILITIES), atol=0.05 * spread)


@pytest.mark.parametrize("name", SPREAD)
def test_draws_follow_the_law(name: str) -> None:
    one = made(name, 0.7, RAW[name])
    uniform = torch.tensor(np.random.default_rng(2).random((1, 4000, 2)))
    drawn = CENTRE + SCALE * one.draw(uniform).double().numpy().ravel()
    theirs = law(name, one)
    if name == "negative-binomial":
        assert np.allclose(drawn, drawn.round(), atol=1e-4)
        for probability in PROBABILITIES:
            edge = theirs.ppf(probability)
            assert (drawn.round() <= edge).mean() == pytest.approx(theirs.cdf(edge), abs=0.03)
    else:
        assert stats.kstest(drawn, theirs.cdf).pvalue > 0.01


@pytest.mark.parametrize("name", ["log-normal", "negative-binomial"])
@settings(deadline=None, max_examples=30)
@given(location=st.floats(-1e4, 1e4), raw=st.floats(-20, 20), centre=st.floats(0.1, 1e6), share=st.floats(0.01, 2.0))
@example(location=255.0, raw=12.0, centre=2.0, share=0.75)
def test_what_must_be_positive_is(name: str, location: float, raw: float, centre: float, share: float) -> None:
    of = unit(centre, max(share * centre, 1.0))
    one = made(name, location, [raw], of)
    values = of.centre + of.scale * one.quantiles(PROBABILITIES).double()
    assert torch.isfinite(values).all()
    assert (values >= -1e-5 * of.scale).all()  # float32, in units of the window
    assert (values.diff() >= -1e-5 * of.scale).all()


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("answer", [1e30, -1e30, 0.0])
def test_losses_and_their_gradients_are_finite_for_any_answer(name: str, answer: float) -> None:
    start = DISTRIBUTIONS[name].start((80, 95))
    location, raw = torch.zeros(1, 1, requires_grad=True), (start[None] - 3).requires_grad_()
    loss = DISTRIBUTIONS[name](location, raw, unit(), PROBABILITIES).loss(torch.tensor([answer]))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert location.grad is not None and torch.isfinite(location.grad).all()
    assert name == "point" or (raw.grad is not None and torch.isfinite(raw.grad).all())


@pytest.mark.parametrize("name", SPREAD)
def test_each_starts_about_as_wide_as_its_window(name: str) -> None:
    raw = DISTRIBUTIONS[name].start((80, 95)).tolist()
    width = np.diff(made(name, 0.0, raw).quantiles((0.1, 0.9)).numpy().ravel()).item()
    assert 1.0 < width < 8.0


def test_a_long_row_of_zeros_says_little_is_likely_not_nothing() -> None:
    one = NegativeBinomial(torch.zeros(1, 1), torch.zeros(1, 1), unit(0.0, 1.0), PROBABILITIES)
    assert 0 < one.mean.item() < 0.2


def test_quantiles_of_draws_hold_on_average() -> None:
    """Nine values: a tenth of what is drawn next lies below the lowest, on average."""
    values = torch.arange(1.0, 10.0).flip(0)
    assert Empirical(values).quantiles((0.1, 0.15, 0.5, 0.9)).tolist() == pytest.approx([1.0, 1.5, 5.0, 9.0])
    assert Empirical(values).quantiles((0.001, 0.999)).tolist() == [1.0, 9.0]
