import bz2
import functools
import gzip
import importlib
import io
import lzma
import operator
import os
import pickle
import pickletools
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped] # it publishes no types
import joblib  # type: ignore[import-untyped] # it publishes no types
import numpy as np
import pytest

from mlops_ci.tools.picklescan import dangerous


class Runs:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


SYSTEM = Runs(os.system, "echo pwned")
PAYLOAD = pickle.dumps(SYSTEM)


def said(folder: Path, name: str, content: bytes) -> tuple[str, ...]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return dangerous(folder)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (SYSTEM, "posix.system"),
        (Runs(eval, "1 + 1"), "eval"),
        (Runs(exec, "x = 1"), "exec"),
        (Runs(subprocess.check_output, ["true"]), ".check_output"),
        (Runs(getattr, "x", "upper"), "getattr"),
    ],
)
def test_a_pickle_that_runs_code_is_named_whatever_its_protocol(
    tmp_path: Path, payload: Runs, name: str, protocol: int
) -> None:
    (found,) = said(tmp_path, "model.pkl", pickle.dumps([1, payload], protocol))
    assert found.startswith("model.pkl: ")
    assert found.endswith(name)


def test_old_spellings_are_named(tmp_path: Path) -> None:
    assert said(tmp_path, "model.pkl", b"cos\nsystem\n(S'true'\ntR.") == ("model.pkl: os.system",)


@pytest.mark.parametrize("name", ["model.pkl", "weights", "code/util.py", "artifacts/a/b.dat", "model.bin", "x.npy"])
def test_the_name_of_a_file_hides_nothing(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, name, PAYLOAD)


def zipped(content: bytes, name: str = "data.pkl") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        zlib.compress,
        bz2.compress,
        lzma.compress,
        lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE),
        zipped,
        lambda raw: zipped(raw, "data"),
        lambda raw: zipped(zipped(raw)),
        lambda raw: zipped(gzip.compress(raw)),
        lambda raw: gzip.compress(raw[:9]) + gzip.compress(raw[9:]),
    ],
)
def test_packing_hides_nothing(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert said(tmp_path, "model.joblib", pack(PAYLOAD)) == ("model.joblib: posix.system",)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_arrays_of_joblib_hide_nothing(tmp_path: Path, compress: Any, order: list[int]) -> None:  # noqa: ANN401
    content = [np.arange(10_000), SYSTEM]
    joblib.dump([content[one] for one in order], tmp_path / "model.joblib", compress=compress)
    assert dangerous(tmp_path) == ("model.joblib: posix.system",)


def test_a_pickle_that_breaks_off_after_its_call_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, "model.pkl", PAYLOAD[:-1] + b"\xff\xff")
    assert found == ("model.pkl: cannot be read to its end", "model.pkl: posix.system")


def test_an_archive_in_too_many_archives_is_named(tmp_path: Path) -> None:
    content = PAYLOAD
    for _ in range(6):
        content = zipped(content)
    assert said(tmp_path, "model.zip", content) == ("model.zip: archives within archives",)


def test_data_and_text_are_not_dangerous(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "conda.yaml").write_text("channels:\n- defaults\ndependencies:\n- python=3.11\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/train.py").write_text("import os\nimport subprocess\nos.system('true')\n")
    (tmp_path / "weights.bin").write_bytes(os.urandom(4096))
    (tmp_path / "empty").touch()
    np.save(tmp_path / "a.npy", np.arange(5))
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(5))
    joblib.dump({"a": np.arange(1000.0), "names": np.array(["os", "system"], object)}, tmp_path / "a.joblib")
    joblib.dump({"a": np.arange(1000.0)}, tmp_path / "b.joblib", compress=3)
    assert dangerous(tmp_path) == ()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (Runs(lambda: os.system("true")), "calls what it brings along"),  # noqa: S605 - never run
        (Runs(functools.partial(lambda: None)), "calls what it brings along"),
        (Runs(map, lambda word: word, ["a"]), "calls what it brings along"),
        (Runs(operator.attrgetter, "system"), "operator.attrgetter"),
        (Runs(importlib.import_module, "os"), "importlib.import_module"),
        (Runs(__import__, "os"), "builtins.__import__"),
    ],
)
def test_a_function_that_is_brought_along_and_called_is_named(tmp_path: Path, call: Runs, name: str) -> None:
    assert f"model.pkl: {name}" in said(tmp_path, "model.pkl", cloudpickle.dumps({"weights": [1], "x": call}))


def test_a_function_that_is_only_kept_is_not_dangerous(tmp_path: Path) -> None:
    kept = {"f": lambda word: os.fspath(word) + "x", "g": functools.partial(sorted, key=lambda word: word)}
    assert said(tmp_path, "model.pkl", cloudpickle.dumps(kept)) == ()


def test_a_name_that_was_written_before_an_array_hides_nothing(tmp_path: Path) -> None:
    stream = io.BytesIO()
    joblib.dump({"a": "posix", "b": "system", "c": np.arange(16.0)}, stream)
    memo, last = dict[object, int](), None
    for operation, argument, _ in pickletools.genops(stream.getvalue()):
        if operation.name == "MEMOIZE":
            memo[last] = len(memo)
        if "system" in memo:
            break
        last = argument
    call = b"h%ch%c\x93\x8c\x04true\x85R." % (memo["posix"], memo["system"])
    assert said(tmp_path, "model.joblib", stream.getvalue()[:-1] + call) == ("model.joblib: posix.system",)


def test_records_and_texts_of_joblib_hide_nothing(tmp_path: Path) -> None:
    records = np.zeros(7, [("left", "<i8"), ("value", "<f4"), ("word", "U5")])
    objects = np.array([(1, SYSTEM)], [("n", "i4"), ("x", "O")])
    for content in ([records, np.array(["abc", "d"]), SYSTEM], [objects], [objects, records, SYSTEM]):
        joblib.dump(content, tmp_path / "model.joblib")
        assert dangerous(tmp_path) == ("model.joblib: posix.system",)
    joblib.dump([records, np.array(["abc", "d"])], tmp_path / "model.joblib")
    assert dangerous(tmp_path) == ()


@pytest.mark.parametrize("head", [b"\x93", b"\x80\x04", b"\x93NUMPY", b"PK\x03\x04", b"\x1f\x8b", b"x", b"c", b"\x95"])
def test_weights_that_begin_like_something_else_are_not_dangerous(tmp_path: Path, head: bytes) -> None:
    weights = np.random.default_rng(1).bytes(2048)
    assert said(tmp_path, "weights", head + weights) == ()


def test_objects_of_numpy_hide_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([SYSTEM, 1], object))
    assert dangerous(tmp_path) == ("a.npy: posix.system",)
    np.savez(tmp_path / "a.npy", a=np.arange(3), b=np.array([SYSTEM], object))
    assert "a.npy.npz: posix.system" in dangerous(tmp_path)


def test_several_pickles_and_what_stands_before_an_archive_hide_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, "model.pt", pickle.dumps(1) + pickle.dumps([2]) + PAYLOAD + b"raw") == (
        "model.pt: posix.system",
    )
    assert said(tmp_path, "model.pt", b"before" + zipped(PAYLOAD)) == ("model.pt: posix.system",)
