"""picklescan knows which names a pickle must not use; here every pickle of a model is followed, and nothing is run."""

import bz2
import io
import json
import logging
import lzma
import pickle
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mlops_ci
from mlops_ci.errors import NothingToJudge, ProgramFailed
from mlops_ci.process import failure, run
from mlops_ci.scanner import Issue

Name = tuple[str, str]  # module, and what in it

# How cloudpickle writes any class or function, so every Python model of MLflow has them. Their code runs when the
# model is used: this scan cannot tell a harmful function from a harmless one, but sees one that is called already.
_CLOUDPICKLE = "cloudpickle.cloudpickle"
_ORDINARY: set[Name] = {("functools", "partial")} | {
    (_CLOUDPICKLE, name)
    for name in (
        "_builtin_type", "_function_setstate", "_make_cell", "_make_empty_cell", "_make_function", "subimport",
    )
}  # fmt: skip
# What these make may be called: code objects, which are not run by that, and members of an enumeration.
_KINDS: set[Name] = {(_CLOUDPICKLE, name) for name in ("_builtin_type", "_make_skeleton_class", "_make_skeleton_enum")}
_HOLDERS = {"property", "staticmethod", "classmethod", "partial", "partialmethod", "cached_property"}
_IMPORTERS = {"importlib", "marshal", "code", "codeop"}  # no model needs them, and the library lets them pass
_JOBLIB_ARRAY: Name = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_NUMPY = b"\x93NUMPY"
_MOST = 2 * 1024**3  # bytes that one packed file may unpack to
_DEEPEST = 4  # archives within archives
_UNPACKERS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"\x78": zlib.decompressobj,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x5d\x00\x00": lzma.LZMADecompressor,
}
_LZ4 = b"\x04\x22\x4d\x18"


def dangerous(folder: Path) -> tuple[str, ...]:
    """Return what pickles below a folder would run that no model needs, as `file: module.name`, sorted.

    Every file is looked at, whatever its name: several pickles in one file, joblib's with arrays inside, NumPy's
    with objects, and what is packed (gzip, zlib, bzip2, xz, zip). A pickle that calls a function which it brings
    along is dangerous, too; so is one that cannot be read to its end.

    Raises:
        NothingToJudge: a file cannot be read.
        ModuleNotFoundError: picklescan is not installed.
    """
    found: set[str] = set()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise NothingToJudge(f"{path} cannot be read: {problem.strerror}. Give access to it.") from problem
        found.update(f"{name}: {one}" for one in _within(content))
    return tuple(sorted(found))


def dangerous_apart(folder: Path, timeout: float = 300.0) -> tuple[str, ...]:
    """Return what `dangerous` does, found by a process of its own: a file made to take for ever takes no longer.

    Args:
        folder: with a model.
        timeout: seconds.

    Raises:
        NothingToJudge: a file cannot be read.
        ProgramFailed: it took too long, or died of a file.
        ModuleNotFoundError: picklescan is not installed.
    """
    if find_spec("picklescan") is None:
        raise ModuleNotFoundError(name="picklescan")
    argv = [sys.executable, "-P", "-m", "mlops_ci.tools.picklescan", str(folder.resolve())]  # imports nothing from here
    source = {"PYTHONPATH": str(Path(mlops_ci.__file__).parents[1])}
    done = run(argv, env=source, timeout=timeout, check=False)
    if done.code:
        raise ProgramFailed(failure(done))
    answer = json.loads(done.stdout)
    if "unreadable" in answer:
        raise NothingToJudge(answer["unreadable"])
    return tuple(answer["dangerous"])


def issue(path: str, called: str) -> Issue:
    """Return what `dangerous` said of one file as a scanner's word."""
    title = f"Loading it would run {called}"
    return Issue("dangerous-pickle", title, severity="dangerous", path=path, name=called)


