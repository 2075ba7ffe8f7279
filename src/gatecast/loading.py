"""`load`: a saved model of any kind, as what it was. Knows which kinds there are, and how a folder shows its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatecast import artifact
from gatecast.keeping.sense import making_sense

if TYPE_CHECKING:
    import os

# the field that only this kind's description has → where the class is; imported when it is met
_KINDS = {
    "wishes": ("gatecast.forecaster", "Forecaster"),
    "ensemble": ("gatecast.forecaster", "Ensemble"),
    "closed_loop": ("gatecast.closed_loop", "ClosedLoop"),
    "classifier": ("gatecast.classifier", "Classifier"),
}


def load(path: str | os.PathLike[str], *, device: str = "auto") -> Any:
    """A saved model, ready to forecast, on any device: a Forecaster, Ensemble, ClosedLoop or Classifier, as was saved.

    Raises: ArtifactError for a folder that holds none, is damaged, or was made by a newer Gatecast; DeviceError.
    """
    stored = artifact.load(path)
    kinds = [kind for kind in _KINDS if kind in stored.description]
    room, name = _KINDS[kinds[0] if kinds else "wishes"]  # what is no kind's is refused by its form, field by field
    with making_sense(path):
        return getattr(import_module(room), name).from_artifact(stored, device)
