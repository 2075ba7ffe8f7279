"""How a later history is read by a saved model: as the table of the fit was. Opens nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.data import names_of
from gatecast.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatecast.data import ReadOptions


def describe_reading(options: ReadOptions) -> dict[str, Any]:
    """As plain JSON; of joined files their names alone, since the folders are nobody else's business."""
    return asdict(replace(options, join=tuple(Path(name).name for name in options.join)))


def options_again(options: ReadOptions, join: Sequence[str] | None, restored: bool) -> ReadOptions:
    """How to read another history. join: the files to join to it; None = those of the fit.

    restored: the options are a saved model's, which opens no file because its folder names one.
    Raises: OptionError where files were joined in the fit, the model is restored, and nobody names them again.
    """
    if join is not None:
        return replace(options, join=names_of(join))
    if restored and options.join:
        names = ", ".join(options.join)
        raise OptionError(
            f"the model was trained with columns of {names}; give the table again, with the newest rows: "
            f"--join FILE (join=[...]), in the same order.",
            f"模型训练时合并了 {names} 的列；请再次给出包含最新数据的表：--join FILE（join=[...]），顺序相同。",
        )
    return options
