"""`update` with the real cookiecutter and cruft: whichever way a repository was made, edits stay and news arrive."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from builders import PROGRAMS, Ended, commit_all, git, mlops_ci
from integration import scanning
from mlops_ci.security import programs

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
FILES = "templates/model-service/{{cookiecutter.project_slug}}"
WAYS = ("menu", "directory", "cruft")
WORKFLOW = ".github/workflows/pull-request.yml"


def history() -> list[str]:
    """Return every released version of the template, and what is checked out."""
    tags = git(ROOT, "tag", "--list", "v*").split()
    return [*tags, "HEAD"]


@pytest.fixture(scope="session")
def cruft() -> str:
    return programs.install("cruft", scanning.FOLDER).path


@pytest.fixture(scope="module", params=history())
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template as it was at a version; `HEAD` is as it stands in the work tree."""
    root = tmp_path_factory.mktemp("template") / "origin"
    root.mkdir()
    if request.param == "HEAD":
        shutil.copytree(ROOT / "templates", root / "templates")
        shutil.copy(ROOT / "cookiecutter.json", root)
    else:
        archive = ["git", "-C", str(ROOT), "archive", request.param, "templates", "cookiecutter.json"]
        packed = subprocess.run(archive, check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", str(root)], input=packed.stdout, check=True)
    begin(root)
    return root


def begin(root: Path) -> None:
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Someone")
    git(root, "config", "user.email", "someone@example.org")
    commit_all(root)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, file
    file.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def made(template: Path, cruft: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a repository for each way, edited by a user; and move the template on."""
    found = {way: generate(way, template, cruft, tmp_path_factory.mktemp(way)) for way in WAYS}
    for way, root in found.items():
        if way == "cruft":  # git never sees the line as the template had it
            edit(root / "params.yaml", "months:", "# ours\n  months:")
        begin(root)
        edit(root / "README.md", "# Flight delay", "# Flight delay, as we know it")
        if way != "cruft":
            edit(root / "params.yaml", "months:", "# ours\n  months:")
        (root / "docs/runbook.md").unlink()
        commit_all(root)
    inside = template / FILES
    edit(inside / WORKFLOW, "timeout-minutes: 15", "timeout-minutes: 16")
    edit(inside / "params.yaml", "months:", "# theirs\n  months:")
    edit(inside / "docs/runbook.md", "# ", "# New: ")
    edit(inside / "problem/binary/docs/data-dictionary.md", "# ", "# New: ")
    (inside / "docs/news.md").write_text("News.\n")
    commit_all(template)
    return found


def generate(way: str, template: Path, cruft: str, folder: Path) -> Path:
    config = folder / "config.yaml"
    config.write_text(f"cookiecutters_dir: {folder}/templates\nreplay_dir: {folder}/replay\n")
    where = ["--no-input", "--output-dir", str(folder / "out"), "--config-file", str(config)]
    inside = ["--directory", "templates/model-service"]
    argv = {
        "menu": [str(PROGRAMS / "cookiecutter"), f"git+file://{template}", *where],
        "directory": [str(PROGRAMS / "cookiecutter"), f"git+file://{template}", *where, *inside],
        "cruft": [cruft, "create", f"file://{template}", *where, *inside],
    }[way]
    (folder / "out").mkdir()
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(argv, check=True, env=env, capture_output=True)
    (root,) = (folder / "out").iterdir()
    return root


def update(root: Path, *words: str) -> Ended:
    return mlops_ci(root, "update", *words, env={"MLOPS_CI_SCAN__TOOLS": str(scanning.FOLDER)})


@pytest.mark.parametrize("way", WAYS)
def test_edits_stay_news_arrive_and_conflicts_are_named(way: str, made: dict[str, Path], template: Path) -> None:
    root = made[way]
    assert update(root, "--check").code == 10
    assert git(root, "status", "--porcelain") == "", "a look changes nothing"
    ended = update(root, "--format", "json")
    assert ended.code == 10, ended.stderr
    said = json.loads(ended.stdout)
    (conflict,) = said["conflicts"]
    assert conflict == ("params.yaml.rej" if way == "cruft" else "params.yaml")
    assert f"conflict: {conflict}" in ended.stderr
    new = git(template, "rev-parse", "HEAD")
    assert said["after"] == new
    workflow = (root / WORKFLOW).read_text()
    assert "timeout-minutes: 16" in workflow
    assert f"actions/verdict@{new}" in workflow, "the pins move with the template"
    assert said["before"] not in workflow
    assert (root / "docs/news.md").read_text() == "News.\n"
    assert (root / "docs/data-dictionary.md").read_text().startswith("# New: "), "which the hook has moved"
    assert (root / "README.md").read_text().startswith("# Flight delay, as we know it")
    assert "# ours" in (root / "params.yaml").read_text()
    assert not (root / "docs/runbook.md").exists(), "what was deleted stays deleted"
    refused = update(root)
    assert refused.code == 2, refused.stderr
    assert "Commit or stash" in refused.stderr
    (root / "params.yaml.rej").unlink(missing_ok=True)
    commit_all(root)
    assert update(root, "--check").code == 0
    if way == "menu":
        follow_up(root)


def follow_up(root: Path) -> None:
    """Go back to the version before, and forward once more: the record that cruft wrote is read, too."""
    record = json.loads((root / ".cruft.json").read_text())
    assert record["directory"] == "templates/model-service"
    assert "Up to date" in update(root).stderr
    done = update(root, "--to", f"{record['commit']}~1", "--format", "json")
    assert "docs/news.md" in json.loads(done.stdout)["changed"], done.stderr
    assert ".cruft.json" not in json.loads(done.stdout)["conflicts"]


def test_a_repository_without_a_record_is_told(tmp_path: Path, cruft: str) -> None:
    begin_in = tmp_path / "plain"
    begin_in.mkdir()
    (begin_in / "README.md").write_text("# Plain\n")
    begin(begin_in)
    ended = update(begin_in)
    assert ended.code == 2, ended.stderr
    assert ".cruft.json" in ended.stderr
