"""What every backbone can be dressed in: dropout, normalisation, a way past it, other first weights.

A backbone is asked what it has, not what it is called: a module in it with `drop_hidden` has a recurrence, one with
`set_forget_bias` has forget gates, and `matrices` tells apart those that lie in one weight. Knows neither models nor
training.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gatecast.errors import OptionError
from gatecast.language import Text
from gatecast.nn.dressing import Dressing, Initialisation
from gatecast.nn.dropout import Dropout

_RECURRENCE, _FORGET_GATES = Text("recurrence", "循环"), Text("forget gates", "遗忘门")


def dress(backbone: Any, input_size: int, dressing: Dressing) -> Any:
    """The backbone, altered within and surrounded as asked; itself where nothing is to surround it.

    Raises: OptionError if what is asked for needs forget gates or a recurrence that it does not have.
    """
    alter(backbone, dressing)
    return Dressed(backbone, input_size, dressing) if dressing.surrounds else backbone


def alter(backbone: nn.Module, dressing: Dressing) -> None:
    """Give it its dropout between time steps and its first weights. Raises: as `dress`."""
    if dressing.hidden_dropout:
        for module in _those_with("drop_hidden", backbone, "hidden_dropout", _RECURRENCE):
            module.drop_hidden(dressing.hidden_dropout)
    if dressing.forget_bias is not None:
        for module in _those_with("set_forget_bias", backbone, "forget_bias", _FORGET_GATES):
            module.set_forget_bias(dressing.forget_bias)
    asked: dict[str, Initialisation | None] = {"input": dressing.weight_init, "recurrent": dressing.recurrent_init}
    with torch.no_grad():  # the matrices are views of the weights
        for role, how in asked.items():
            if how is None:
                continue
            found = [matrix for its_role, matrix in _matrices(backbone) if its_role == role]
            if not found:
                raise _has_none("recurrent_init", _RECURRENCE)
            for matrix in found:
                initialise(matrix, how)


def initialise(matrix: Tensor, how: Initialisation) -> None:
    """Fill a weight (outputs, inputs, …) anew from torch's global stream.

    "uniform": in ±1/√inputs. "normal": of deviation 1/√inputs. "xavier-…": Glorot & Bengio 2010. "kaiming-uniform":
    He et al. 2015, for relu. "orthogonal": Saxe et al. 2014.
    """
    if matrix.is_meta:
        return  # a shape without numbers
    reach = (matrix.numel() / len(matrix)) ** -0.5  # 1/√inputs
    match how:
        case "uniform":
            nn.init.uniform_(matrix, -reach, reach)
        case "normal":
            nn.init.normal_(matrix, std=reach)
        case "xavier-uniform":
            nn.init.xavier_uniform_(matrix)
        case "xavier-normal":
            nn.init.xavier_normal_(matrix)
        case "kaiming-uniform":
            nn.init.kaiming_uniform_(matrix, nonlinearity="relu")
        case "orthogonal":
            nn.init.orthogonal_(matrix)


class Dressed(nn.Module):
    """x → dropout → backbone → normalisation → dropout → + x. Axes and state are those of the backbone.

    Attributes and methods that the backbone alone has are found here too.
    """

    def __init__(self, backbone: Any, input_size: int, dressing: Dressing) -> None:
        super().__init__()
        self.backbone = backbone
        self.output_size: int = backbone.output_size
        one_mask_along = 1 if dressing.variational else None  # the time
        self.before = Dropout(dressing.input_dropout, one_mask_along)
        self.after = Dropout(dressing.output_dropout, one_mask_along)
        self.norm = _normalisation(dressing.normalisation, self.output_size)
        self.past = _way_past(input_size, self.output_size) if dressing.residual else None

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        y, state = self.backbone(self.before(x), state)
        y = self.after(self.norm(y))  # (batch, time, output_size)
        return (y if self.past is None else y + self.past(x)), state

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "backbone":  # not there yet: a copy in the making
                raise
            return getattr(self.backbone, name)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of (batch, time, variables): each variable over batch and time (Ioffe & Szegedy 2015).

    After training the statistics are those gathered while training: nothing of one step reaches another.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training and len(input) == 1:
            raise OptionError(
                "batch normalisation cannot train on batches of one: there is nothing to compare with; "
                'raise batch to at least 2, or take normalisation = "layer".',
                "批归一化无法用大小为一的批训练：没有可比较的样本；"
                '请将 batch 提高到至少 2，或使用 normalisation = "layer"。',
            )
        return super().forward(input.transpose(1, 2)).transpose(1, 2)


def _normalisation(kind: str, width: int) -> nn.Module:
    return {"none": nn.Identity, "layer": nn.LayerNorm, "batch": BatchNorm}[kind](width)


def _way_past(inputs: int, outputs: int) -> nn.Module:
    """The input as it is, or mapped to the width of the output."""
    return nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs, bias=False)


def _those_with(method: str, backbone: nn.Module, option: str, what: Text) -> list[Any]:
    found = [module for module in backbone.modules() if hasattr(module, method)]
    if not found:
        raise _has_none(option, what)
    return found


def _has_none(option: str, what: Text) -> OptionError:
    return OptionError(
        f"{option} needs a model with {what.english}, and this one has none; leave {option} out, or take another "
        "model, such as lstm.",
        f"{option} 需要有{what.chinese}的模型，而该模型没有；请去掉 {option}，或换用其他模型，例如 lstm。",
    )


def _matrices(backbone: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """("input" | "recurrent", the matrix) of all that is multiplied with inputs or with hidden states."""
    for module in backbone.modules():
        if hasattr(module, "matrices"):
            yield from module.matrices()  # pyright: ignore[reportCallIssue]
        else:
            yield from (("input", weight) for weight in module.parameters(recurse=False) if weight.dim() > 1)
