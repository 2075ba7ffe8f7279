"""A saved model: a folder with `model.json` (plain JSON) and `weights.safetensors` (tensors by name).

Knows files, hashes and the version of the schema. Knows no models: what the description and the tensors mean is
for those who saved them. Nothing in a folder can make this module run code, import a name, open a file outside the
folder or choose a device. The bytes depend only on what is saved: no time, no machine, no path.

    DIR/model.json             {"schema_version": 1, "gatecast": "0.1.0", "model": {the description},
                                "files": {"weights.safetensors": {"bytes": …, "sha256": …}}, "sha256": of all above}
    DIR/weights.safetensors    stored and loaded on the CPU
    DIR/member-0/ …            where a model is made of several: an artifact each; "files" has the "sha256" of its JSON
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError

from gatecast.atomic import replacing_folder
from gatecast.errors import ArtifactError
from gatecast.version import __version__

DESCRIPTION, WEIGHTS = "model.json", "weights.safetensors"
_MOST_BYTES = {DESCRIPTION: 64 << 20, WEIGHTS: 8 << 30}
_DEEPEST = 32
_KEYS = {"schema_version": int, "gatecast": str, "model": dict, "files": dict, "sha256": str}
_PLAIN_DTYPES = {
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
}


class Artifact(NamedTuple):
    """What was saved. description: plain JSON. tensors: by name, on the CPU. members: of a model made of several."""

    description: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    members: tuple[Artifact, ...] = ()


_MIGRATIONS: tuple[Callable[[Artifact], Artifact], ...] = ()  # the k-th lifts schema k + 1 to schema k + 2


def schema_version() -> int:
    """The schema that is written. All earlier ones can be read."""
    return 1 + len(_MIGRATIONS)


def save(
    path: str | os.PathLike[str],
    description: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    members: Sequence[Artifact] = (),
    *,
    force: bool = False,
) -> None:
    """Write the folder `path`, whole or not at all. The same content gives the same bytes.

    description: dictionaries with text keys, lists (tuples come back as lists), text, whole and finite numbers, true,
    false, None. members: each becomes a folder inside, as `save` alone would write it; none has members of its own.
    Raises: OutputError where the folder cannot be written or exists (`force` replaces an earlier artifact);
    ArtifactError for weights that are not finite; TypeError for a description that is not plain.
    """
    if any(member.members for member in members):
        raise TypeError("a member cannot have members")
    with replacing_folder(path, force) as folder:
        signatures = {}
        for number, member in enumerate(members):
            place = folder / _member(number)
            place.mkdir()
            signatures[place.name] = {"sha256": _write(place, member.description, member.tensors, {})}
        _write(folder, description, tensors, signatures)


def _write(
    folder: Path,
    description: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    members: Mapping[str, Mapping[str, str]],
) -> str:
    """Fill a folder. Returns the signature of its document, which changes with every byte of its meaning."""
    _check_plain(description, "description")
    if _is_deeper(description, _DEEPEST - 2):
        raise TypeError(f"description nests deeper than {_DEEPEST - 2}")
    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    _check_finite(plain)
    weights = safetensors.torch.save(plain)
    document: dict[str, Any] = {
        "schema_version": schema_version(),
        "gatecast": __version__,
        "model": description,
        "files": {WEIGHTS: _facts(weights), **members},
    }
    document["sha256"] = _digest(document)
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / DESCRIPTION).write_bytes(text.encode())
    (folder / WEIGHTS).write_bytes(weights)
    return document["sha256"]


def _member(number: int) -> str:
    """The folder of a member. Names are made here and never read from a document."""
    return f"member-{number}"


def _facts(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def load(path: str | os.PathLike[str]) -> Artifact:
    """Read an artifact of this or any earlier schema.

    Raises: ArtifactError for a folder that is none, is damaged, was changed, or was made by a newer Gatecast.
    """
    folder = Path(path)
    with _readable(folder):
        _check_folder(folder)
    return _load(folder)[0]


def _load(folder: Path, is_member: bool = False) -> tuple[Artifact, str]:
    """What stands in a folder, and the signature of its document. A member has no members of its own."""
    document = _parse(_read(folder, DESCRIPTION), folder)
    _check_version(document, folder)
    signature = _check_document(document, folder)
    weights = _read(folder, WEIGHTS)
    listed = document["files"]
    if listed.get(WEIGHTS) != _facts(weights):
        raise _damaged(folder / WEIGHTS, "its checksum differs", "校验和不符")
    if is_member and len(listed) > 1:
        raise _damaged(folder / DESCRIPTION, "a member has members", "成员模型不能再含成员")
    members = tuple(_load_member(folder / _member(k), listed) for k in range(len(listed) - 1))
    artifact = Artifact(document["model"], _tensors(weights, folder))
    for migrate in _MIGRATIONS[document["schema_version"] - 1 :]:
        artifact = migrate(artifact)
    return artifact._replace(members=members), signature


def _load_member(folder: Path, listed: Mapping[str, Any]) -> Artifact:
    with _readable(folder):
        plain = stat.S_ISDIR(folder.lstat().st_mode)  # a link could lead out of the folder
    if not plain:
        raise _damaged(folder, "it is not a plain folder", "它不是普通文件夹")
    member, signature = _load(folder, is_member=True)
    if listed.get(folder.name) != {"sha256": signature}:
        raise _damaged(folder, "its checksum differs", "校验和不符")
    return member


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise _damaged(path, f"it cannot be read ({reason})", f"无法读取（{reason}）") from error


def _check_folder(folder: Path) -> None:
    if folder.is_dir() and (folder / DESCRIPTION).exists():
        return
    if (folder / "model" / DESCRIPTION).exists():
        raise ArtifactError(
            f"{folder} is the folder of a forecast; its model is in {folder / 'model'}: give that.",
            f"{folder} 是预测结果的文件夹；模型在 {folder / 'model'} 中：请给出它。",
        )
    if folder.is_file():
        raise ArtifactError(
            f"{folder} is a file; a saved model is a folder with {DESCRIPTION} and {WEIGHTS}. Files of pickle, joblib "
            "or torch.save are never opened, since opening them can run any code; save with model.save(folder).",
            f"{folder} 是一个文件；保存的模型是含有 {DESCRIPTION} 和 {WEIGHTS} 的文件夹。pickle、joblib 或 torch.save "
            "的文件从不打开，因为打开它们可能执行任意代码；请用 model.save(文件夹) 保存。",
        )
    what = ("has no", "中没有") if folder.is_dir() else ("does not exist: there is no", "不存在：找不到")
    raise ArtifactError(
        f"{folder} {what[0]} {DESCRIPTION}; give the folder that model.save or gatecast fit wrote.",
        f"{folder} {what[1]} {DESCRIPTION}；请给出 model.save 或 gatecast fit 写入的文件夹。",
    )


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    with _readable(path):
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):  # a link could lead out of the folder, a pipe would block for ever
            raise _damaged(path, "it is not a plain file", "它不是普通文件")
        if facts.st_size > _MOST_BYTES[name]:
            raise _damaged(path, f"it is over {_MOST_BYTES[name] >> 20} MiB", f"它超过 {_MOST_BYTES[name] >> 20} MiB")
        return path.read_bytes()


def _parse(content: bytes, folder: Path) -> dict[str, Any]:
    """Strict JSON: no NaN, no infinity, no key twice, no text that cannot be written again."""
    try:
        document = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        if _is_deeper(document, _DEEPEST):
            raise ValueError(f"it nests deeper than {_DEEPEST}")
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise _damaged(
            folder / DESCRIPTION, f"it is not plain JSON ({error})", f"不是规范的 JSON（{error}）"
        ) from error
    if not isinstance(document, dict):
        raise _damaged(folder / DESCRIPTION, "it is not a JSON object", "不是 JSON 对象")
    return document


def _check_version(document: dict[str, Any], folder: Path) -> None:
    version = document.get("schema_version")
    if type(version) is not int or version < 1:
        raise _damaged(
            folder / DESCRIPTION,
            f"schema_version must be a whole number from 1, got {str(version)[:40]!r}",
            f"schema_version 应为不小于 1 的整数，实际为 {str(version)[:40]!r}",
        )
    if version > schema_version():
        raise ArtifactError(
            f"{folder} was made by a newer Gatecast (schema {version}, this one reads up to {schema_version()}); "
            "upgrade: pip install --upgrade gatecast",
            f"{folder} 由更新版本的 Gatecast 保存（格式 {version}，当前版本最高支持 {schema_version()}）；"
            "请升级：pip install --upgrade gatecast",
        )


def _check_document(document: dict[str, Any], folder: Path) -> str:
    """Takes the signature out of the document, and returns it."""
    path = folder / DESCRIPTION
    if document.keys() != _KEYS.keys():
        names = ", ".join(sorted(_KEYS))
        raise _damaged(path, f"its keys must be {names}", f"它的键应为 {names}")
    for key, kind in _KEYS.items():
        if type(document[key]) is not kind:
            raise _damaged(path, f"{key!r} must be of type {kind.__name__}", f"{key!r} 的类型应为 {kind.__name__}")
    signature = document.pop("sha256")
    if signature != _digest(document):
        raise _damaged(path, "it was changed after it was saved", "保存后被修改过")
    return signature


def _tensors(weights: bytes, folder: Path) -> dict[str, torch.Tensor]:
    try:
        tensors = safetensors.torch.load(weights)
    except (SafetensorError, LookupError, ValueError, RuntimeError) as error:
        raise _damaged(folder / WEIGHTS, f"it is not safetensors ({error})", f"不是 safetensors（{error}）") from error
    strange = sorted(name for name, tensor in tensors.items() if tensor.dtype not in _PLAIN_DTYPES)
    if strange:
        raise _damaged(folder / WEIGHTS, f"{strange[0]!r} has a strange dtype", f"{strange[0]!r} 的 dtype 不受支持")
    _check_finite(tensors)
    return tensors


def _check_finite(tensors: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in sorted(tensors.items()):
        if not torch.isfinite(tensor).all():
            raise ArtifactError(
                f"the weights {name!r} are not finite: this model cannot forecast; train it again.",
                f"权重 {name!r} 含有非有限数值：此模型无法预测；请重新训练。",
            )


def _check_plain(value: Any, where: str) -> None:
    """What JSON would change in silence (keys that are numbers, numpy scalars, NaN) is a mistake of the caller."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if type(key) is not str:
                raise TypeError(f"{where}: keys must be text, got {key!r}")
            _check_plain(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _check_plain(inner, f"{where}[{position}]")
    elif type(value) not in (str, int, float, bool, type(None)) or (type(value) is float and not math.isfinite(value)):
        raise TypeError(f"{where} must be plain JSON, got {value!r}")


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether dictionaries and lists stand in one another more than `depth` deep. Without recursion, on purpose."""
    level = [value]
    for _ in range(depth + 1):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document in one canonical spelling, so that line ends and spaces do not matter."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large")
    return value


def _damaged(path: Path, english: str, chinese: str) -> ArtifactError:
    return ArtifactError(
        f"{path} cannot be used: {english}. Copy the model again, or fit it again.",
        f"{path} 无法使用：{chinese}。请重新复制模型，或重新训练。",
    )
