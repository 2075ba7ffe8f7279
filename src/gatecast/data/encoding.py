"""Bytes to text: which encoding a file is in. Knows no separators and no columns."""

from __future__ import annotations

import re

from gatecast.data.reading import Note
from gatecast.errors import ReadError
from gatecast.language import Text

_MARKS = (  # the longer marks first: UTF-32's begins like UTF-16's
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GUESSED = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252", "latin_1")
_SAMPLE = 65_536
_CONTROL = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
# GB2312, the core of GB18030: both bytes of a character have the high bit, and lie in these rows
_GB2312 = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*")


def decode(content: bytes, name: str) -> tuple[str, tuple[Note, ...]]:
    """The text of a file, and a note unless it was plain UTF-8.

    Raises: ReadError for a binary file, or one that breaks off inside a character of its encoding.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    if encoding is None:
        encoding = _unmarked(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{name}: byte {error.start} is not valid {encoding.upper()}; save the file as UTF-8.",
            f"{name}：第 {error.start} 个字节不是有效的 {encoding.upper()}；请将文件另存为 UTF-8。",
        ) from error
    text = text.removeprefix("\ufeff")
    written = content if encoding == "utf-8" else text.encode()
    if len(written.translate(None, _CONTROL)) < len(written):
        raise ReadError(
            f"{name} is not a text table: it holds control characters; give a CSV or Parquet file.",
            f"{name} 不是文本表格：含有控制字符；请提供 CSV 或 Parquet 文件。",
        )
    if encoding in ("utf-8", "utf-8-sig"):
        return text, ()
    label = encoding.replace("_", "-").upper()
    return text, (Note("encoding", Text(f"read as {label}.", f"按 {label} 编码读取。")),)


def _unmarked(content: bytes) -> str:
    """The encoding of a file without a byte order mark."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8" if b"\x00" not in content[:_SAMPLE] else _utf16(content)
    if b"\x00" in content[:_SAMPLE]:
        return _utf16(content)
    foreign = b"\n".join(line for line in content.splitlines() if not line.isascii())
    if _GB2312.fullmatch(foreign):
        return "gb18030"
    from charset_normalizer import from_bytes

    best = from_bytes(foreign[:_SAMPLE], cp_isolation=list(_GUESSED)).best()
    encoding = best.encoding if best else "latin_1"
    try:
        content.decode(encoding)
    except UnicodeDecodeError:  # the sample was cut, or lied
        return "latin_1"
    return encoding


def _utf16(content: bytes) -> str:
    """Zeros at every odd place are little-endian UTF-16, at every even place big-endian; else the file is binary."""
    sample = content[:_SAMPLE]
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    if odd > 0.3 * len(sample) / 2 > even:
        return "utf-16-le"
    if even > 0.3 * len(sample) / 2 > odd:
        return "utf-16-be"
    return "latin_1"  # its control characters will be reported
