"""Whether the parts of a saved model make sense, and what is said where they do not. Knows no files and no networks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from gatecast.errors import ArtifactError, DeviceError

if TYPE_CHECKING:
    import os

    from gatecast.conformal import Correction
    from gatecast.scaling import Scaler


@contextmanager
def making_sense(path: str | os.PathLike[str]) -> Iterator[None]:
    """Inside, a model is built from a description that anybody may have written: whatever stops it is an ArtifactError.

    Raises: ArtifactError that names the path; DeviceError, which is no fault of the description.
    """
    try:
        yield
    except DeviceError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise ArtifactError(
            f"{path}: the saved model's description makes no sense ({type(error).__name__}: {error}); save it again.",
            f"{path}：模型描述无法理解（{type(error).__name__}：{error}）；请重新保存模型。",
        ) from error


def require(holds: object, english: str, chinese: str) -> None:
    """Raises: ArtifactError in these words, unless it holds."""
    if not holds:
        raise ArtifactError(english, chinese)


def check_scaler(scaler: Scaler, columns: int) -> None:
    """Raises: ArtifactError unless it scales so many columns."""
    require(
        scaler.centre.shape == scaler.scale.shape == (columns,)
        and np.isfinite(scaler.centre).all()
        and (scaler.scale > 0).all(),
        "the scaler is not that of its columns",
        "缩放器与列不符",
    )


def check_correction(correction: Correction, levels: tuple[float, ...], horizon: int) -> None:
    """Raises: ArtifactError unless it corrects intervals of these levels, so many steps of them."""
    require(
        correction.levels == levels
        and correction.shift.shape == (horizon, len(levels))
        and np.isfinite(correction.shift).all(),
        "the correction is not that of its intervals",
        "校正与预测区间不符",
    )
