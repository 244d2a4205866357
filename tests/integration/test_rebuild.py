"""A champion that no registry has is made anew from its commit, and known again by its bytes or by its answers."""

import shutil
import subprocess
from pathlib import Path

import pytest

from builders import git, git_repository
from integration.released import Scene
from mlops_ci.evidence import digest_model
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.rollout import rebuild
from mlops_ci.tools.git import Git

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MODELS = ".mlops-ci/run/models"  # the path that the workflows keep
TIME = 'Path("models/current/made.txt").write_text(str(__import__("time").time_ns()))'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a repository whose model has other bytes each time it is trained, released once in `rehearsal`."""
    workshop = Workshop(tmp_path_factory.mktemp("rebuild"))
    workshop.bake()
    train = workshop.root / "src/flight_delay/train.py"
    text = train.read_text()
    assert text.rstrip().endswith("main()")
    train.write_text(text.rstrip() + f"\n    {TIME}\n")
    workshop.train("first")
    for command in ("gate-model", "register-model"):
        ran = workshop.step(command)
        assert ran.exit_code == 0, ran.report
    assert workshop.step("champion").report == {"digest": "", "version": "", "commit": ""}
    Scene(workshop, "rehearsal").release("1")
    Scene(workshop, "rehearsal").stop()
    shutil.copytree(workshop.root / MODELS, workshop.folder / "cache")  # what the release workflow keeps
    for name in ("mlflow.db", "mlartifacts"):  # what a runner takes with it
        path = workshop.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (workshop.root / ".mlops-ci", workshop.root / ".dvc/cache", workshop.folder / "dvc-remote"):
        shutil.rmtree(path)
    workshop.edit("params.yaml", "months: [1, 2, 3]", "months: [2, 3]")
    workshop.train("second")
    shutil.rmtree(workshop.folder / "dvc-remote")
    return workshop


def test_what_a_cache_brings_is_the_champion_if_its_bytes_are_and_is_not_made_anew(made: Workshop) -> None:
    champion = Scene(made, "rehearsal").recorded()["champion"]
    recorded = champion["model_digest"]
    said = made.step("champion").report
    assert said == {"digest": recorded, "version": "1", "commit": champion["commit"]}, "the key of the cache"
    kept = made.root / MODELS / recorded.removeprefix("sha256:")
    shutil.copytree(made.folder / "cache", made.root / MODELS)
    (kept / "__pycache__").mkdir()  # Python would run it, and the digest does not cover it
    (kept / "__pycache__/skops.pyc").write_bytes(b"poisoned")
    (kept / "elsewhere").symlink_to(made.folder)
    ran = made.step("gate-model")
    assert "MCI-GATE-003" not in {one["code"] for one in ran.report["findings"]}
    assert ran.report["inputs"]["champion"] == recorded, "made anew it would have other bytes"
    assert not (kept / "__pycache__").exists()
    assert not (kept / "elsewhere").is_symlink()


def test_other_bytes_with_the_same_answers_are_the_champion_and_a_changed_one_out_of_a_cache_is_not(
    made: Workshop,
) -> None:
    shutil.copytree(made.folder / "cache", made.root / MODELS, dirs_exist_ok=True)
    for one in (made.root / MODELS).glob("*/MLmodel"):
        one.write_text(one.read_text() + "poisoned: true\n")
    ran = made.step("gate-model")
    assert ran.exit_code in {0, 10, 11}, ran.report
    assert "MCI-GATE-003" not in {one["code"] for one in ran.report["findings"]}
    recorded = Scene(made, "rehearsal").recorded()["champion"]["model_digest"]
    assert ran.report["inputs"]["champion"] != recorded, "its bytes are others"
    kept = made.root / ".mlops-ci/run/alike" / recorded.removeprefix("sha256:")
    assert digest_model(kept) == ran.report["inputs"]["champion"]
    assert "poisoned" not in (kept / "MLmodel").read_text()
    assert not list((made.root / MODELS).glob("*")), "only what has the recorded bytes is kept for other runs"
    again = made.step("gate-model")
    assert again.report["inputs"]["champion"] == ran.report["inputs"]["champion"], "it is made once"


def test_other_answers_are_another_model(made: Workshop) -> None:
    shutil.rmtree(made.root / ".mlops-ci/run")
    origin = made.folder / "origin.git"
    digest = Scene(made, "rehearsal").recorded()["champion"]["model_digest"]
    place = f"predictions/{digest.removeprefix('sha256:')}.json"
    clone = made.folder / "state"
    called = ("git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", "clone", "--quiet", "--branch", "mlops-ci/state", origin, clone], check=True)
    text = (clone / place).read_text()
    assert '"scores": [0.' in text
    (clone / place).write_text(text.replace('"scores": [0.', '"scores": [0.9', 1))
    subprocess.run([*called, "commit", "--quiet", "--all", "--message", "another"], check=True)
    subprocess.run([*called, "push", "--quiet"], check=True)
    ran = made.step("gate-model")
    assert ran.exit_code == 5
    assert "answers 1 of 1000 golden rows otherwise" in ran.report["error"]
    assert not list((made.root / ".mlops-ci/run").glob("*/*/MLmodel")), "nothing of it is kept"


def test_a_champion_that_a_commit_brings_was_not_made_here(tmp_path: Path) -> None:
    root = git_repository(tmp_path)
    place = root / ".mlops-ci/run/alike" / ("a" * 64)
    place.mkdir(parents=True)
    (place / "MLmodel").write_text("flavors: {}\n")
    known = place.with_suffix(".txt")
    known.write_text(digest_model(place))
    assert rebuild._made_before(place, known, Git(root))
    git(root, "add", "--force", ".mlops-ci/run/alike")
    assert not rebuild._made_before(place, known, Git(root))
    git(root, "reset", "--quiet")
    (place / "MLmodel").write_text("flavors: {another: {}}\n")
    assert not rebuild._made_before(place, known, Git(root))