def _within(content: bytes, depth: int = 0) -> Iterator[str]:
    """Yield what is dangerous in a file, and in the files that are packed in it."""
    if depth > _DEEPEST:
        yield "archives within archives"
        return
    for unpacked in _unpacked(content):
        if unpacked is None:
            yield "cannot be unpacked"
        else:
            yield from _within(unpacked, depth + 1)
    if zipfile.is_zipfile(io.BytesIO(content)):
        yield from _members(content, depth)
    if content.startswith(_LZ4):
        yield "cannot be unpacked"
    followed = _follow(content)
    yield from followed.remarks
    yield from _judged(followed.names)


def _unpacked(content: bytes) -> Iterator[bytes | None]:
    """Yield what a compressed file holds, as far as it can be unpacked; None for more than anybody would load."""
    for magic, make in _UNPACKERS.items():
        if content.startswith(magic):
            held, rest = bytearray(), content
            while rest:
                unpacker = make()
                try:
                    held += unpacker.decompress(rest, _MOST + 1 - len(held))
                except (zlib.error, lzma.LZMAError, OSError, EOFError):
                    break
                rest = unpacker.unused_data
            if len(held) > _MOST:
                yield None
            elif held:
                yield bytes(held)


def _members(content: bytes, depth: int) -> Iterator[str]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:  # it only ends like one
        return
    with archive:
        for one in archive.infolist():
            if one.file_size > _MOST:
                yield f"{one.filename} cannot be unpacked"
                continue
            try:
                inside = archive.read(one)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
                yield f"{one.filename} cannot be unpacked"
                continue
            yield from _within(inside, depth + 1)


def _judged(names: set[Name]) -> Iterator[str]:
    """Yield the names that the library knows as dangerous, and a few more."""
    from picklescan.scanner import SafetyLevel, scan_pickle_bytes

    logging.getLogger("picklescan").setLevel(logging.CRITICAL)
    for module, name in names - _ORDINARY:
        if "\n" in f"{module}{name}":
            yield f"{module}.{name}".replace("\n", " ")
            continue
        asked = scan_pickle_bytes(io.BytesIO(f"c{module}\n{name}\n.".encode()), "")
        known = any(one.safety == SafetyLevel.Dangerous for one in asked.globals)
        if known or name == "__import__" or module.partition(".")[0] in _IMPORTERS:
            yield f"{module}.{name}"


class _Thing:
    """What stands for whatever a pickle would make: it takes everything, and does nothing."""

    def __init__(
        self, name: Name | None = None, made_by: "_Thing | None" = None, arguments: Iterable[Any] = ()
    ) -> None:
        self.name = name  # of what is imported
        self.maker = made_by.name if made_by else None
        self.arguments = tuple(arguments)
        self.state: Any = None

    def append(self, *_: object) -> None:
        """Take an item, as a list or a set or a mapping does."""

    extend = add = __setitem__ = append


_Machine: Any = pickle._Unpickler  # noqa: SLF001 - in Python: the one in C stays as it is


