"""Which model files can run code when they are loaded, told by what they are and not by what they are called."""

import io
import json
import mmap
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from mlops_ci.scanner import Issue, Look, Unread

_PICKLES = (".pkl", ".pickle", ".dill", ".joblib")
_PACKED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00",
           b"\x04\x22\x4d\x18")  # fmt: skip
_NUMPY, _HDF5 = b"\x93NUMPY", b"\x89HDF\r\n\x1a\n"
_KNOWN_OPERATORS = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft"}
_MEANS = {
    "pickle": "a pickle calls whatever it names",
    "torch": "its weights are a pickle, which calls whatever it names",
    "numpy-objects": "an array of objects is a pickle, which calls whatever it names",
    "keras-lambda": "a Lambda layer holds Python code",
    "onnx-custom-ops": "operators of its own come from a library that is loaded with it",
    "python": "Python code is imported with it",
}


def scan(folder: Path, files: tuple[str, ...]) -> Look:
    """Return an issue for each file whose format can run code; the rule is the format's name."""
    issues, unread = list[Issue](), list[Unread]()
    for file in files:
        try:
            found = sorted(set(_formats(folder / file)))
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as problem:
            unread.append(Unread(file, f"it cannot be read as what it seems to be: {problem}"))
            continue
        issues += [
            Issue(one, f"The format {one} can run code when it is loaded", _MEANS[one], "HIGH", file, kind="format")
            for one in found
        ]
    return Look(tuple(issues), tuple(unread))


def _formats(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        head = stream.read(128)
    suffix = path.suffix.lower()
    if suffix == ".py":
        yield "python"
    elif head.startswith(b"PK") and zipfile.is_zipfile(path):
        yield from _of_archive(path)
    elif head.startswith(_NUMPY):
        yield from _of_array(path.read_bytes()[:65536])
    elif head.startswith(_HDF5):
        yield from _of_hdf5(path)
    elif suffix == ".onnx":
        yield from _of_onnx(path.read_bytes())
    elif _begins_pickle(head):
        yield "torch" if suffix in {".pt", ".pth", ".ckpt", ".bin"} else "pickle"
    elif suffix in _PICKLES or (head.startswith(_PACKED) and any(one in path.name.lower() for one in _PICKLES)):
        yield "pickle"


def _begins_pickle(head: bytes) -> bool:
    return head[:1] == pickle.PROTO and 2 <= head[1] <= pickle.HIGHEST_PROTOCOL if len(head) > 1 else False  # noqa: PLR2004


def _of_archive(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        for one in archive.infolist():
            name = one.filename.lower()
            with archive.open(one) as member:
                head = member.read(65536)
                if name.endswith("config.json") and b"Lambda" in (head + member.read()):
                    yield "keras-lambda"
            if head.startswith(_NUMPY):
                yield from _of_array(head)
            elif name.endswith("data.pkl"):
                yield "torch"
            elif name.endswith(_PICKLES) or _begins_pickle(head):
                yield "pickle"


def _of_array(content: bytes) -> Iterator[str]:
    """Tell by the header: its length stands in two bytes, in later versions in four."""
    start = 12 if content[6:7] > b"\x01" else 10
    length = int.from_bytes(content[8:start], "little")
    if b"O" in content[start : start + length].split(b"'fortran_order'")[0]:
        yield "numpy-objects"


def _of_hdf5(path: Path) -> Iterator[str]:
    """Tell by the layers' names: Keras keeps its model as JSON in an attribute."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if any(content.find(json.dumps({"class_name": "Lambda"}, separators=way).encode()[1:-1]) >= 0
               for way in ((",", ": "), (",", ":"))):  # fmt: skip
            yield "keras-lambda"


def _of_onnx(content: bytes) -> Iterator[str]:
    """Tell by the operator sets that the model imports: field 8 of ModelProto, in it field 1 is the domain.

    Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
    """
    for number, value in _fields(content):
        if number == 8 and isinstance(value, bytes):  # noqa: PLR2004 - see above
            domains = {inner.decode(errors="replace") for key, inner in _fields(value)
                       if key == 1 and isinstance(inner, bytes)}  # fmt: skip
            if (domains or {""}) - _KNOWN_OPERATORS:
                yield "onnx-custom-ops"


def _fields(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield the numbers and values of a Protocol Buffers message; raise ValueError when it is none."""
    stream = io.BytesIO(content)
    while stream.tell() < len(content):
        key = _varint(stream)
        match key & 7:
            case 0:
                yield key >> 3, _varint(stream)
            case 2:
                length = _varint(stream)
                value = stream.read(length)
                if len(value) < length:
                    raise ValueError("it ends too early")
                yield key >> 3, value
            case 1 | 5 as wire:
                stream.seek(8 if wire == 1 else 4, io.SEEK_CUR)
            case other:
                raise ValueError(f"it has a field of the unknown kind {other}")


def _varint(stream: io.BytesIO) -> int:
    value, shift = 0, 0
    while True:
        byte = stream.read(1)
        if not byte or shift > 63:  # noqa: PLR2004 - a number has 64 bits
            raise ValueError("it ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:  # noqa: PLR2004 - the last byte of a number has no high bit
            return value
        shift += 7
