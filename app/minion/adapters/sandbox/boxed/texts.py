"""Files as they are stored: where they really are, their bytes, their characters, what kind they are."""

from __future__ import annotations

import difflib
import hashlib
import os
import struct
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Answer = dict[str, "Any"]

MAX_FILE = 20_000_000
MAX_LINE = 2_000
BOM = b"\xef\xbb\xbf"
_SIMILAR_NAMES = 5
_NAMES_LOOKED_AT = 20_000

# https://en.wikipedia.org/wiki/List_of_file_signatures
_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_BINARIES = {
    b"%PDF-": "a PDF; pdftotext in the shell may turn it into text",
    b"PK\x03\x04": "a ZIP archive (or a document, wheel or jar, which are made so); unzip -l lists it",
    b"\x1f\x8b": "compressed with gzip; zcat or tar -tz in the shell shows it",
    b"BZh": "compressed with bzip2; bzcat in the shell shows it",
    b"\xfd7zXZ\x00": "compressed with xz; xzcat in the shell shows it",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x7fELF": "a program or library (ELF)",
    b"MZ": "a Windows program or library",
    b"\xcf\xfa\xed\xfe": "a macOS program or library (Mach-O)",
    b"\xca\xfe\xba\xbe": "a Java class (or a macOS program)",
    b"\x00asm": "WebAssembly",
    b"SQLite format 3\x00": "an SQLite database; sqlite3 or python in the shell reads it",
    b"\x00\x01\x00\x00\x00": "a font",
    b"wOF": "a web font",
    b"OggS": "Ogg sound or video",
    b"ID3": "MP3 sound",
    b"RIFF": "RIFF sound or video",
}


class Refused(Exception):  # noqa: N818 -- an answer, not an accident
    """The request cannot be served; the message is for the model."""


class Options:
    """The command line: WORKSPACE [--rg=PATH] [--readable=PATH]..."""

    def __init__(self, arguments: list[str]) -> None:
        self.root = Path(arguments[0]).resolve()
        flags = [argument.split("=", 1) for argument in arguments[1:]]
        self.rg = next((value for name, value in flags if name == "--rg"), None)
        self.readable = tuple(Path(value).resolve() for name, value in flags if name == "--readable")


# --- places


def located(options: Options, path: str, writing: bool = False) -> Path:
    if "\0" in path:
        raise Refused("a path cannot hold a NUL character")
    try:
        real = (options.root / path).resolve()
    except (RuntimeError, UnicodeEncodeError) as error:  # a loop of links; characters that no name can have
        raise Refused(f"there is no such path: {error}") from error
    folders = (options.root,) if writing else (options.root, *options.readable)
    if not any(real.is_relative_to(folder) for folder in folders):
        raise Refused(f"{path} is outside the workspace")
    return real


def shown(options: Options, real: Path) -> str:
    """The path as the model should see it: relative in the workspace, else absolute."""
    return str(real.relative_to(options.root) if real.is_relative_to(options.root) else real)


def contents(options: Options, real: Path, path: str) -> bytes:
    if real.is_dir():
        raise Refused(f"{path} is a folder")
    if not real.exists():
        raise Refused(f"{path} does not exist{similar(options, real)}")
    if not real.is_file():
        raise Refused(f"{path} is not an ordinary file")
    size = real.stat().st_size
    if size > MAX_FILE:
        raise Refused(
            f"{path} has {size} bytes; the most that can be opened is {MAX_FILE}. In the shell, head, tail, sed -n or"
            " cut show parts of it"
        )
    with real.open("rb") as stream:
        return stream.read(MAX_FILE + 1)


def similar(options: Options, real: Path) -> str:
    """Files of the same name elsewhere, else of nearly the same name in the nearest folder that is there."""
    found = [shown(options, path) for path in named(options.root, real.name)][:_SIMILAR_NAMES]
    if not found:
        folder = next((parent for parent in real.parents if parent.is_dir()), options.root)
        found = [shown(options, folder / name) for name in close_names(folder, real)]
    return f"; there is: {', '.join(found)}" if found else ""


def named(root: Path, name: str) -> list[Path]:
    """At most so many as are looked at in a moment; folders with a dot are left out."""
    found: list[Path] = []
    looked = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "node_modules")
        found += [Path(folder) / name] if name in names else []
        looked += len(names) + len(folders)
        if looked > _NAMES_LOOKED_AT or len(found) >= _SIMILAR_NAMES:
            break
    return found


def close_names(folder: Path, real: Path) -> list[str]:
    wanted = real.relative_to(folder).parts[0]
    names = sorted(entry.name for entry in os.scandir(folder))[:_NAMES_LOOKED_AT]
    lower = {name.lower(): name for name in reversed(names)}
    close = difflib.get_close_matches(wanted.lower(), list(lower), n=_SIMILAR_NAMES, cutoff=0.6)
    return [lower[name] for name in close]


# --- bytes


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def image_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _IMAGES.items() if data.startswith(magic)), None)


def image_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels from the head of the file; None where it is not told there."""
    try:
        if data.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", data[16:24])
        elif data.startswith(b"GIF8"):
            width, height = struct.unpack("<HH", data[6:10])
        elif data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        else:
            return _webp_size(data)
    except struct.error:
        return None
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """The first frame's header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        case _:
            return None


def binary_kind(data: bytes) -> str:
    """What a file that is no text is, as far as its first bytes say."""
    return next((kind for magic, kind in _BINARIES.items() if data.startswith(magic)), "file or xxd may say more")


class Text:
    """A text file's characters with how they were stored, so that writing changes nothing else."""

    def __init__(self, data: bytes, path: str) -> None:
        self.bom, body, self.encoding = _unmarked(data)
        if self.encoding == "utf-8" and b"\0" in data[:8192]:
            raise Refused(f"{path} is a binary file of {len(data)} bytes: {binary_kind(data)}")
        try:
            self.text = body.decode(self.encoding)
        except UnicodeDecodeError:
            self.text, self.encoding = body.decode("latin-1"), "latin-1"
        self.crlf = "\r\n" in self.text and self.text.count("\r\n") == self.text.count("\n")
        if self.crlf:
            self.text = self.text.replace("\r\n", "\n")

    def stored(self, text: str) -> bytes:
        if self.crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        try:
            body = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Refused(f"the file is {self.encoding}; it cannot hold {error.object[error.start]!r}") from error
        return self.bom + body


_MARKS = ((BOM, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def _unmarked(data: bytes) -> tuple[bytes, bytes, str]:
    """(byte order mark, the rest, encoding): https://www.unicode.org/faq/utf_bom.html"""
    for mark, encoding in _MARKS:
        if data.startswith(mark) and (encoding == "utf-8" or len(data) % 2 == 0):
            return mark, data[len(mark) :], encoding
    return b"", data, "utf-8"


def lines_of(text: str) -> list[str]:
    """As editors and ripgrep count them: a line ends with a line feed, and with nothing else."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} … [{len(line) - MAX_LINE} more characters]"
