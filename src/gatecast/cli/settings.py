"""Options from a TOML file and the command line, checked in one place. The command line wins over the file.

    [data]      target time id past future layout dayfirst monthfirst calendar indicators join join_lag
    [forecast]  horizon model context season levels distribution windows
    [training]  seed steps members budget device, and the fields of `gatecast.training.config.TrainingConfig`
    [network]   the options of the model, as hidden and dropout

Each key is a long option's name, with _ for -; the fields and the options of the model stand in the file alone. What a
value may be beyond its kind is for those to say who use it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from gatecast.data import ReadOptions
from gatecast.errors import OptionError, ReadError, nearest
from gatecast.language import Text

_NONE = "none"
_NETWORK = "network"  # the section whose keys the model knows
_LOOP = (
    "optimiser",
    "rate",
    "schedule",
    "warm_up",
    "batch",
    "positions",
    "recency",
    "augment",
    "round",
    "patience",
    "clip",
    "l1",
    "l2",
    "average",
)


def _split(value: Any) -> Any:
    """`24,168` as the command line writes a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _season(value: Any) -> Any:
    if isinstance(value, str) and value not in ("auto", _NONE):
        return _split(value)
    return [value] if isinstance(value, int) else value


def _no_switch(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a switch is no number")
    return value


_Whole = Annotated[int, BeforeValidator(_no_switch)]
_Number = Annotated[float, BeforeValidator(_no_switch)]
_Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
_Files = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
_Levels = Annotated[tuple[_Number, ...], BeforeValidator(_split)]
_Season = Annotated[Literal["auto", "none"] | tuple[_Whole, ...], BeforeValidator(_season)]
_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=_CONFIG)
class DataSettings:
    """How to read the table; see `gatecast.data.ReadOptions`."""

    target: str | tuple[str, ...] | None = None
    time: str | None = None
    id: str | tuple[str, ...] | None = None
    past: _Names = ()
    future: _Names = ()
    layout: Literal["table", "rows"] = "table"
    dayfirst: bool = False
    monthfirst: bool = False
    calendar: str | None = None
    indicators: _Names = ()
    join: _Files = ()
    join_lag: str = "0d"

    def read_options(self) -> ReadOptions:
        """As the reader wants them. Raises: OptionError for a contradiction."""
        if self.dayfirst and self.monthfirst:
            raise OptionError("give --dayfirst or --monthfirst, not both.", "--dayfirst 与 --monthfirst 只能选一个。")
        given = asdict(self)
        day_first, month_first = given.pop("dayfirst"), given.pop("monthfirst")
        return ReadOptions(**given, day_first=True if day_first else False if month_first else None)


@dataclass(frozen=True, config=_CONFIG)
class ForecastSettings:
    """What to forecast, with what, and how to judge it; see `gatecast.Forecaster`."""

    horizon: _Whole | None = None
    model: str = "auto"
    context: _Whole | None = None
    season: _Season = "auto"
    levels: _Levels = (80, 95)
    distribution: str = "auto"
    windows: _Whole = 8


@dataclass(frozen=True, config=_CONFIG)
class TrainingSettings:
    """How long and on what to train; see `gatecast.Forecaster`."""

    seed: _Whole = 0
    steps: _Whole | None = None
    members: _Whole | None = None
    budget: _Number | None = None
    device: str = "auto"
    optimiser: str | None = None
    rate: _Number | None = None
    schedule: str | None = None
    warm_up: _Whole | None = None
    batch: _Whole | None = None
    positions: str | None = None
    recency: _Number | None = None
    augment: dict[str, Any] | None = None
    round: _Whole | None = None
    patience: _Whole | None = None
    clip: _Number | None = None
    l1: _Number | None = None
    l2: _Number | None = None
    average: _Number | None = None

    def forecaster_options(self) -> dict[str, Any]:
        """The keywords of `gatecast.Forecaster`; the fields of its `training` that were given."""
        keys = asdict(self)
        own = {name: keys.pop(name) for name in _LOOP}
        return {**keys, "training": {name: value for name, value in own.items() if value is not None}}


@dataclass(frozen=True, config=_CONFIG)
class Settings:
    """A whole run."""

    data: DataSettings = Field(default_factory=DataSettings)
    forecast: ForecastSettings = Field(default_factory=ForecastSettings)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    network: dict[str, Any] = Field(default_factory=dict)

    def forecaster_options(self) -> dict[str, Any]:
        """The keywords of `gatecast.Forecaster`. Raises: OptionError where the horizon is missing."""
        wanted = self.forecast
        if wanted.horizon is None:
            raise OptionError(
                "say how many steps to forecast: --horizon 5, or horizon under [forecast] in the TOML file.",
                "请说明要预测多少步：--horizon 5，或在 TOML 文件的 [forecast] 下写 horizon。",
            )
        options = {name: value for name, value in asdict(wanted).items() if name != "windows"}
        season = None if wanted.season == _NONE else wanted.season
        return {**options, "season": season, **self.training.forecaster_options(), "network": self.network}


