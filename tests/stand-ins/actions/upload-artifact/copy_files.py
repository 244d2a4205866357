"""Copy what an artifact holds into the folder that stands for GitHub's storage, by the original's rules."""

import glob
import hashlib
import os
import shutil
import sys
from pathlib import Path


def chosen(pattern: str, *, hidden: bool) -> dict[Path, Path]:
    """Return path in the artifact → file; a folder counts from itself, a hidden file only when asked for."""
    found: dict[Path, Path] = {}
    for name in glob.glob(pattern.rstrip("/"), recursive=True, include_hidden=hidden):  # noqa: PTH207 - as given
        top = Path(name)
        base = top if top.is_dir() else top.parent
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        shown = [path for path in files if path.is_file()]
        # The original looks at names from the searched folder's own downward, not at those above it.
        found |= {path.relative_to(base): path for path in shown if hidden or not is_hidden(path, top.parent)}
    return found


def is_hidden(path: Path, start: Path) -> bool:
    """Return whether the file, or a folder above it up to `start`, is hidden."""
    return any(part.startswith(".") for part in path.relative_to(start).parts)


def main() -> None:
    """Copy; a name taken before is an error unless it may be replaced."""
    target = Path(os.environ["STAND_IN_ARTIFACTS"]) / os.environ["INPUT_NAME"]
    files = chosen(os.environ["INPUT_PATH"], hidden=os.environ["INPUT_HIDDEN"] == "true")
    if not files:
        print("No files were found with the provided path.", file=sys.stderr)  # noqa: T201 - the job's log
        sys.exit(1 if os.environ["INPUT_NO_FILES"] == "error" else 0)
    if target.exists():
        if os.environ["INPUT_OVERWRITE"] != "true":
            sys.exit(f"An artifact with the name {target.name} already exists.")
        shutil.rmtree(target)
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        digest.update(path.read_bytes())
    outputs = {"artifact-id": "1", "artifact-url": target.as_uri(), "artifact-digest": digest.hexdigest()}
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in outputs.items())


if __name__ == "__main__":
    main()
