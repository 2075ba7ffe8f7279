"""The forms of what every saved model tells: fields and their types. Knows no files, no weights and no models.

A description may be signed and still be anything: it is held against a form before a part is built from it. Whether the
parts make sense is for `sense`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from gatecast.errors import ArtifactError
from gatecast.frequency import Frequency
from gatecast.panel import Layout, Part

Form = TypeVar("Form")


@dataclass(frozen=True)
class ScalerForm:
    """`Scaler` as plain numbers."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class CorrectionForm:
    """`Correction` as plain numbers."""

    levels: tuple[int | float, ...]
    shift: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PanelForm:
    """`Panel` without its numbers. dated: its times are dates, not counted rows. parts: may be left out."""

    ids: tuple[str, ...]
    frequency: Frequency
    target: str
    past: tuple[str, ...]
    future: tuple[str, ...]
    layout: Layout
    dated: bool
    parts: tuple[Part, ...] = ()


@cache
def _adapter(form: type[Form]) -> TypeAdapter[Form]:
    return TypeAdapter(form)


def read_as(form: type[Form], description: Mapping[str, Any]) -> Form:
    """A description of any form, a dataclass. Raises: ArtifactError that names the first field of another form."""
    try:
        return _adapter(form).validate_json(json.dumps(description), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArtifactError(f"{where}: {first['msg']}", f"{where}：{first['msg']}") from error
