"""Distribution functions that torch does not have, in float64: the incomplete beta function and what rests on it.

Knows formulas; knows no parameters of networks. Everything is elementwise over tensors that broadcast.
"""

from __future__ import annotations

from statistics import NormalDist

import torch
from torch import Tensor

_TINY = 1e-300
_ROUNDING = 1e-12
_MOST_TERMS = 2000
_MOST_TRIES = 200
_MOST_NEWTON = 100
_EXACT = 1e-9  # of a quantile; the networks compute in float32


def incomplete_beta(a: Tensor, b: Tensor, x: Tensor, rest: Tensor) -> Tensor:
    """The regularised incomplete beta function I_x(a, b), a and b above 0. rest: 1 − x, free of cancellation.

    DLMF 8.17.22 as a continued fraction, whose symmetric twin 1 − I_{1−x}(b, a) is taken where that converges faster.
    """
    a, b, x, rest = (t.reshape(-1) for t in torch.broadcast_tensors(*(t.double() for t in (a, b, x, rest))))
    turned = x * (a + b + 2) > a + 1
    a, b, x, rest = (
        torch.where(turned, b, a),
        torch.where(turned, a, b),
        torch.where(turned, rest, x),
        torch.where(turned, x, rest),
    )
    power = torch.xlogy(a, x) + torch.xlogy(b, rest) + torch.lgamma(a + b) - torch.lgamma(a) - torch.lgamma(b)
    value = torch.exp(power) / a * _beta_fraction(a, b, x)
    return torch.where(turned, 1 - value, value).clamp(0, 1)


def _beta_fraction(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """The continued fraction by the modified method of Lentz (Thompson & Barnett 1986). All (n,)."""
    d = _not_zero(1 - (a + b) * x / (a + 1)).reciprocal()
    c, value = torch.ones_like(d), d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = _not_zero(1 + term * d).reciprocal()
            c = _not_zero(1 + term / c)
            change = c * d
            value = value * change
        if ((change - 1).abs() < _ROUNDING).all():
            break
    return value


def _not_zero(x: Tensor) -> Tensor:
    return torch.where(x.abs() < _TINY, _TINY, x)


def student_t_quantile(probability: float, freedom: Tensor) -> Tensor:
    """The value that a Student t variable stays below with this probability. freedom: above 0, of any shape.

    Newton's steps from the normal quantile: the distribution function is concave beyond the median, so that they rise
    to the root and never pass it.
    """
    tail = min(probability, 1 - probability)
    if tail >= 0.5:
        return torch.zeros_like(freedom, dtype=torch.float64)
    df = freedom.double().reshape(-1)
    t = torch.full_like(df, -NormalDist().inv_cdf(tail))
    for _ in range(_MOST_NEWTON):
        beyond = incomplete_beta(df / 2, torch.full_like(df, 0.5), df / (df + t**2), t**2 / (df + t**2)) / 2
        step = (beyond - tail) / torch.exp(student_t_log_density(t, df))
        t = t + step
        if (step.abs() <= _EXACT * t).all():
            break
    return (t if probability > 0.5 else -t).reshape(freedom.shape)


def student_t_log_density(z: Tensor, freedom: Tensor) -> Tensor:
    """Of the standard Student t distribution, at z."""
    half = (freedom + 1) / 2
    constant = torch.lgamma(half) - torch.lgamma(freedom / 2) - 0.5 * torch.log(torch.pi * freedom)
    return constant - half * torch.log1p(z**2 / freedom)


def student_t_draw(first: Tensor, second: Tensor, freedom: Tensor) -> Tensor:
    """A standard Student t variable from two uniform ones (Bailey 1994, "Polar generation of random variates")."""
    radius = torch.sqrt(freedom * torch.expm1(-2 / freedom * torch.log(first)))
    return radius * torch.cos(2 * torch.pi * second)


def negative_binomial_log_mass(count: Tensor, mean: Tensor, shape: Tensor) -> Tensor:
    """Log-probability of a count; variance = mean + mean² / shape."""
    ways = torch.lgamma(count + shape) - torch.lgamma(count + 1) - torch.lgamma(shape)
    return ways - shape * torch.log1p(mean / shape) - count * torch.log1p(shape / mean)


def negative_binomial_probability(count: Tensor, mean: Tensor, shape: Tensor) -> Tensor:
    """That the variable is at most `count`: I_p(shape, count + 1) with p = shape / (shape + mean)."""
    total = shape + mean
    return incomplete_beta(shape, count + 1, shape / total, mean / total)


def negative_binomial_quantile(probability: Tensor, mean: Tensor, shape: Tensor) -> Tensor:
    """The smallest count that the variable stays at or below with this probability. Of the shape they broadcast to.

    Newton's steps on the counts between two bounds that close in; every other step halves them.
    """
    wanted, mean, shape = torch.broadcast_tensors(probability.double(), mean.double(), shape.double())
    axes = wanted.shape
    wanted, mean, shape = wanted.reshape(-1), mean.reshape(-1), shape.reshape(-1)
    deviation = torch.sqrt(mean + mean**2 / shape)
    guess = (mean + deviation * torch.special.ndtri(wanted)).round().clamp(min=0)
    low, high = torch.full_like(mean, -1.0), torch.full_like(mean, torch.inf)
    for attempt in range(_MOST_TRIES):
        open_ = (high - low > 1).nonzero()[:, 0]
        if not len(open_):
            break
        k, p, m, r, d = guess[open_], wanted[open_], mean[open_], shape[open_], deviation[open_]
        missing = p - negative_binomial_probability(k, m, r)
        high[open_] = torch.where(missing <= 0, k, high[open_])
        low[open_] = torch.where(missing <= 0, low[open_], k)
        newton = k + (missing / torch.exp(negative_binomial_log_mass(k, m, r)).clamp(min=1e-12)).round()
        middle = torch.where(
            high[open_].isinf(), k + d * 2 ** (attempt / 2) + 1, (low[open_] + high[open_]) / 2
        ).floor()
        newton = torch.where(high[open_].isinf(), newton.minimum(middle), newton)
        tried = newton if attempt % 2 == 0 else middle
        guess[open_] = tried.maximum(low[open_] + 1).minimum(high[open_] - 1)
    return high.reshape(axes)
