"""Mistakes with the networks: axes, states, gates, first weights. Each figure is computed on the bare network."""

from __future__ import annotations

import numpy as np
import torch

from gatecast.language import Text
from gatecast.nn.recurrent import LSTM
from gatecast.runtime import private_torch_stream, stream
from gatecast.studies import material
from gatecast.studies.from_gates import GateLSTM
from gatecast.studies.mistake import Mistake
from gatecast.studies.textbook import network_of, predict

_WINDOWS = 30


def rank() -> Mistake:
    """Study 1: one window without a batch axis fails for its rank."""
    network = network_of("lstm", 4, 7, seed=0, hidden=8)
    window = np.zeros((14, 4))
    difference = np.abs(predict(network, window) - predict(network, window[None])[0]).max()
    return Mistake(
        Text("A 2-D input fails for its rank", "二维输入因维数不符而报错"),
        Text("difference between a window and a batch of one", "单个窗口与大小为一的批次之差"),
        None,
        float(difference),
        Text(
            "The forecast from the newest time point is asked with one window, (time, variables), and the study's "
            "network stops there. Here both ranks are understood, and give the same.",
            "从最新时间点预测时输入是单个窗口（时间，变量），研究中的网络到此报错。这里两种维数都接受，且结果相同。",
        ),
    )


def wrong_axis() -> Mistake:
    """Study 2: an initial state sized by the wrong axis, that is, windows read as time steps."""
    wrong, right = (_windows_read(batch_first, inputs=5, steps=7) for batch_first in (False, True))
    return Mistake(
        Text("The initial state is sized by the wrong axis", "初始状态取错了轴的大小"),
        Text(f"windows, of {_WINDOWS}, that the last forecast reads", f"{_WINDOWS} 个窗口中，最后一个预测读取的个数"),
        wrong,
        right,
        Text(
            "A state for as many sequences as a window has days fits a network that takes windows for time steps: it "
            "runs, and each forecast reads all windows before its own. No state needs to be given at all.",
            "若初始状态的大小取自窗口天数，网络便把窗口当作时间步：程序能跑，但每个预测都读取了之前的所有窗口。"
            "其实根本不需要给出初始状态。",
        ),
    )


def lags_as_features() -> Mistake:
    """Study 4: three lags are three features of one endless sequence."""
    endless = _windows_read(False, inputs=3, steps=1)
    return Mistake(
        Text("Three lags are three features of an endless sequence", "把三个滞后值当作一条无尽序列的三个特征"),
        Text(f"windows, of {_WINDOWS}, that the last forecast reads", f"{_WINDOWS} 个窗口中，最后一个预测读取的个数"),
        endless,
        _windows_read(True, inputs=1, steps=3),
        Text(
            "All windows as one sequence: the state runs through the whole training part, so the forecast depends on "
            "where the series was cut. Three lags are three time steps of a window.",
            "所有窗口连成一条序列：状态贯穿整个训练部分，预测取决于序列从何处截断。三个滞后值应是窗口的三个时间步。",
        ),
    )


def deaf_gates() -> Mistake:
    """Study 5: the gates never read the hidden state."""
    moved = []
    for hears in (False, True):
        with private_torch_stream(0, "deaf gates"):
            layer = GateLSTM(1, 8, hears=hears)
        moved.append(_influence_of_h(layer))
    return Mistake(
        Text("The gates never read the hidden state", "门从不读取隐状态"),
        Text("what a change of h₀ by 1 changes in h₁, at most", "h₀ 改变 1 时 h₁ 的最大变化"),
        moved[0],
        moved[1],
        Text(
            "Without h in its gates the layer is no recurrent network but a sum that forgets: what is written does not "
            "depend on what was read before. The equations are in nn/cells.py, line by line.",
            "门中没有 h，这一层就不是循环网络，而只是会遗忘的累加：写入的内容与先前读到的无关。"
            "公式逐行写在 nn/cells.py 中。",
        ),
    )


@torch.no_grad()
def _influence_of_h(layer: GateLSTM) -> float:
    x, c = torch.zeros(1, 1, 1), torch.zeros(1, layer.output_size)
    (_, (quiet, _)), (_, (moved, _)) = (layer(x, (h, c)) for h in (torch.zeros_like(c), torch.ones_like(c)))
    return float((moved - quiet).abs().max())


def fresh_memory() -> Mistake:
    """Study 5: weights start as whatever the memory held."""
    bits = stream(0, "fresh memory").integers(-(2**31), 2**31, size=10_000).astype(np.int32)
    held = bits.view(np.float32)
    with private_torch_stream(0, "fresh memory"):
        drawn = GateLSTM(1, 64).weight_ih_l0
    return Mistake(
        Text("The weights start uninitialised", "权重没有初始化"),
        Text("largest finite weight at the start", "初始权重的最大有限值"),
        float(np.abs(held[np.isfinite(held)]).max()),
        float(drawn.detach().abs().max()),
        Text(
            "torch.Tensor(n) is memory as it was found: often zeros, with which nothing is learnt, sometimes any bits "
            f"at all ({np.isnan(held).mean():.1%} of them no number). Here weights start uniform in ±1/√hidden.",
            "torch.Tensor(n) 是未经整理的内存：常常全零，什么也学不到；有时是任意比特"
            f"（其中 {np.isnan(held).mean():.1%} 根本不是数）。这里的权重从 ±1/√hidden 均匀抽取。",
        ),
    )


def batch_of_one() -> Mistake:
    """Study 5: the batch is always one."""
    windows, batch = len(material.sunspots().values), 64
    return Mistake(
        Text("The batch is always one", "批大小总是一"),
        Text(f"optimiser steps an epoch, {windows} windows", f"{windows} 个窗口时每轮的优化步数"),
        windows,
        -(-windows // batch),
        Text(
            "A state of shape (1, hidden) takes one window at a time, or silently adds up the windows of a batch. Here "
            "the state has a row a window, and 64 windows cost little more than one.",
            "形状为（1, hidden）的状态一次只能处理一个窗口，或悄悄把批中各窗口混在一起。"
            "这里每个窗口各有一行状态，64 个窗口的代价与一个相差无几。",
        ),
    )


def _windows_read(batch_first: bool, *, inputs: int, steps: int) -> int:
    """How many windows the forecast of the last one depends on: those with a gradient. Windows lie on axis 0."""
    with private_torch_stream(0, "windows read"):
        layer = LSTM(inputs, 8, batch_first=batch_first)
        windows = torch.randn(_WINDOWS, steps, inputs, requires_grad=True)
    hidden, _ = layer(windows)
    (gradient,) = torch.autograd.grad(hidden[-1, -1].sum(), windows)
    return int((gradient.abs().amax((1, 2)) > 0).sum())
