import zipfile
from pathlib import Path

import pytest

from mlops_ci.errors import NothingToJudge
from mlops_ci.evidence import digest_file, digest_files, digest_model, is_model

MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
mlflow_version: 3.4.0
model_id: m-1
model_size_bytes: 100
model_uuid: 11
run_id: r1
utc_time_created: '2026-01-01 00:00:00'
"""


def model(folder: Path, mlmodel: str = MLMODEL, *, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(mlmodel)
    (folder / "model.skops").write_bytes(weights)
    (folder / "requirements.txt").write_text("scikit-learn==1.6\n")
    return folder


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("model_id: m-1", "model_id: m-2"),
        ("model_uuid: 11", "model_uuid: 22"),
        ("run_id: r1", "run_id: r2"),
        ("2026-01-01", "2027-01-01"),
        ("artifact_path: model", "artifact_path: elsewhere"),
        ("model_size_bytes: 100", "model_size_bytes: 101"),
    ],
)
def test_ids_runs_and_times_do_not_change_a_model(tmp_path: Path, before: str, after: str) -> None:
    changed = model(tmp_path / "b", MLMODEL.replace(before, after))
    assert digest_model(model(tmp_path / "a")) == digest_model(changed)


def test_what_the_registry_adds_does_not_change_a_model(tmp_path: Path) -> None:
    one, other = model(tmp_path / "a"), model(tmp_path / "b")
    (other / "registered_model_meta").write_text("model_name: x")
    (other / "__pycache__").mkdir()
    (other / "__pycache__/a.pyc").write_bytes(b"compiled")
    assert digest_model(one) == digest_model(other)


def test_anything_else_changes_it(tmp_path: Path) -> None:
    digests = [digest_model(model(tmp_path / "a"))]
    digests.append(digest_model(model(tmp_path / "weights", weights=b"Weights")))
    digests.append(digest_model(model(tmp_path / "loader", MLMODEL.replace("mlflow.sklearn", "mlflow.evil"))))
    digests.append(digest_model(model(tmp_path / "version", MLMODEL.replace("3.4.0", "3.5.0"))))
    more = model(tmp_path / "more")
    (more / "code").mkdir()
    (more / "code/run_id").write_text("run_id: r1")
    digests.append(digest_model(more))
    (more / "code/run_id").write_text("run_id: r2")
    digests.append(digest_model(more))
    renamed = model(tmp_path / "renamed")
    (renamed / "model.skops").rename(renamed / "model.pkl")
    digests.append(digest_model(renamed))
    assert len(set(digests)) == len(digests)


def archive(path: Path, *, year: int, content: bytes = b"x") -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(zipfile.ZipInfo("inside", (year, 1, 1, 0, 0, 0)), content)


def test_archives_count_by_their_members_not_by_their_time_stamps(tmp_path: Path) -> None:
    digests = []
    for name, year, content in (("a", 2020, b"x"), ("b", 2021, b"x"), ("c", 2020, b"y")):
        archive(model(tmp_path / name) / "model.skops", year=year, content=content)
        digests.append(digest_model(tmp_path / name))
    assert digests[0] == digests[1] != digests[2]


def test_two_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    digests = []
    for name, contents in (("a", (b"good", b"evil")), ("b", (b"evil", b"evil"))):
        path = model(tmp_path / name) / "model.skops"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(zipfile.ZipInfo("inside", (2020, 1, 1, 0, 0, 0)), contents[0])
            with pytest.warns(UserWarning, match="Duplicate name"):
                packed.writestr(zipfile.ZipInfo("inside", (2020, 1, 1, 0, 0, 0)), contents[1])
        digests.append(digest_model(tmp_path / name))
    assert digests[0] != digests[1]


def test_what_stands_before_an_archive_counts_too(tmp_path: Path) -> None:
    digests = []
    for name, before in (("a", b"pickle of ours"), ("b", b"pickle of theirs")):
        path = model(tmp_path / name) / "model.skops"
        archive(path, year=2020)
        path.write_bytes(before + path.read_bytes())
        digests.append(digest_model(tmp_path / name))
    assert digests[0] != digests[1]


def test_a_folder_without_a_model_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="no MLmodel"):
        digest_model(tmp_path)
    with pytest.raises(NothingToJudge, match="cannot be read"):
        digest_file(tmp_path / "none")


def test_the_digest_of_files_does_not_depend_on_their_order(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    pairs = [(name, tmp_path / name) for name in "ab"]
    assert digest_files(pairs) == digest_files(reversed(pairs))
    assert digest_files(pairs) != digest_files([("b", tmp_path / "a"), ("a", tmp_path / "b")])


def test_what_somebody_else_filled_is_a_model_by_its_digest_and_loses_what_that_does_not_cover(tmp_path: Path) -> None:
    one = model(tmp_path / "one")
    digest = digest_model(one)
    (one / "code/__pycache__/deep").mkdir(parents=True)
    (one / "code/__pycache__/deep/x.pyc").write_bytes(b"evil")
    (one / "numpy").symlink_to(tmp_path)
    (one / "link").symlink_to(one / "MLmodel")
    assert is_model(one, digest)
    assert sorted(path.name for path in one.rglob("*")) == ["MLmodel", "code", "model.skops", "requirements.txt"]
    assert not is_model(one, f"sha256:{0:064}")
    (tmp_path / "two").symlink_to(one)
    assert not is_model(tmp_path / "two", digest), "a link may point elsewhere later"
    assert not is_model(tmp_path / "nowhere", digest)
    (one / "code/x.py").write_text("")
    assert not is_model(one, digest)
