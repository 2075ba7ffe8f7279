"""A run's state as a checkpoint, and back. Knows what a `Trainer` holds; `checkpoint` knows the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatecast.training.checkpoint import flatten_optimizer, load_checkpoint, restore_optimizer, save_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from gatecast.training.loop import Trainer

_WEIGHTS, _AVERAGED, _BEST = "weights.", "averaged.", "best."


def save_run(path: Path, trainer: Trainer, identity: str) -> None:
    """Write the whole state of a run that is between two rounds.

    Raises: OutputError where the file cannot be written.
    """
    tensors, optimiser = flatten_optimizer(trainer.optimiser)
    tensors |= {_WEIGHTS + name: value for name, value in trainer.network.state_dict().items()}
    tensors |= {_AVERAGED + name: value for name, value in trainer.averaged.state_dict().items()}
    tensors |= {_BEST + name: value for name, value in trainer.best.items()}
    record = {**vars(trainer.record), "seconds": trainer.seconds()}
    save_checkpoint(path, tensors, {"identity": identity, "record": record, **optimiser})


def load_run(path: Path, trainer: Trainer, identity: str) -> bool:
    """Put a trainer where the checkpoint stands; False where there is none of this very run."""
    found = load_checkpoint(path)
    if found is None or found[1]["identity"] != identity:
        return False
    tensors, state = found
    restore_optimizer(trainer.optimiser, tensors, state)
    trainer.network.load_state_dict(_part(tensors, _WEIGHTS))
    trainer.averaged.load_state_dict(_part(tensors, _AVERAGED))
    trainer.best = _part(tensors, _BEST)
    for name, value in state["record"].items():
        setattr(trainer.record, name, value)
    trainer.record.curve = [tuple(row) for row in state["record"]["curve"]]
    return True


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
