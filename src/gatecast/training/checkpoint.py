"""A checkpoint resumes a training that was killed. Knows tensors, numbers and one file; not what is trained.

One safetensors file: tensors by name, everything else as JSON in its metadata, a checksum over both. Written whole or
not at all; a file that is cut off or damaged counts as absent, since training from the beginning gives the same bytes.
Numbers come back exactly, infinities and NaN too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatecast.atomic import write_file

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

_PREFIX = "optimizer"
_TENSOR, _TUPLE, _TABLE = "tensor", "tuple", "table"  # what JSON has no word for


def save_checkpoint(path: str | os.PathLike[str], tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write tensors (on any device) and a state of dictionaries with text keys, lists, text and numbers.

    Raises: OutputError where the file cannot be written; the checkpoint before it is then still there.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    text = json.dumps(state, sort_keys=True)
    write_file(path, save(plain, {"state": text, "sha256": _digest(plain, text)}))


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """What was saved, on the CPU; None where there is no file or not a whole one."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dictionary)
        text = metadata["state"]
        if metadata["sha256"] != _digest(tensors, text):
            return None
        return tensors, json.loads(text)
    except (OSError, SafetensorError, LookupError, ValueError, RuntimeError):
        return None


def flatten_optimizer(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of any torch optimiser as tensors by name and JSON, for `save_checkpoint`."""
    tensors: dict[str, Tensor] = {}
    return tensors, {_PREFIX: _pack(optimizer.state_dict(), _PREFIX, tensors)}


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Put back what `flatten_optimizer` gave. The optimiser must hold the same parameters in the same order."""
    optimizer.load_state_dict(_unpack(state[_PREFIX], tensors))


def _pack(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Move every tensor inside `value` to `tensors`, under a name that says where it stood."""
    import torch

    if isinstance(value, torch.Tensor):
        tensors[name] = value
        return {_TENSOR: name}
    if isinstance(value, dict):  # pairs, because the keys of an optimiser's state are numbers
        return {_TABLE: [[key, _pack(inner, f"{name}.{key}", tensors)] for key, inner in value.items()]}
    if isinstance(value, list | tuple):
        packed = [_pack(inner, f"{name}.{position}", tensors) for position, inner in enumerate(value)]
        return {_TUPLE: packed} if isinstance(value, tuple) else packed
    return value


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpack(inner, tensors) for inner in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]].clone()  # the optimiser writes into it
    if _TUPLE in value:
        return tuple(_unpack(inner, tensors) for inner in value[_TUPLE])
    return {key: _unpack(inner, tensors) for key, inner in value[_TABLE]}


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    import torch

    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