class _Followed(_Machine):  # type: ignore[misc] # no type information published
    """The pickle machine, where names are noted instead of imported, and nothing is called."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, encoding="latin1")
        self.stream = stream
        self.names: set[Name] = set()
        self.remarks: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as pickle has it
        """Note a name."""
        self.names.add((str(module), str(name)))
        return _Thing((str(module), str(name)))

    def persistent_load(self, pid: object) -> Any:  # noqa: ANN401, ARG002 - as pickle has it
        """Return what stands for something that is kept elsewhere."""
        return _Thing()

    def _call(self, callee: Any, arguments: Any) -> None:  # noqa: ANN401 - whatever is on the stack
        given = arguments if isinstance(arguments, list | tuple) else ()
        thing = callee if isinstance(callee, _Thing) else _Thing()
        if (thing.name is None and thing.maker not in _KINDS) or _hands_over(thing, given):
            self.remarks.add("calls what it brings along")
        self.append(_Thing(made_by=thing, arguments=given))

    def _reduce(self) -> None:
        arguments, callee = self.stack.pop(), self.stack.pop()
        self._call(callee, arguments)

    def _new(self) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        self.append(_Thing(made_by=kind if isinstance(kind, _Thing) else None, arguments=arguments))

    def _new_with_keywords(self) -> None:
        self.stack.pop()
        self._new()

    def _object(self) -> None:
        callee, *arguments = self.pop_mark()
        self._call(callee, arguments)

    def _instance(self) -> None:
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))
        self._call(self.find_class(module, name), self.pop_mark())

    def _build(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if isinstance(made, _Thing):
            made.state = state
            if made.maker == _JOBLIB_ARRAY:
                self._pass_array(state)

    def _pass_array(self, state: dict[str, Any]) -> None:
        """Pass over the values that joblib writes into the midst of a pickle, after what describes them."""
        import numpy as np

        if _has_objects(state["dtype"]):
            inside = _Followed(self.stream)
            inside.names, inside.remarks = self.names, self.remarks
            inside.load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.read(self.stream.read(1)[0])
        count = int(np.prod(state["shape"], dtype=object))
        self.stream.read(count * _item_size(state["dtype"]))

    dispatch = {  # noqa: RUF012 - as pickle has it
        **_Machine.dispatch,
        pickle.REDUCE[0]: _reduce,
        pickle.NEWOBJ[0]: _new,
        pickle.NEWOBJ_EX[0]: _new_with_keywords,
        pickle.OBJ[0]: _object,
        pickle.INST[0]: _instance,
        pickle.BUILD[0]: _build,
    }


def _follow(content: bytes) -> _Followed:
    """Return what the pickles in a file ask for, as far as a loader would come; nothing where it holds none."""
    stream = io.BytesIO(content)
    machine = _Followed(stream)
    if content.startswith(_NUMPY):
        wide = content[6:7] > b"\x01"
        start = 12 if wide else 10
        end = start + int.from_bytes(content[8:start], "little")
        if b"O" not in content[start:end]:  # numbers, and no objects
            return machine
        stream.seek(end)
    begins = content[stream.tell() : stream.tell() + 1] == pickle.PROTO
    try:
        while stream.tell() < len(content):
            machine.load()
            begins = False  # what stands behind the first may be anything
    except Exception:  # noqa: BLE001 - whatever stops this machine stops a real one at the same place
        if begins and machine.names:
            machine.remarks.add("cannot be read to its end")
    return machine


def _hands_over(callee: _Thing, arguments: Iterable[Any]) -> bool:
    """Say whether a function that the pickle brings along is given to one that would call it, such as `map`."""
    module, name = callee.name or ("", "")
    return (
        module in {"builtins", "__builtin__", "itertools", "functools", "_functools"}
        and name not in _HOLDERS
        and any(isinstance(one, _Thing) and one.maker in _ORDINARY for one in arguments)
    )


def _has_objects(dtype: _Thing) -> bool:
    """Say whether an array of this NumPy type holds objects, which then stand as a pickle of their own."""
    state = dtype.state if isinstance(dtype.state, tuple) else ()
    fields = state[4] if len(state) > 4 and isinstance(state[4], dict) else {}  # noqa: PLR2004 - as NumPy writes it
    parts = [one[0] for one in fields.values()]
    flagged = len(state) > 7 and bool(state[7] & 1)  # noqa: PLR2004 - objects are counted references
    return flagged or str(dtype.arguments[0]).startswith("O") or any(_has_objects(one) for one in parts)


def _item_size(dtype: _Thing) -> int:
    """Return how many bytes one value of a NumPy type has; for texts and records its state says so."""
    import numpy as np

    state = dtype.state if isinstance(dtype.state, tuple) else ()
    said = state[5] if len(state) > 5 else -1  # noqa: PLR2004 - as NumPy writes it
    return int(said) if said > 0 else np.dtype(str(dtype.arguments[0])).itemsize


def main() -> None:
    """Write what is dangerous in the folder that is named, as JSON, or why it cannot be read."""
    try:
        answer: dict[str, object] = {"dangerous": dangerous(Path(sys.argv[1]))}
    except NothingToJudge as problem:
        answer = {"unreadable": str(problem)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