_SECTIONS: dict[str, type[Any]] = {"data": DataSettings, "forecast": ForecastSettings, "training": TrainingSettings}
_SECTION_OF = {field.name: section for section, kind in _SECTIONS.items() for field in fields(kind)}
_KINDS = {
    "horizon": Text("a whole number", "整数"),
    "context": Text("a whole number", "整数"),
    "windows": Text("a whole number", "整数"),
    "seed": Text("a whole number", "整数"),
    "steps": Text("a whole number", "整数"),
    "members": Text("a whole number", "整数"),
    "budget": Text("a number of seconds", "秒数"),
    **dict.fromkeys(("warm_up", "batch", "round", "patience"), Text("a whole number", "整数")),
    **dict.fromkeys(("rate", "clip", "l1", "l2", "average"), Text("a number", "数")),
    "levels": Text("percentages such as 80,95", "百分数，例如 80,95"),
    "augment": Text("a table such as {jitter = 0.03}", "表，例如 {jitter = 0.03}"),
    "season": Text("auto, none, or whole numbers such as 24,168", "auto、none 或整数，例如 24,168"),
    "layout": Text("table or rows", "table 或 rows"),
    "target": Text("one name, or several", "一个或多个列名"),
    "id": Text("one name, or several", "一个或多个列名"),
    "past": Text("names of columns", "列名"),
    "future": Text("names of columns", "列名"),
    "indicators": Text("names of indicators such as rsi,sma-20", "指标名，例如 rsi,sma-20"),
    "join": Text("names of files", "文件名"),
    "join_lag": Text("a time such as 30d", "时间长度，例如 30d"),
    "dayfirst": Text("true or false", "true 或 false"),
    "monthfirst": Text("true or false", "true 或 false"),
}


def resolve(flags: Mapping[str, Any]) -> Settings:
    """The settings of a run. flags: options by name as the command line has them; None and False = not given.

    Raises: OptionError, ReadError; a message names the key, its place and what it must be.
    """
    merged: dict[str, dict[str, Any]] = {section: {} for section in (*_SECTIONS, _NETWORK)}
    file = flags.get("config")
    if file:
        for section, keys in _load(Path(file)).items():
            merged[section].update(keys)
    given = {name: value for name, value in flags.items() if name in _SECTION_OF and value not in (None, False, [])}
    if {"dayfirst", "monthfirst"} & set(given):  # one of them on the command line undoes the other in the file
        merged["data"] = {key: v for key, v in merged["data"].items() if key not in ("dayfirst", "monthfirst")}
    for name, value in given.items():
        merged[_SECTION_OF[name]][name] = value
    try:
        return TypeAdapter(Settings).validate_python(merged)
    except ValidationError as error:
        raise _wrong_kind(error, merged, given, file) from error


def whole_number(flag: str, given: str, least: int) -> int:
    """An option that no file has. Raises: OptionError for anything but a whole number of at least `least`."""
    if given.isascii() and given.isdecimal() and int(given) >= least:
        return int(given)
    raise OptionError(
        f"--{flag} must be a whole number of at least {least}, got {given!r}.",
        f"--{flag} 应为不小于 {least} 的整数，实际为 {given!r}。",
    )


def write_toml(settings: Settings, heading: Sequence[str]) -> str:
    """The file that repeats a run: all that was asked, and nothing that is the default but the seed."""
    default = asdict(Settings())
    lines = [f"# {line}" for line in heading]
    for section, keys in asdict(settings).items():
        told = [(key, v) for key, v in keys.items() if v != default[section].get(key) or key == "seed"]
        if told:
            lines += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in told)]
    return "\n".join(lines) + "\n"


def _load(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of a file, with keys that are known."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror}.", f"无法读取 {path}：{error.strerror}。") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is not valid TOML: {error}.", f"{path} 不是有效的 TOML：{error}。") from error
    for section, keys in document.items():
        if section not in (*_SECTIONS, _NETWORK):
            raise _unknown_section(path, section)
        if not isinstance(keys, dict):
            raise OptionError(
                f"{path}: {section} must be a section, written [{section}].",
                f"{path}：{section} 应为一个小节，写作 [{section}]。",
            )
        for key in keys:
            if section != _NETWORK and _SECTION_OF.get(key) != section:
                raise _unknown_key(path, section, key)
    return document


def _unknown_section(path: Path, section: str) -> OptionError:
    if section in _SECTION_OF:
        home = _SECTION_OF[section]
        return OptionError(
            f"{path}: {section!r} belongs under [{home}].", f"{path}：{section!r} 应写在 [{home}] 之下。"
        )
    guess = nearest(section, (*_SECTIONS, _NETWORK))
    return OptionError(
        f"{path}: unknown section [{section}]{guess.english}; there are [data], [forecast] and [training].",
        f"{path}：未知的小节 [{section}]{guess.chinese}；可用：[data]、[forecast]、[training]。",
    )


def _unknown_key(path: Path, section: str, key: str) -> OptionError:
    home = _SECTION_OF.get(key)
    if home:
        return OptionError(
            f"{path}, [{section}]: {key!r} belongs under [{home}].",
            f"{path}，[{section}]：{key!r} 应写在 [{home}] 之下。",
        )
    known = [field.name for field in fields(_SECTIONS[section])]
    guess = nearest(key, known)
    return OptionError(
        f"{path}, [{section}]: unknown key {key!r}{guess.english}; known: {', '.join(known)}.",
        f"{path}，[{section}]：未知的键 {key!r}{guess.chinese}；可用：{'、'.join(known)}。",
    )


def _wrong_kind(error: ValidationError, merged: Mapping[str, Any], given: Mapping[str, Any], file: Any) -> OptionError:
    section, key = (str(part) for part in error.errors()[0]["loc"][:2])
    value = merged[section][key]
    where = f"--{key.replace('_', '-')}" if key in given else f"{file}, [{section}] {key}"
    kind = _KINDS.get(key, Text("text", "文本"))
    return OptionError(
        f"{where} must be {kind.english}, got {value!r}.", f"{where} 应为{kind.chinese}，实际为 {value!r}。"
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, str):
        return '"' + "".join(_toml_character(c) for c in value) + '"'
    return str(int(value)) if float(value).is_integer() else repr(value)


def _toml_character(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08X}"
