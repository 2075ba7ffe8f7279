"""The closed table of backbones: a model is registered by being defined.

A file of this folder defines one model, whose name is the file's (`_plus_` read as `+`, `_` as `-`), so that `names()`
needs no import and no torch; `get` imports the one file that it needs. A name is looked up in the table and never
becomes an import path. Knows what a backbone promises; knows neither data nor training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from gatecast.errors import OptionError, nearest
from gatecast.language import Text
from gatecast.nn.dressing import NAMES, Dressing

if TYPE_CHECKING:
    from torch import Tensor

_PACKAGE, _, _OWN_NAME = __name__.rpartition(".")
_NOT_MODELS = {_OWN_NAME, "bases", "lstm_stack", "network", "sequence_network"}


class Backbone(Protocol):
    """What every model's module is, besides a torch.nn.Module: x (batch, time, inputs) → y (batch, time, output_size).

    The state goes in and comes out; None is the start.
    """

    output_size: int

    def __init__(self, input_size: int, config: Any) -> None: ...

    def __call__(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]: ...

    def parameters(self) -> Iterator[Tensor]: ...


BackboneClass = TypeVar("BackboneClass", bound=type[Backbone])


@dataclass(frozen=True)
class Model:
    """One row of the table.

    name: what users call it. backbone: the module's class. config: its frozen dataclass. causal: no output depends on
    later inputs. streams: chunks, down to single steps, with the state handed on give what the whole sequence gives.
    description: one line for `gatecast models`. network: what is built around it; None = `network.ForecastNetwork`.
    """

    name: str
    backbone: type[Backbone]
    config: type[Any]
    causal: bool
    streams: bool
    description: Text
    network: type[Any] | None = None

    def configure(self, options: Mapping[str, Any]) -> Any:
        """A config from options by name; those left out keep their defaults. Those of every model are checked only.

        Raises: OptionError for an unknown option, a value that cannot be used, or an option of every model that needs
        a part which this one does not have.
        """
        config, dressing = self._read(options)
        if dressing.alters:
            self._check(config, dressing)
        return config

    def build(self, input_size: int, options: Mapping[str, Any]) -> Backbone:
        """A backbone with fresh weights, drawn from torch's global stream, dressed as asked.

        Raises: as `configure`.
        """
        config, dressing = self._read(options)
        backbone = self.backbone(input_size, config)
        if dressing == Dressing():
            return backbone
        from gatecast.nn.dressed import dress

        return dress(backbone, input_size, dressing)

    def _read(self, options: Mapping[str, Any]) -> tuple[Any, Dressing]:
        own = [field.name for field in fields(self.config)]
        shared = [name for name in NAMES if name not in own]
        for option in options:
            if option not in (*own, *shared):
                hint = nearest(option, (*own, *shared))
                listed, of_all = ", ".join(own), ", ".join(shared)
                raise OptionError(
                    f"model {self.name!r} has no option {option!r}{hint.english}; its options: {listed}; "
                    f"those of every model: {of_all}.",
                    f"模型 {self.name!r} 没有选项 {option!r}{hint.chinese}；可用选项：{listed}；通用选项：{of_all}。",
                )
        # JSON and TOML know lists alone; configs are hashable
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
        return (
            self.config(**{name: value for name, value in values.items() if name in own}),
            Dressing(**{name: value for name, value in values.items() if name not in own}),
        )

    def _check(self, config: Any, dressing: Dressing) -> None:
        """Raises: OptionError if it lacks the parts that the dressing alters."""
        import torch

        from gatecast.nn.dressed import alter

        with torch.device("meta"):  # shapes alone: no memory, no random numbers
            alter(cast(Any, self.backbone(1, config)), dressing)


_table: dict[str, Model] = {}


def register(
    name: str,
    *,
    config: type[Any],
    causal: bool,
    streams: bool,
    description: Text,
    network: type[Any] | None = None,
) -> Callable[[BackboneClass], BackboneClass]:
    """Class decorator that adds a backbone to the table.

    Raises: OptionError if the name is taken.
    """

    def add(backbone: BackboneClass) -> BackboneClass:
        # a file's own name is taken even before it is imported
        home = _table[name].backbone.__module__ if name in _table else _files().get(name, backbone.__module__)
        if name in _table or home != backbone.__module__:
            raise OptionError(
                f"a model named {name!r} exists already, in {home}; choose another name for {backbone.__qualname__}.",
                f"名为 {name!r} 的模型已存在于 {home}；请为 {backbone.__qualname__} 另选名称。",
            )
        _table[name] = Model(name, backbone, config, causal, streams, description, network)
        return backbone

    return add


def names() -> tuple[str, ...]:
    """Every model's name, sorted. Imports no model."""
    return tuple(sorted({*_files(), *_table}))


def get(name: str) -> Model:
    """The model of this name.

    Raises: OptionError if there is none: lists the known and offers the nearest.
    """
    files = _files()
    if name not in _table and name in files:
        import_module(files[name])
    if name not in _table:
        hint = nearest(name, names())
        known = ", ".join(names())
        raise OptionError(
            f"no model is named {name!r}{hint.english}; known models: {known}.",
            f"没有名为 {name!r} 的模型{hint.chinese}；已有模型：{known}。",
        )
    return _table[name]


def describe() -> tuple[Model, ...]:
    """Every model, sorted by name. Imports them all."""
    return tuple(get(name) for name in names())


def build(name: str, input_size: int, options: Mapping[str, Any]) -> Backbone:
    """A backbone with fresh weights, drawn from torch's global stream.

    Raises: OptionError for an unknown name or option, or a value that cannot be used.
    """
    return get(name).build(input_size, options)


def _files() -> dict[str, str]:
    """Model's name → the module that defines it."""
    found = (module.name for module in iter_modules(import_module(_PACKAGE).__path__))
    return {_name_of(stem): f"{_PACKAGE}.{stem}" for stem in found if stem not in _NOT_MODELS}


def _name_of(stem: str) -> str:
    return stem.replace("_plus_", "+").replace("_", "-")
