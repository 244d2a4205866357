"""Keeps the chosen problem's files, pins the workflows to the template's own commit, and records where all came from."""

import json
import os
import shutil
import subprocess
from pathlib import Path

# cruft names the commit that it generates from, and no folder; cookiecutter names the folder, and no commit.
COMMIT = {{ cookiecutter._commit | default("") | tojson }}
REPOSITORY = {{ cookiecutter._repo_dir | default("") | tojson }}
TEMPLATE = {{ cookiecutter._template | default("") | tojson }}
PLACEHOLDER = "0" * 40
OURS = "mlops-ci/mlops-ci"
DIRECTORY = "templates/model-service"
PROBLEM = {{ cookiecutter.problem | tojson }}
CONTEXT = {
    "problem": PROBLEM,
    "project_name": {{ cookiecutter.project_name | tojson }},
    "project_slug": {{ cookiecutter.project_slug | tojson }},
    "package": {{ cookiecutter.package | tojson }},
    "owner": {{ cookiecutter.owner | tojson }},
}


def choose() -> None:
    """Move the files of the chosen problem to where they belong, and remove those of the others."""
    shutil.copytree(Path("problem") / PROBLEM, ".", dirs_exist_ok=True)
    shutil.rmtree("problem")


def git(folder: str | Path, *words: str) -> str | None:
    """Return what git says about a folder, None where it knows nothing of it or is not here."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def template_commit() -> str | None:
    """Return the commit of the template's checkout, or None outside of git."""
    if COMMIT:
        return COMMIT
    # A template named by a relative path was found from where cookiecutter was called, not from here.
    checkout = Path(os.environ.get("PWD", "")) / REPOSITORY
    return git(checkout, "rev-parse", "HEAD") if (checkout / "cookiecutter.json").is_file() else None


def source() -> str:
    """Return where the whole repository of the template is, as git clones it from any folder."""
    if COMMIT:  # cruft keeps a record of its own
        return TEMPLATE
    root = TEMPLATE.removesuffix("/" + DIRECTORY)
    here = Path(os.environ.get("PWD", "")) / root
    if root == TEMPLATE and here.is_dir():
        return str(here.resolve())
    # The root menu names a folder of a clone, `gh:` is cookiecutter's word: the clone knows its origin.
    clone = REPOSITORY if root == TEMPLATE else here
    return git(clone, "remote", "get-url", "origin") or str(root)


def pin(commit: str) -> None:
    """Replace the placeholder behind each of our actions, and where the README installs mlops-ci."""
    for file in [*Path(".github/workflows").glob("*.yml"), Path("README.md")]:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        pinned = [line.replace(PLACEHOLDER, commit) if OURS in line else line for line in lines]
        file.write_text("".join(pinned), encoding="utf-8")


def record(commit: str | None) -> None:
    """Write the file by which `cruft update` finds this repository's template."""
    content = {
        "template": source(),
        "commit": commit,
        "checkout": None,
        "context": {"cookiecutter": CONTEXT},
        "directory": DIRECTORY,
    }
    Path(".cruft.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


choose()
commit = template_commit()
record(commit)
if commit is None:
    print(f"The template is no git checkout: replace {PLACEHOLDER} in .github/workflows/ and README.md by a commit of mlops-ci.")
else:
    pin(commit)
