"""Encoder and decoder: one LSTM reads the context, another says the horizon step by step (Sutskever et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gatecast.language import Text
from gatecast.models.lstm_stack import LSTMStack, StackConfig
from gatecast.models.network import ForecastNetwork
from gatecast.models.registry import register
from gatecast.nn import options
from gatecast.nn.cells import squashed
from gatecast.nn.dropout import Dropout

_MOST_POSITIONS = 16  # of a context that decode; each costs as many steps as the horizon has
_HALF_LIFE = 200  # training steps in which the teacher comes to speak half as often
_FARTHEST = 1e4  # units of the window; a cell reads nothing farther off


@dataclass(frozen=True)
class Seq2SeqConfig(StackConfig):
    """Shape of an encoder and decoder of LSTMs.

    hidden: width of every layer of the encoder, or a tuple with one width a layer; the decoder is as wide as the last.
    layers: number of layers of the encoder; None = one, or as many as there are widths.
    dropout: probability with which an element between two layers is zeroed in training.
    bias: whether the gates' sums have biases.
    teacher_forcing: probability with which a step of the decoder reads what came instead of its own last output, in
        training; it halves every 200 steps (scheduled sampling, Bengio et al. 2015).

    Raises: OptionError for a value that cannot be used.
    """

    teacher_forcing: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        options.probability("teacher_forcing", self.teacher_forcing)


class Seq2SeqNetwork(ForecastNetwork):
    """A decoder at each position, which starts from what the encoder knows there and feeds on its own output.

    A long context decodes from sixteen of its positions, spread evenly up to the newest.
    """

    taught = True

    def build_head(self, size: int) -> None:
        width, features = self.backbone.output_size, self.feature_size()
        self.opening = nn.Linear(features, 2 * width)
        self.cell = nn.LSTMCell(2 + self.config.future, width)
        self.head = nn.Linear(width, size)
        self.mixture = nn.Linear(features, self.blocks * self.bases.count)
        self.silence = Dropout(1.0)  # of the teacher

    def places(self, *, newest_only: bool) -> slice:
        every = super().places(newest_only=newest_only)
        chosen = range(every.stop)[every]
        stride = -(-len(chosen) // _MOST_POSITIONS)
        chosen = chosen[(len(chosen) - 1) % stride :: stride]
        return slice(chosen.start, chosen.stop, chosen.step)

    def decode(self, features: Tensor, mixed: Tensor, answers: Tensor | None) -> Tensor:
        """Each step reads the output before, the mixture of bases there, and what is known of it ahead."""
        batch, positions, _ = features.shape
        base = mixed.flatten(0, 1).unbind(1)  # of each step (N, 1), N = batch × positions
        known = self._known_of(features).unbind(1)  # (N, future)
        taught = None if answers is None else self._taught(answers.flatten(0, 1))  # (N, H, 1), NaN where untaught
        h, c = torch.tanh(self.opening(features)).flatten(0, 1).chunk(2, dim=-1)
        newest = self.backbone.output_size + self.config.patch - 1
        previous = features[..., newest].reshape(-1, 1)
        # one product for both of the cell's weights: a product as narrow as its input takes as long as that of h
        weight = torch.cat([self.cell.weight_ih, self.cell.weight_hh], dim=1)
        bias = self.cell.bias_ih + self.cell.bias_hh
        outputs = []
        for step in range(self.config.horizon):
            i, f, g, o = squashed(F.linear(torch.cat([previous, base[step], known[step], h], dim=-1), weight, bias))
            c = f * c + i * g
            h = o * torch.tanh(c)
            own = self.head(h)
            outputs.append(own)
            previous = (base[step] + own[:, :1]).clamp(-_FARTHEST, _FARTHEST)
            if taught is not None:
                previous = torch.where(taught[:, step].isnan(), previous, taught[:, step])
        return torch.stack(outputs, dim=1).unflatten(0, (batch, positions))

    def _known_of(self, features: Tensor) -> Tensor:
        """The covariates known ahead, which stand last among the features: (N, horizon, future)."""
        future, horizon = self.config.future, self.config.horizon
        known = features.flatten(0, 1)[:, features.shape[-1] - future * horizon :]
        return known.reshape(len(known), future, horizon).transpose(1, 2)

    def _taught(self, answers: Tensor) -> Tensor:
        """What came where the teacher speaks, NaN where it is silent."""
        speaks = self._teacher_forcing * 0.5 ** (self.steps_taken / _HALF_LIFE)
        self.silence.probability = 1 - speaks
        spoken = self.silence(torch.ones_like(answers)) > 0
        return torch.where(spoken, answers.clamp(-_FARTHEST, _FARTHEST), torch.nan)[..., None]

    @property
    def _teacher_forcing(self) -> float:
        return float(self.config.options.get("teacher_forcing", Seq2SeqConfig.teacher_forcing))


@register(
    "seq2seq",
    config=Seq2SeqConfig,
    causal=True,
    streams=True,
    description=Text(
        "encoder and decoder: one LSTM reads, another forecasts step by step from its own output",
        "编码器–解码器：一个 LSTM 读取历史，另一个以自身输出逐步预测",
    ),
    network=Seq2SeqNetwork,
)
class Seq2SeqEncoder(LSTMStack):
    """x (batch, time, inputs) → y (batch, time, output_size); state (h, c), see `gatecast.nn.state`."""
